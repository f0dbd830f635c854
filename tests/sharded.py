"""A job of several shards in the simulated cluster: its pods, what each gives, and how each fails."""

import hashlib
from typing import Any

from tests import builders
from tests.cluster_simulation import Simulation

from qee.api.names import INDEX_LABEL, RUNNER_CONTAINER
from qee.documents import CircuitResult, CompiledCircuit, Provenance, Register, ResultDocument, RunDocument, shards
from qee.documents.frame import encode
from qee.documents.reference import ResultFile, file_path, of_result
from qee.kube.port import Object
from qee.kube.resources import CHILDREN, PODS

NOISE = {"readout": "0.01"}


def job(count: int = 4, **spec: Any) -> Object:
    """One circuit of 100 shots under noise: each shard has trajectories of its own."""
    return builders.job(shards=count, noise=NOISE, **spec)


def of_shard(run: RunDocument, index: int) -> bytes:
    """What the runner of this shard would write: outcome 11 as often as its index says, else 00."""
    parts = list(shards.parts(run, index))
    circuits = [run.circuits[number] for number in dict.fromkeys(part.circuit for part in parts)]
    return ResultDocument(
        job=run.job,
        backend=run.backend,
        simulated=True,
        results=tuple(_result(run, part, index) for part in parts),
        seed=run.seed,
        seed_drawn=run.seed_drawn,
        provenance=Provenance(
            engine=run.engine,
            versions={"qee": "0.1.0"},
            precision=run.simulator.precision,
            sandbox="seccomp",
            threads=1,
            circuits=tuple(CompiledCircuit(c.name, "density_matrix", 3, 1, "0" * 64) for c in circuits),
            start_time=f"2026-01-01T00:00:0{index}.000Z",
            completion_time=f"2026-01-01T00:00:1{index}.000Z",
            cpu_seconds="0.5",
            max_rss_mib=98,
            shards=shards.count(run),
        ),
        parameters={circuit.name: circuit.parameters for circuit in circuits if circuit.parameters},
    ).to_bytes()


def _result(run: RunDocument, part: shards.Part, index: int) -> CircuitResult:
    counts = {key: n for key, n in (("00", part.shots - index), ("11", index)) if n}
    return CircuitResult(
        run.circuits[part.circuit].name,
        part.parameter_set,
        part.shots,
        (Register("c", 2),),
        counts,
        {"c": counts},
        seeds=(part.seed,),
    )


def reference_of_shard(run: RunDocument, index: int, attempt: int = 1) -> bytes:
    """What the runner of this shard would frame after it has written its result to the volume."""
    return reference_of(of_shard(run, index), run, index, attempt)


def reference_of(document: bytes, run: RunDocument, index: int = 0, attempt: int = 1) -> bytes:
    """The same of any result document."""
    path = file_path(run.job.uid, attempt, index)
    file = ResultFile(index, path, hashlib.sha256(document).hexdigest(), len(document), 700)
    return of_result(ResultDocument.from_bytes(document), run.claim or "", attempt, file).to_bytes()


def pod_name(child: Object, index: int, serial: int = 0) -> str:
    return f"{child['metadata']['name']}-{index}-{serial}"


def pod(simulation: Simulation, index: int, state: Object, *, serial: int = 0, **status: Any) -> Object:
    """The pod of one shard, its container in this state; serial 1 is its first retry."""
    child = simulation.child()
    name = pod_name(child, index, serial)
    made = simulation.api.find(PODS, "default", name) or builders.pod_of(child, name)
    made["metadata"]["labels"][INDEX_LABEL] = str(index)
    made["status"] = {"phase": "Running", "containerStatuses": [builders.container(state)], **status}
    return simulation.api.put(PODS, made)


def gives(
    simulation: Simulation, index: int, *, serial: int = 0, attempt: int = 1, document: bytes | None = None
) -> None:
    """The shard's runner writes its frame and ends well."""
    document = of_shard(simulation.run_document(), index) if document is None else document
    made = pod(simulation, index, builders.terminated(0), serial=serial, phase="Succeeded")
    frame = encode(document, f"{simulation.job()['metadata']['uid']}.{attempt}", index).encode()
    simulation.api.set_log("default", made["metadata"]["name"], RUNNER_CONTAINER, frame)


def fails(simulation: Simulation, index: int, *, code: int = 65, serial: int = 0, reason: str = "Error") -> None:
    said = builders.runner_error("InvalidCircuit", "line 3: no") if code == 65 else ""
    pod(simulation, index, builders.terminated(code, reason, said), serial=serial, phase="Failed")


def gone(simulation: Simulation, index: int, serial: int = 0) -> None:
    simulation.api.remove(PODS, "default", pod_name(simulation.child(), index, serial))


def ended(simulation: Simulation, condition: str = "Complete", failed: str = "") -> None:
    """The Job controller sees the end of all shards; `failed` as in status.failedIndexes."""
    child = simulation.child()
    reason = "FailedIndexes" if condition == "Failed" else "CompletionsReached"
    child["status"] = {
        "conditions": [{"type": condition, "status": "True", "reason": reason}],
        **({"failedIndexes": failed} if failed else {}),
    }
    simulation.api.put(CHILDREN, child)


async def settle(simulation: Simulation) -> None:
    for _ in range(20):
        if await simulation.step() != 0:
            return
    raise AssertionError("twenty reconciles in a row asked for another one at once")


def result(simulation: Simulation) -> ResultDocument:
    """The one result that is stored."""
    (stored,) = simulation.config_maps("result")
    return ResultDocument.from_bytes(stored["data"]["result.json"].encode())
