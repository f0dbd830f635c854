"""IonQ's API, version 0.4. Run in the environment of the SDK.

Bodies are those of IonQ's specification, as its client ionq-core 0.2 (October 2026) is generated from it: JobCreation
and JobCanceled responses, BaseJob and its variants, GetJobs and GetJobCost responses, Error; results by the catalogue
of result formats, and as its contract test (tests/pact of ionq-core-python) has them: keyed by format, each with an
`id`, no `url`. The form before that, kinds with a `url`, is that of qiskit-ionq's tests (test/utils.py). Of the order
of bits: decimal keys have qubit 0 as bit 0 (ionq-core, tests of results), bit strings have it first (docs.ionq.com,
OpenQASM 3).
Not documented, and so a belief: how a listing goes on (`next`), and what a cancel of an ended job is answered.
Never compared with the real service.

Beyond the base's control, until the next reset:

    POST /_standin/status {"status": "paused"}     what every job shows
    POST /_standin/measured {"on": true}           jobs list their shots, as QPUs may
    POST /_standin/failing {"circuits": [1]}       these circuits of a job of several fail
    POST /_standin/form {"form": "urls"}           how results are listed: artifacts (at first), urls, v2, aggregate
    POST /_standin/pages {"most": 25}              a listing refuses a larger limit
"""

import re
import uuid
from typing import Any, ClassVar

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector
from tests.standins.base import Answer, Provider, ProviderJob, Request, main

_STATUS = {
    "queued": "ready",
    "running": "started",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "canceled",
}
_BACKENDS = {"simulator": 29, "qpu.forte-1": 36}
_NAMES = {"si": "sdg", "ti": "tdg", "v": "sx", "vi": "sxdg"}
_ALONE = ("qpu.forte-1",)  # the simulator is only in the list
_NULL = (  # of a BaseJob, unless something is said otherwise
    *("parent_job_id", "session_id", "metadata", "name", "started_at", "completed_at", "predicted_wait_time_ms"),
    *("predicted_execution_duration_ms", "execution_duration_ms", "failure", "results", "child_job_ids"),
)
_PAGE = 4  # small, so that every listing has several
_AT_ONCE = 50


class IonQ(Provider):
    NAME: ClassVar[str] = "ionq"

    def __init__(self, token: str = "", lag: float = 0.0) -> None:
        super().__init__(token, lag)
        self.shown = ""
        self.measured = False
        self.failing: list[int] = []
        self.form, self.most = "artifacts", 100
        self.children: dict[str, tuple[str, int]] = {}

    def control(self, request: Request) -> Answer:
        name = request.path.removeprefix("/_standin/")
        if name == "status":
            self.shown = request.json()["status"]
            return Answer({})
        if name == "measured":
            self.measured = request.json()["on"]
            return Answer({})
        if name == "failing":
            self.failing = request.json()["circuits"]
            return Answer({})
        if name == "form":
            self.form = request.json()["form"]
            return Answer({})
        if name == "pages":
            self.most = request.json()["most"]
            return Answer({})
        if name == "reset":
            self.shown, self.measured, self.failing = "", False, []
            self.form, self.most = "artifacts", 100
            self.children.clear()
        return super().control(request)

    def operation(self, request: Request) -> str:
        if request.path.startswith("/v0.4/backends"):
            return "target"
        if request.path == "/v0.4/jobs" and request.method == "POST":
            return "submit"
        if request.path.endswith("/status/cancel"):
            return "cancel"
        # A job is read for several reasons; the adapter says which.
        told = re.match(r"qee-(find|status|fetch)\b", request.headers.get("user-agent", ""))
        return told[1] if told else "other"

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"apiKey {self.token}":
            return _error(401, "Unauthorized", "Invalid API key")
        path = request.path.removeprefix("/v0.4/").split("/")
        match [request.method, *path]:
            case ["GET", "backends"]:
                return Answer([_backend(name) for name in _BACKENDS])
            case ["GET", "backends", name] if name in _ALONE:
                return Answer(_backend(name))
            case ["POST", "jobs"]:
                return self.submitted(request)
            case ["GET", "jobs"]:
                return self.listing(request)
            case ["PUT", "jobs", handle, "status", "cancel"] if handle in self.jobs:
                done = self.cancel(handle)
                return (
                    Answer({"id": handle, "status": "canceled"}) if done else _error(409, "Conflict", "Job has ended")
                )
            case ["GET", "jobs", handle, "results", kind] if self.form != "aggregate":
                return self.result(handle, kind)
            case ["GET", "jobs", handle, "artifacts" | "results", *name] if name[0] != "shots" or self.measured:
                return self.artifact(handle, "/".join(name))
            case ["GET", "jobs", handle, "cost"] if (job := self.jobs.get(handle)) is not None:
                return Answer(_cost(job))
            case ["GET", "jobs", handle]:
                if handle in self.children:
                    return Answer(self.child(handle))
                job = self.look(handle)
                if job is not None:
                    return Answer(self.details(job))
        return _error(404, "NotFound", "There is no such thing.")

    def submitted(self, request: Request) -> Answer:
        body = request.json()
        if body["backend"] not in _BACKENDS or body["input"]["qubits"] > _BACKENDS[body["backend"]]:
            return _error(400, "BadRequest", "The backend has fewer qubits.")
        handle = str(uuid.UUID(int=len(self.jobs) + 1))
        self.add(handle, body, metadata=body.get("metadata", {}), name=body.get("name", ""))
        if "circuits" in body["input"]:
            for number in range(len(body["input"]["circuits"])):
                self.children[str(uuid.UUID(int=1000 * (len(self.jobs)) + number))] = (handle, number)
        return Answer({"id": handle, "status": "submitted", "session_id": None}, 201)

    def listing(self, request: Request) -> Answer:
        if "ids" in request.query:
            wanted = request.queries["ids"]
            if len(wanted) > _AT_ONCE:
                return _error(400, "BadRequest", "Too many ids.")
            found = [self.details(job) for handle in wanted if (job := self.look(handle)) is not None]
            return Answer({"jobs": found, "next": None})
        if int(request.query.get("limit", 1)) > self.most:
            return _error(400, "BadRequestError", f"limit must be at most {self.most}.")
        start = int(request.query.get("next", 0))
        shown = [each for job in self.listed() for each in (*self.offspring(job), self.details(job))]
        page = shown[start : start + _PAGE]
        more = start + _PAGE if start + _PAGE < len(shown) else None
        return Answer({"jobs": page, "next": None if more is None else str(more)})

    def details(self, job: ProviderJob) -> dict[str, Any]:
        children = [child for child, (parent, _) in self.children.items() if parent == job.handle]
        found = self.base_job(job, job.handle, self.shown or _STATUS[job.phase])
        found["type"] = job.body["type"]
        found["name"], found["metadata"] = job.facts["name"], job.facts["metadata"]
        found["child_job_ids"] = children or None
        if job.phase == "succeeded":
            found["results"] = self.listing_of(job.handle, bool(children))
            found["execution_duration_ms"] = 900
            found["stats"] = {"billed_quantum_compute_time_us": 11_400}
        if job.phase == "failed":
            found["failure"] = {"code": "InternalError", "message": job.facts.get("error", "")}
        return found

    def base_job(self, job: ProviderJob, handle: str, status: str) -> dict[str, Any]:
        """BaseJob: what every job shows."""
        return {
            **dict.fromkeys(_NULL),
            "id": handle,
            "status": status,
            "type": "ionq.circuit.v1",
            "backend": job.body["backend"],
            "shots": job.body["shots"],
            "dry_run": False,
            "submitter_id": "66841feb7addb210ae6214c2",
            "project_id": "31a4dc21-9b52-4a51-89db-c62f1f77f356",
            "submitted_at": f"2026-01-01T{job.number // 60:02}:{job.number % 60:02}:00Z",
            "output": {},
            "settings": job.body.get("settings", {}),
            "stats": {},
        } | ({"noise": job.body["noise"]} if "noise" in job.body else {})

    def offspring(self, job: ProviderJob) -> list[dict[str, Any]]:
        """A job's children as a listing shows them: with its metadata, and later than it."""
        kept = {"metadata": job.facts["metadata"], "parent_job_id": job.handle}
        return [self.child(child) | kept for child, (parent, _) in self.children.items() if parent == job.handle]

    def child(self, handle: str) -> dict[str, Any]:
        parent, number = self.children[handle]
        job = self.jobs[parent]
        ended = job.phase == "succeeded"
        status = "failed" if number in self.failing else "completed" if ended else "started"
        found = self.base_job(job, handle, status) | {"parent_job_id": parent}
        if status == "completed" and self.form != "aggregate":
            found["results"] = self.listing_of(handle, False)
        return found

    def listing_of(self, handle: str, several: bool) -> dict[str, Any]:
        """CircuitJobResults and MultiCircuitJobResults, or what they were before."""
        measured = self.measured and not several
        if self.form == "urls":
            kinds = ("probabilities", "shots") if measured else ("probabilities",)
            return {kind: {"url": f"/v0.4/jobs/{handle}/results/{kind}"} for kind in kinds}
        if several:
            return _descriptors(("probabilities-aggregate.json.v1", "probabilities-aggregate"))
        version = "v2" if self.form == "v2" else "v1"
        shots = [("shots.json.v2", "4f0c2b7e-shots")] if measured else []
        name = "probabilities" if version == "v1" else "4f0c2b7e-probabilities"
        return _descriptors((f"probabilities.json.{version}", name), *shots)

    def result(self, handle: str, kind: str) -> Answer:
        found = self.of(handle)
        return _error(404, "NotFoundError", "There is no result.") if found is None else Answer(found[kind])

    def artifact(self, handle: str, name: str) -> Answer:
        """By the formats' examples in the catalogue."""
        found = self.of(handle)
        if name in ("probabilities-aggregate", "probabilities/aggregated") and handle in self.jobs:
            children = [(child, number) for child, (parent, number) in self.children.items() if parent == handle]
            together = [(child, number) for child, number in children if number not in self.failing]
            return Answer({child: self.jobs[handle].result[number]["probabilities"] for child, number in together})
        if found is None or (name == "probabilities" and self.form == "aggregate"):
            return _error(404, "NotFoundError", "There is no artifact.")
        if name == "probabilities":
            return Answer(found["probabilities"])
        width = self.jobs[self.children.get(handle, (handle, 0))[0]].body["input"]["qubits"]
        if name.endswith("-shots"):
            bits = [[int(value) >> qubit & 1 for qubit in range(width)] for value in found["shots"]]
            return Answer({"shots": [{"registers": {"output_all": each}} for each in bits]})
        chances = {f"{int(value):0{width}b}"[::-1]: each for value, each in found["probabilities"].items()}
        return Answer({"probabilities": {"registers": {"output_all": chances}}})

    def of(self, handle: str) -> Any:
        parent, number = self.children.get(handle, (handle, 0))
        job = self.jobs.get(parent)
        return None if job is None or job.result is None else job.result[number]

    def execute(self, job: ProviderJob) -> Any:
        program = job.body["input"]
        circuits = [each["circuit"] for each in program["circuits"]] if "circuits" in program else [program["circuit"]]
        random = np.random.default_rng(job.number)
        return [_executed(each, program["qubits"], job.body["shots"], random) for each in circuits]


def _executed(instructions: list[Any], qubits: int, shots: int, random: np.random.Generator) -> dict[str, Any]:
    """Exact probabilities, and shots drawn from them. Bit i of an outcome is qubit i."""
    circuit = QuantumCircuit(qubits)
    for each in instructions:
        name, targets = _NAMES.get(each["gate"], each["gate"]), each.get("targets") or [each["target"]]
        controls = each.get("controls") or ([each["control"]] if "control" in each else [])
        angle = [each["rotation"]] if "rotation" in each else []
        getattr(circuit, f"{'c' * len(controls)}{name}" if name != "not" else "cx")(*angle, *controls, *targets)
    found = np.abs(Statevector(circuit).data) ** 2
    drawn = random.choice(len(found), shots, p=found / found.sum())
    probabilities = {str(value): float(each) for value, each in enumerate(found) if each > 1e-12}
    return {"probabilities": probabilities, "shots": [str(value) for value in drawn]}


def _descriptors(*artifacts: tuple[str, str]) -> dict[str, Any]:
    """ArtifactDescriptor by format."""
    named = {f"ionq.result.{form}": name for form, name in artifacts}
    return {form: {"id": name, "format": form, "media_type": "application/json"} for form, name in named.items()}


def _cost(job: ProviderJob) -> dict[str, Any]:
    """GetJobCostResponse. What is never priced has none; the value is what a paid job of one shot cost a user."""
    if job.body["backend"] == "simulator":
        return {"dry_run": False}
    money = {"value": 25.79, "unit": "usd"}
    return {"dry_run": False, "estimated_cost": money, **({"cost": money} if job.phase == "succeeded" else {})}


def _backend(name: str) -> dict[str, Any]:
    return {"backend": name, "status": "available", "qubits": _BACKENDS[name], "average_queue_time": 9}


def _error(status: int, kind: str, message: str) -> Answer:
    return Answer({"statusCode": status, "error": kind, "message": message}, status)


if __name__ == "__main__":
    main(IonQ)
