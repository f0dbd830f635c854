"""A stand-in for IBM Quantum: IAM and the runtime service, with every device of which the SDK has a snapshot.

A device is called as at IBM: ibm_manila is the SDK's FakeManilaV2. Circuits are simulated without noise, seeded by the
job's number. What the SDK's own client reads is modelled after it (qiskit_ibm_runtime 0.51, api/rest); of the rest:

- that a listing takes `tags` as an AND, `limit` up to 200, `offset` and `sort`: IBM's API reference, not tried;
- that a job without parameters in its PUB has a result of shape (): as Qiskit's StatevectorSampler, not tried at IBM;
- the form of errors ({"errors": [{"code", "message"}]}): IBM's API reference; of IAM: its BXNIM0415E, seen in reports;
- two jobs of one body are two jobs: IBM documents no idempotency.
"""

import base64
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import qiskit_ibm_runtime.fake_provider.backends as snapshots
from qiskit import QuantumCircuit
from qiskit.circuit import IfElseOp
from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit.primitives.containers import BitArray, DataBin, PrimitiveResult, PubResult, SamplerPubResult
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_ibm_runtime.json import RuntimeDecoder, RuntimeEncoder
from tests.standins import base
from tests.standins.base import Answer, Provider, ProviderJob, Request

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0:11111111-2222-3333-4444-555555555555::"
API = "/api/v1"
_STATUS = {"queued": "Queued", "running": "Running", "succeeded": "Completed", "failed": "Failed"}
_STATUS |= {"cancelled": "Cancelled"}
_START = datetime(2026, 11, 1, tzinfo=UTC)


class Ibm(Provider):
    NAME = "ibm"

    def operation(self, request: Request) -> str:
        path = request.path.removeprefix(API)
        if path.startswith("/backends/"):
            return "target"
        if path == "/jobs":
            return "submit" if request.method == "POST" else "find"
        if path.startswith("/jobs/"):
            last = path.split("/")[-1]
            return {"cancel": "cancel", "results": "fetch", "metrics": "fetch"}.get(last, "status")
        return "other"

    def answer(self, request: Request) -> Answer:
        if request.path == "/identity/token":
            return self._token(request)
        if not self._authorized(request):
            return _error(401, 1200, "The access token or Service-CRN is invalid.")
        path = request.path.removeprefix(API).split("/")[1:]
        if path[0] == "backends" and len(path) == 3:
            return self._backend(path[1], path[2])
        if path[0] == "jobs":
            return self._jobs(request) if len(path) == 1 else self._job(request, path[1], "/".join(path[2:]))
        return _error(404, 1206, "The resource does not exist.")

    def execute(self, job: ProviderJob) -> Any:
        if "fail" in job.facts:
            raise RuntimeError(job.facts["fail"])
        params = json.loads(json.dumps(job.body["params"]), cls=RuntimeDecoder)
        run = _sampled if job.body["program_id"] == "sampler" else _estimated
        results = [run(pub, job.number * 1000 + number) for number, pub in enumerate(params["pubs"])]
        return json.dumps(PrimitiveResult(results[: job.facts.get("cut")], {"version": 2}), cls=RuntimeEncoder)

    def _token(self, request: Request) -> Answer:
        form = parse_qs(request.body.decode())
        if self.token and form.get("apikey") != [self.token]:
            return Answer({"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}, 400)
        now = int(time.time())
        claims = [{"alg": "RS256", "typ": "JWT"}, {"iat": now, "exp": now + 3600, "jti": uuid.uuid4().hex}]
        parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in claims]
        token = ".".join([*parts, base64.urlsafe_b64encode(b"signature").decode().rstrip("=")])
        return Answer({"access_token": token, "token_type": "Bearer", "expires_in": 3600, "expiration": now + 3600})

    def _authorized(self, request: Request) -> bool:
        bearer = request.headers.get("authorization", "").startswith("Bearer ey")
        return bearer and request.headers.get("service-crn") == CRN

    def _backend(self, name: str, what: str) -> Answer:
        found = _device(name)
        if found is None:
            return _error(404, 1209, f"Backend {name} does not exist.")
        configuration, properties = found
        waiting = sum(job.phase == "queued" for job in self.jobs.values())
        status = {"state": True, "status": "active", "message": "", "length_queue": waiting, "backend_version": "1.0.0"}
        answers = {"configuration": configuration, "properties": properties, "status": status}
        return Answer(answers[what]) if what in answers else _error(404, 1206, "The resource does not exist.")

    def _jobs(self, request: Request) -> Answer:
        if request.method == "POST":
            return self._create(request.json())
        query = request.query
        jobs = [job for job in self.listed() if not job.facts.get("hidden")]
        if query.get("sort") == "ASC":
            jobs.reverse()
        if "tags" in query:  # of several only the last is seen here; the adapter asks for one
            jobs = [job for job in jobs if query["tags"] in job.facts["tags"]]
        if "backend" in query:
            jobs = [job for job in jobs if job.facts["backend"] == query["backend"]]
        limit, offset = min(int(query.get("limit", 10)), 200), int(query.get("offset", 0))
        for job in jobs:
            self.look(job.handle)
        page = [self._shown(job) for job in jobs[offset : offset + limit]]
        return Answer({"jobs": page, "count": len(jobs), "limit": limit, "offset": offset})

    def _create(self, body: dict[str, Any]) -> Answer:
        missing = [name for name in ("program_id", "backend", "params") if name not in body]
        if missing or body["program_id"] not in ("sampler", "estimator"):
            return _error(400, 1210, f"Invalid job: {', '.join(missing) or 'program_id'}.")
        if _device(body["backend"]) is None:
            return _error(400, 1216, "The backend is not available in this instance.")
        if not body["params"].get("pubs"):
            return _error(400, 8055, "Job has no PUBs.")
        handle = f"d{len(self.jobs):019d}"
        job = self.add(
            handle,
            body,
            tags=body.get("tags", []),
            backend=body["backend"],
            created=(_START + timedelta(seconds=len(self.jobs))).isoformat().replace("+00:00", "Z"),
        )
        return Answer({"id": job.handle, "backend": body["backend"], "private": False})

    def _job(self, request: Request, handle: str, what: str) -> Answer:
        job = self.jobs.get(handle)
        if job is None:
            return _error(404, 1291, f"Job not found. Job ID: {handle}")
        if what == "cancel" and request.method == "POST":
            return Answer(b"", 204) if self.cancel(handle) else _error(409, 1295, "The job is in a final state.")
        if what == "results":
            return Answer(job.result.encode()) if job.phase == "succeeded" else Answer(b"", 204)
        if what == "metrics":
            return Answer(self._metrics(job))
        if what == "":
            self.look(handle)
            return Answer(self._shown(job))
        return _error(404, 1206, "The resource does not exist.")

    def _shown(self, job: ProviderJob) -> dict[str, Any]:
        state: dict[str, Any] = {"status": job.facts.get("status", _STATUS[job.phase])}
        if job.phase == "failed":
            state |= {"reason": job.facts["error"], "reason_code": 9999}
        return {
            "id": job.handle,
            "backend": job.facts["backend"],
            "state": job.facts.get("state", state),
            "status": state["status"],
            "program": {"id": job.body["program_id"]},
            "created": job.facts["created"],
            "tags": job.facts["tags"],
            "cost": job.body.get("cost", 10_800),
            "private": False,
        }

    def _metrics(self, job: ProviderJob) -> dict[str, Any]:
        seconds = 2 if job.phase == "succeeded" else 0
        usage = {"qpu_charge_time_seconds": seconds, "quantum_seconds": seconds, "status": "final"}
        return {"usage": usage, "timestamps": {"created": job.facts["created"]}}

    def control(self, request: Request) -> Answer:
        """Also POST /_standin/facts {"handle": ..., "facts": {...}}: `status` or `state` replace what the service
        tells of the job; `fail` is why it will fail; `cut` is how many PUBs its result has; `hidden`: not in lists.
        """
        if request.path == "/_standin/facts":
            wanted = request.json()
            self.jobs[wanted["handle"]].facts |= wanted["facts"]
            return Answer({})
        return super().control(request)


@cache
def _device(name: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    short = name.removeprefix("ibm_")
    folder = Path(snapshots.__file__).parent / short
    if not (name.startswith("ibm_") and short.isalpha() and folder.is_dir()):
        return None
    configuration, properties = (
        json.loads((folder / f"{part}_{short}.json").read_text()) for part in ("conf", "props")
    )
    known = configuration.get("supported_instructions", [])
    configuration["supported_instructions"] = sorted({*known, "if_else", "measure", "reset", "delay"})
    configuration["backend_name"] = properties["backend_name"] = name
    return configuration, properties


def _error(status: int, code: int, message: str) -> Answer:
    return Answer({"errors": [{"code": code, "message": message, "more_info": ""}], "trace": "0"}, status)


def _sampled(pub: list[Any], seed: int) -> SamplerPubResult:
    circuit, values, shots = pub
    table = np.asarray(values, dtype=float)
    shape = table.shape[:-1]
    rows = table.reshape((-1, circuit.num_parameters)) if circuit.num_parameters else [()]
    random = np.random.default_rng(seed)
    found: dict[str, list[np.ndarray]] = {register.name: [] for register in circuit.cregs}
    for row in rows:
        bits = _shots(circuit.assign_parameters(row) if circuit.num_parameters else circuit, shots, random)
        places = {bit: index for index, bit in enumerate(circuit.clbits)}
        for register in circuit.cregs:
            found[register.name].append(bits[:, [places[bit] for bit in register]])
    arrays = {
        name: BitArray.from_bool_array(np.array(each).reshape((*shape, *each[0].shape)), order="little")
        for name, each in found.items()
    }
    return SamplerPubResult(DataBin(**arrays, shape=shape), {"circuit_metadata": {}})


def _shots(circuit: QuantumCircuit, shots: int, random: np.random.Generator) -> np.ndarray:
    """A row of classical bits for each shot."""
    small, _ = _active(circuit)
    if _is_static(small):
        flat = QuantumCircuit(small.num_qubits, small.num_clbits)
        flat.compose(small, range(small.num_qubits), range(small.num_clbits), inplace=True)
        data = StatevectorSampler(seed=random).run([(flat,)], shots=shots).result()[0].data
        return np.asarray(data["c"].to_bool_array(order="little"))
    return np.array([_trajectory(small, random) for _ in range(shots)])


def _trajectory(circuit: QuantumCircuit, random: np.random.Generator) -> np.ndarray:
    """One shot of a circuit that measures in mid-circuit, resets, or acts on single bits."""
    state = Statevector.from_int(0, 2**circuit.num_qubits)
    state.seed(random)
    bits = np.zeros(circuit.num_clbits, dtype=bool)
    qubit = {each: index for index, each in enumerate(circuit.qubits)}
    clbit = {each: index for index, each in enumerate(circuit.clbits)}

    def run(body: QuantumCircuit, qubits: dict[Any, int], clbits: dict[Any, int]) -> None:
        nonlocal state
        for each in body.data:
            where = [qubits[one] for one in each.qubits]
            if each.operation.name == "measure":
                outcome, state = state.measure(where)
                bits[clbits[each.clbits[0]]] = outcome == "1"
            elif each.operation.name == "reset":
                state = state.reset(where)
            elif isinstance(each.operation, IfElseOp):
                subject, wanted = each.operation.condition
                held = [subject] if subject in clbit else list(subject)
                value = sum(int(bits[clbit[one]]) << index for index, one in enumerate(held))
                chosen = each.operation.blocks[0 if value == int(wanted) else 1 :][:1]
                for block in chosen:
                    inner = [clbits[one] for one in each.clbits]
                    run(block, dict(zip(block.qubits, where, strict=True)), dict(zip(block.clbits, inner, strict=True)))
            elif each.operation.name not in ("barrier", "delay"):
                state = state.evolve(each.operation, where)

    run(circuit, qubit, clbit)
    return bits


def _estimated(pub: list[Any], seed: int) -> Any:
    circuit, observables, values, precision = pub
    operators = [SparsePauliOp.from_list(list(each.items())) for each in observables]
    used = {q for each in operators for q, kept in enumerate((each.paulis.x | each.paulis.z).any(axis=0)) if kept}
    small, kept = _active(circuit, used)
    labels = [
        [("".join(reversed([label[::-1][q] for q in kept])), c) for label, c in each.to_list()] for each in operators
    ]
    reduced = [SparsePauliOp.from_list(each) for each in labels]
    table = np.asarray(values, dtype=float)
    pub = (small, reduced, table) if circuit.num_parameters else (small, reduced)
    data = StatevectorEstimator(seed=seed).run([pub], precision=precision).result()[0].data
    errors = np.full_like(data["evs"], precision)  # Qiskit's own leaves them at 0; IBM's gives them
    return PubResult(DataBin(evs=data["evs"], stds=errors, shape=data.shape))


def _active(circuit: QuantumCircuit, also: set[int] = frozenset()) -> tuple[QuantumCircuit, list[int]]:  # type: ignore[assignment]
    """The circuit on the qubits that do something, and which those are."""
    place = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    busy = {place[q] for each in circuit.data if each.operation.name not in ("barrier", "delay") for q in each.qubits}
    kept = sorted(busy | set(also)) or [0]
    small = QuantumCircuit([circuit.qubits[index] for index in kept], circuit.clbits, *circuit.cregs)
    for each in circuit.data:
        if each.operation.name not in ("barrier", "delay"):
            small.append(each)
    return small, kept


def _is_static(circuit: QuantumCircuit) -> bool:
    """Whether measurements come last on their qubits."""
    over: set[Any] = set()
    for each in circuit.data:
        if over.intersection(each.qubits) or each.operation.name in ("reset", "if_else"):
            return False
        if each.operation.name == "measure":
            over.update(each.qubits)
    return True


if __name__ == "__main__":
    base.main(Ibm)
