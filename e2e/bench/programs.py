"""Large circuits, sweeps, many circuits and shards: QuantumJobs against the same library calls in a bare Job."""

import asyncio
import json
from typing import Any

from tests.physics.public_circuits import PublicCircuit, quantum_volume

from e2e.bench import measure, workloads
from e2e.bench.statistics import percentile
from e2e.cluster.steps import say
from e2e.signing import Signer
from qee.api.names import API_VERSION, KIND_BACKEND, KIND_JOB, RESULT_KEY, RESULT_KEY_GZIP
from qee.cli.cluster.stored import unpacked
from qee.kube.client import KubeClient
from qee.kube.port import Object
from qee.kube.resources import CHILDREN, CONFIG_MAPS, JOBS, PODS

POINTS = 1000
CIRCUITS = 300
SHARDS = 4
QUBITS = 20
ONE_CORE = {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}

ANSATZ = """OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta;
qubit[4] q;
bit[4] c;
ry(theta) q[0];
cx q[0], q[1];
ry(theta) q[2];
cx q[2], q[3];
cx q[1], q[2];
c = measure q;
"""

_USAGE = """
import json, resource, time
from qiskit import qasm3, transpile
from qiskit_aer import AerSimulator
backend = AerSimulator(seed_simulator=7)
{body}
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({{"cpu_s": usage.ru_utime + usage.ru_stime, "simulation_s": simulation}}))
"""
_LARGE = """
circuit = transpile(qasm3.loads({source!r}), backend, optimization_level=0)
begin = time.perf_counter()
backend.run(circuit, shots=1000).result().get_counts()
simulation = time.perf_counter() - begin
"""
_SWEEP = """
circuit = transpile(qasm3.loads({source!r}), backend, optimization_level=0)
begin = time.perf_counter()
for step in range({points}):
    bound = circuit.assign_parameters([step / {points}])
    backend.run(bound, shots=100).result().get_counts()
simulation = time.perf_counter() - begin
"""
_MANY = """
begin = time.perf_counter()
for source in {sources!r}:
    circuit = transpile(qasm3.loads(source), backend, optimization_level=0)
    backend.run(circuit, shots=100).result().get_counts()
simulation = time.perf_counter() - begin
"""


def large() -> str:
    return PublicCircuit("qv", QUBITS, tuple(quantum_volume(QUBITS, 1))).openqasm3


def small(number: int) -> str:
    return PublicCircuit("qv", 4, tuple(quantum_volume(4, number)[:4])).openqasm3


def job(name: str, namespace: str, circuits: list[Object], **spec: Any) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND_JOB,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "backendRef": {"kind": KIND_BACKEND, "name": "aer"},
            "seed": 7,
            "shots": 100,
            "resources": workloads.RESOURCES,
            **spec,
            "circuits": circuits,
        },
    }


def circuit(name: str, source: str, **more: Any) -> Object:
    return {"name": name, "format": "openqasm3", "source": source, **more}


class Programs:
    """Each method's figures go under `programs`."""

    def __init__(self, port: KubeClient, namespace: str, image: str, signer: Signer) -> None:
        self._port = port
        self._namespace = namespace
        self._image = image
        self._signer = signer

    async def measured(self, pairs: int) -> dict[str, Any]:
        return {
            "large": await self.large(pairs),
            "sweep": await self.sweep(),
            "many": await self.many(),
            "shards": await self.shards(),
        }

    async def large(self, pairs: int) -> dict[str, Any]:
        """A quantum volume circuit of 20 qubits: the time that Aer has it in hand, alternating."""
        source = large()
        script = _USAGE.format(body=_LARGE.format(source=source))
        bare, quantum = [], []
        for number in range(pairs):
            bare.append((await self._script(f"qv-bare-{number}", script))["simulation_s"])
            _, provenance = await self._job(job(f"qv-{number}", self._namespace, [circuit("qv", source)], shots=1000))
            quantum.append(float(provenance["simulationSeconds"]))
            say(f"{QUBITS} qubits, pair {number + 1}: bare {bare[-1]:5.2f} s, QuantumJob {quantum[-1]:5.2f} s")
        found = {"pairs": pairs, "bare_s": percentile(bare, 0.5), "quantumjob_s": percentile(quantum, 0.5)}
        return found | {"ratio": found["quantumjob_s"] / found["bare_s"]}

    async def sweep(self) -> dict[str, Any]:
        """1,000 points in one job, one point in a job, and a plain loop: CPU seconds of the whole process per point."""
        columns = {"theta": [f"{step / POINTS:.3f}" for step in range(POINTS)]}
        loop = await self._script("sweep-loop", _USAGE.format(body=_SWEEP.format(source=ANSATZ, points=POINTS)))
        _, one = await self._job(
            job("sweep-one", self._namespace, [circuit("ansatz", ANSATZ, parameters={"theta": ["0.5"]})])
        )
        _, all_ = await self._job(job("sweep", self._namespace, [circuit("ansatz", ANSATZ, parameters=columns)]))
        return _per_unit(POINTS, loop, one, all_)

    async def many(self) -> dict[str, Any]:
        """The same for 300 circuits."""
        sources = [small(number) for number in range(CIRCUITS)]
        loop = await self._script("many-loop", _USAGE.format(body=_MANY.format(sources=sources)))
        _, one = await self._job(job("many-one", self._namespace, [circuit("c0", sources[0])]))
        circuits = [circuit(f"c{number}", source) for number, source in enumerate(sources)]
        _, all_ = await self._job(job("many", self._namespace, circuits))
        return _per_unit(CIRCUITS, loop, one, all_)

    async def shards(self) -> dict[str, Any]:
        """Noise trajectories of 16 qubits in one pod of one core, and in four: seconds from apply to Finished."""
        source = PublicCircuit("qv", 16, tuple(quantum_volume(16, 2)[:160])).openqasm3
        spec: dict[str, Any] = {
            "shots": 400,
            "noise": {"twoQubit": "0.01"},
            "simulator": {"method": "statevector"},
            "resources": ONE_CORE,
        }
        one, _ = await self._job(job("one-shard", self._namespace, [circuit("qv", source)], **spec))
        four, _ = await self._job(job("four-shards", self._namespace, [circuit("qv", source)], shards=SHARDS, **spec))
        return {"one_s": one, "four_s": four, "ratio": four / one}

    async def _job(self, body: Object) -> tuple[float, Object]:
        """Seconds from its creation to its end, and its result's provenance."""
        name = body["metadata"]["name"]
        seconds = await measure.one(self._port, JOBS, self._signer.sign(body), measure.finished)
        live = await self._port.get(JOBS, self._namespace, name)
        where = live["status"]["result"]
        stored = await self._port.get(CONFIG_MAPS, self._namespace, where["configMap"])
        key = RESULT_KEY_GZIP if RESULT_KEY_GZIP in (stored.get("binaryData") or {}) else RESULT_KEY
        data = unpacked(stored, key, where["bytes"])
        assert data is not None
        await measure.gone(self._port, JOBS, self._namespace, [name])
        provenance: Object = json.loads(data)["provenance"]
        return seconds, provenance

    async def _script(self, name: str, script: str) -> dict[str, float]:
        """What the bare Job's script prints last."""
        body = workloads.bare_job(name, self._namespace, self._image, script)
        await measure.one(self._port, CHILDREN, body, measure.complete)
        labels = f"batch.kubernetes.io/job-name={name}"
        pods = [pod async for pod in self._port.list(PODS, self._namespace, labels=labels)]
        log = await self._port.log(self._namespace, pods[0]["metadata"]["name"], "circuit")
        usage: dict[str, float] = json.loads(log.decode().strip().splitlines()[-1])
        await measure.gone(self._port, CHILDREN, self._namespace, [name])
        await asyncio.sleep(0.5)
        return usage


def _per_unit(units: int, loop: dict[str, float], one: Object, all_: Object) -> dict[str, Any]:
    each = float(all_["cpuSeconds"]) / units
    return {
        "units": units,
        "loop_cpu_ms": 1000 * loop["cpu_s"] / units,
        "quantumjob_cpu_ms": 1000 * each,
        "one_each_cpu_ms": 1000 * float(one["cpuSeconds"]),
        "to_one_each": each / float(one["cpuSeconds"]),
        "to_loop": each / (loop["cpu_s"] / units),
    }
