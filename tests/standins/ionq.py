"""IonQ's API, version 0.4, as qiskit-ionq 1.1 speaks it. Run in the environment of the SDK.

Paths, fields and forms are those that the SDK sends and reads (ionq_client, ionq_job, helpers); the listing's `ids` and
`next` are of IonQ's public reference. Never compared with the real service.

Beyond the base's control, until the next reset:

    POST /_standin/status {"status": "paused"}     what every job shows
    POST /_standin/measured {"on": true}           jobs list their shots, as QPUs may
    POST /_standin/failing {"circuits": [1]}       these circuits of a job of several fail
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
_PAGE = 4  # small, so that every listing has several
_AT_ONCE = 50


class IonQ(Provider):
    NAME: ClassVar[str] = "ionq"

    def __init__(self, token: str = "", lag: float = 0.0) -> None:
        super().__init__(token, lag)
        self.shown = ""
        self.measured = False
        self.failing: list[int] = []
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
        if name == "reset":
            self.shown, self.measured, self.failing = "", False, []
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
            case ["GET", "jobs", handle, "results", kind]:
                return self.result(handle, kind)
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
        return Answer({"id": handle, "status": "ready"}, 201)

    def listing(self, request: Request) -> Answer:
        if "ids" in request.query:
            wanted = request.queries["ids"]
            if len(wanted) > _AT_ONCE:
                return _error(400, "BadRequest", "Too many ids.")
            found = [self.details(job) for handle in wanted if (job := self.look(handle)) is not None]
            return Answer({"jobs": found, "next": None})
        start = int(request.query.get("next", 0))
        shown = [each for job in self.listed() for each in (*self.offspring(job), self.details(job))]
        page = shown[start : start + _PAGE]
        more = start + _PAGE if start + _PAGE < len(shown) else None
        return Answer({"jobs": page, "next": None if more is None else str(more)})

    def details(self, job: ProviderJob) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": job.handle,
            "status": self.shown or _STATUS[job.phase],
            "name": job.facts["name"],
            "metadata": job.facts["metadata"],
            "backend": job.body["backend"],
            "submitted_at": f"2026-01-01T{job.number // 60:02}:{job.number % 60:02}:00Z",
        }
        children = [child for child, (parent, _) in self.children.items() if parent == job.handle]
        if children:
            found["child_job_ids"] = children
        elif job.phase == "succeeded":
            used = {"billed_quantum_compute_time_us": 11_400}
            found |= {"results": self.addresses(job.handle), "execution_duration_ms": 900, "stats": used}
        if job.phase == "failed":
            found["failure"] = {"code": "internal_error", "message": job.facts.get("error", "")}
        return found

    def offspring(self, job: ProviderJob) -> list[dict[str, Any]]:
        """A job's children as a listing shows them: with its metadata, and later than it."""
        kept = {"metadata": job.facts["metadata"], "parent_job_id": job.handle}
        return [self.child(child) | kept for child, (parent, _) in self.children.items() if parent == job.handle]

    def child(self, handle: str) -> dict[str, Any]:
        parent, number = self.children[handle]
        ended = self.jobs[parent].phase == "succeeded"
        status = "failed" if number in self.failing else "completed" if ended else "started"
        return {"id": handle, "status": status, "results": self.addresses(handle) if ended else None}

    def addresses(self, handle: str) -> dict[str, Any]:
        kinds = ("probabilities", "shots") if self.measured else ("probabilities",)
        return {kind: {"url": f"/v0.4/jobs/{handle}/results/{kind}"} for kind in kinds}

    def result(self, handle: str, kind: str) -> Answer:
        parent, number = self.children.get(handle, (handle, 0))
        job = self.jobs.get(parent)
        if job is None or job.result is None:
            return _error(404, "NotFound", "There is no result.")
        return Answer(job.result[number][kind])

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


def _backend(name: str) -> dict[str, Any]:
    return {"backend": name, "status": "available", "qubits": _BACKENDS[name], "average_queue_time": 9}


def _error(status: int, kind: str, message: str) -> Answer:
    return Answer({"statusCode": status, "error": kind, "message": message}, status)


if __name__ == "__main__":
    main(IonQ)
