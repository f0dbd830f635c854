"""Acme, the provider of the worked example (examples/connector): what its adapter's docstring promises."""

import hashlib
from typing import Any

# Here and not where it is used: imported by a server's thread, Qiskit was seen to end the process.
from qiskit import qasm3
from qiskit.quantum_info import Statevector
from tests.standins.base import Answer, Provider, ProviderJob, Request, main


class Acme(Provider):
    NAME = "acme"

    def operation(self, request: Request) -> str:
        if request.path == "/device":
            return "target"
        if request.path == "/jobs":
            return "submit" if request.method == "POST" else "find"
        if request.path.endswith("/counts"):
            return "fetch"
        return "cancel" if request.method == "DELETE" else "status"

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer({"message": "no such token"}, 401)
        if request.path == "/device":
            return Answer({"qubits": 5, "open": True, "waiting": len(self.jobs)})
        if request.path == "/jobs":
            return self._submitted(request) if request.method == "POST" else self._listed(request)
        handle = request.path.split("/")[2]
        if handle not in self.jobs:
            return Answer({"message": "no such job"}, 404)
        if request.method == "DELETE":
            return Answer(b"", 204 if self.cancel(handle) else 409)
        job = self.jobs[handle] if request.path.endswith("/counts") else self.look(handle)
        assert job is not None
        if request.path.endswith("/counts"):
            return Answer(job.result)
        words = {"queued": "waiting", "succeeded": "done"}
        return Answer({"status": words.get(job.phase, job.phase), "message": job.facts.get("error", "")})

    def _submitted(self, request: Request) -> Answer:
        key = request.headers["idempotency-key"]
        handle = hashlib.sha256(key.encode()).hexdigest()[:12]
        if handle not in self.jobs:
            self.add(handle, request.json(), key=key)
        return Answer({"id": handle}, 201)

    def _listed(self, request: Request) -> Answer:
        return Answer([{"id": job.handle} for job in self.listed() if job.facts["key"] == request.query.get("key")])

    def execute(self, job: ProviderJob) -> Any:
        circuit = qasm3.loads(job.body["program"])
        state = Statevector(circuit.remove_final_measurements(inplace=False))
        state.seed(7)
        return {key[::-1]: int(count) for key, count in state.sample_counts(job.body["shots"]).items()}


if __name__ == "__main__":
    main(Acme)
