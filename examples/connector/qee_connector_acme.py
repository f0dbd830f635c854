"""An adapter for a provider with a plain HTTP interface: the worked example of docs/guide/write-a-connector.md.

Acme takes OpenQASM 3 and a number of shots, and gives back counts of the qubits' values, qubit 0 leftmost:

    POST   /jobs           {"program": ..., "shots": ...}, header Idempotency-Key  ->  201 {"id": ...}
    GET    /jobs?key=KEY   -> [{"id": ...}]          GET /jobs/ID          -> {"status": "waiting|running|done|failed"}
    DELETE /jobs/ID        -> 204, or 409            GET /jobs/ID/counts   -> {"01": 512, "10": 512}
    GET    /device         -> {"qubits": 5, "open": true, "waiting": 3}

Credential: the file `token`. Option: `endpoint`, the URL.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from qee.connectors.bits import key as key_of
from qee.connectors.protocol import (
    Fetched,
    Gone,
    Phase,
    ProviderError,
    ProviderState,
    Rejected,
    Settings,
    Target,
    Unauthorized,
    UnitResult,
)
from qee.connectors.vendors.errors import mapped, of_status, says
from qee.documents.compiled import CompiledDocument, Submission, Usage
from qee.documents.run import RunDocument

TIMEOUT = 30.0
GATES = ("rx", "ry", "rz", "cx")
PHASES: dict[str, Phase] = {"waiting": "queued", "running": "running", "done": "succeeded", "failed": "failed"}


class Acme:
    PROVIDER: ClassVar[str] = "acme"
    FORMATS: ClassVar[tuple[str, ...]] = ("openqasm3", "openqasm2", "qpy")
    OUTPUTS: ClassVar[tuple[str, ...]] = ("counts",)
    IDEMPOTENT: ClassVar[bool] = True  # Acme promises it for the header Idempotency-Key

    def __init__(self, settings: Settings) -> None:
        try:
            self._token = Path(settings.credentials, "token").read_text().strip()
        except OSError as error:
            raise Unauthorized("credential token is missing; add the key token to the backend's Secret") from error
        self._url = settings.options.get("endpoint", "").rstrip("/")
        if not self._url:
            raise Rejected("options.endpoint is missing; give Acme's URL")

    # In the pod that compiles: it has the circuits, and no credential.

    @classmethod
    def prepare(cls, document: RunDocument, target: bytes) -> CompiledDocument:
        from qiskit import qasm3

        from qee.connectors.vendors import compilation, qiskit_programs

        refusal = "the circuit cannot be expressed in Acme's gates; use gates of the library"
        submissions, circuits = [], []
        for program in qiskit_programs.programs(document):
            compiled = qiskit_programs.in_basis(program, GATES, document, refusal)
            circuits.append(qiskit_programs.compiled(program, compiled, "acme"))
            for number, bound in program.bound(compiled):
                payload = json.dumps({"program": qasm3.dumps(bound), "shots": program.run.shots}).encode()
                unit = qiskit_programs.unit(program, number, qiskit_programs.wires(compiled))
                one = Submission(payload, (unit,), Usage(tasks=1, shots=unit.shots))
                submissions.append(Submission(payload, (unit,), cls.estimate(one)))
        return compilation.document(
            document,
            target,
            cls.PROVIDER,
            simulated=False,
            submissions=submissions,
            circuits=circuits,
            packages=("qiskit",),
        )

    @classmethod
    def estimate(cls, submission: Submission) -> Usage:
        shots = json.loads(submission.payload)["shots"]
        if [shots] != [unit.shots for unit in submission.units]:
            raise Rejected("the payload asks for other shots than the submission's unit")
        return Usage(tasks=1, shots=shots)

    # In the connector's worker: it has the credential, and no circuit's source.

    def describe(self) -> Target:
        found = self._call("describe", "GET", "/device")
        message = "" if found["open"] else "Acme has closed the device for maintenance"
        snapshot = json.dumps({"qubits": found["qubits"]}).encode()
        return Target(bool(found["open"]), message, found["qubits"], GATES, snapshot, queue_length=found["waiting"])

    def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        found = {key: [job["id"] for job in self._call("find", "GET", f"/jobs?key={key}")] for key in keys}
        return {key: handles for key, handles in found.items() if handles}

    def submit(self, key: str, submission: Submission) -> str:
        made = self._call("submit", "POST", "/jobs", submission.payload, {"Idempotency-Key": key})
        return str(made["id"])

    def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        found = {}
        for handle in handles:
            try:
                told = self._call("status", "GET", f"/jobs/{handle}")
            except Gone:
                continue
            found[handle] = ProviderState(PHASES.get(told["status"], "unknown"), told.get("message", ""))
        return found

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        (unit,) = submission.units
        raw = self._raw("fetch", "GET", f"/jobs/{handle}/counts")
        counts: dict[str, int] = {}
        for outcome, count in json.loads(raw).items():
            bits = [int(letter) for letter in outcome]  # qubit 0 leftmost: the wire is the index
            key = key_of(unit, bits.__getitem__)
            counts[key] = counts.get(key, 0) + count
        return Fetched((UnitResult(counts=counts),), hashlib.sha256(raw).hexdigest())

    def cancel(self, handle: str) -> None:
        self._raw("cancel", "DELETE", f"/jobs/{handle}")

    def _call(self, call: str, *request: Any) -> Any:
        with mapped(call, (ValueError, says("the answer is not JSON"))):
            return json.loads(self._raw(call, *request))

    def _raw(
        self, call: str, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", **(headers or {})}
        request = Request(self._url + path, body, sent, method=method)  # noqa: S310 - the operator's own setting
        with (
            mapped(call, (HTTPError, _answered), (OSError, says("no answer ({error})"))),
            urlopen(request, timeout=TIMEOUT) as answer,  # noqa: S310
        ):
            return bytes(answer.read())


def _answered(call: str, error: HTTPError) -> ProviderError:
    said = f"{call}: Acme answers {error.code}"
    return of_status(call, error.code, said, "check the token", error.headers.get("Retry-After"))
