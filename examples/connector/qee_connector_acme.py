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
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from qee.connectors.bits import key as key_of
from qee.connectors.protocol import (
    AlreadyEnded,
    Ambiguous,
    Fetched,
    Gone,
    Phase,
    ProviderError,
    ProviderState,
    Rejected,
    Settings,
    Target,
    Throttled,
    Unauthorized,
    UnitResult,
    Unreachable,
)
from qee.documents.compiled import CompiledDocument, Submission, Usage
from qee.documents.run import RunDocument

TIMEOUT = 30.0
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
        from qiskit import __version__, qasm3, transpile

        from qee.connectors.vendors import qiskit_programs

        submissions, circuits = [], []
        for program in qiskit_programs.programs(document):
            compiled = transpile(
                program.circuit,
                basis_gates=["rx", "ry", "rz", "cx"],
                optimization_level=qiskit_programs.optimization_level(document),
                seed_transpiler=qiskit_programs.transpiler_seed(document),
            )
            circuits.append(qiskit_programs.compiled(program, compiled, "acme"))
            for number, _ in program.rows():
                text = qasm3.dumps(program.bound(compiled, number))
                payload = json.dumps({"program": text, "shots": program.run.shots}).encode()
                unit = qiskit_programs.unit(program, number, qiskit_programs.wires(compiled))
                one = Submission(payload, (unit,), Usage(tasks=1, shots=unit.shots))
                submissions.append(Submission(payload, (unit,), cls.estimate(one)))
        return CompiledDocument(
            job=document.job,
            backend=document.backend,
            provider=cls.PROVIDER,
            target_sha256=hashlib.sha256(target).hexdigest(),
            simulated=False,
            submissions=tuple(submissions),
            circuits=tuple(circuits),
            versions={"qiskit": __version__},
        )

    @classmethod
    def estimate(cls, submission: Submission) -> Usage:
        shots = json.loads(submission.payload)["shots"]
        if [shots] != [unit.shots for unit in submission.units]:
            raise Rejected("the payload asks for other shots than the submission's unit")
        return Usage(tasks=1, shots=shots)

    # In the connector's worker: it has the credential, and no circuit's source.

    def describe(self) -> Target:
        found = self._call("GET", "/device")
        message = "" if found["open"] else "Acme has closed the device for maintenance"
        snapshot = json.dumps({"qubits": found["qubits"]}).encode()
        gates = ("rx", "ry", "rz", "cx")
        return Target(bool(found["open"]), message, found["qubits"], gates, snapshot, queue_length=found["waiting"])

    def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        found = {key: [job["id"] for job in self._call("GET", f"/jobs?key={key}")] for key in keys}
        return {key: handles for key, handles in found.items() if handles}

    def submit(self, key: str, submission: Submission) -> str:
        try:
            handle: str = self._call("POST", "/jobs", submission.payload, {"Idempotency-Key": key})["id"]
            return handle
        except Unreachable as error:  # it may have been taken
            raise Ambiguous(str(error)) from error

    def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        found = {}
        for handle in handles:
            try:
                told = self._call("GET", f"/jobs/{handle}")
            except Gone:
                continue
            found[handle] = ProviderState(PHASES.get(told["status"], "unknown"), told.get("message", ""))
        return found

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        (unit,) = submission.units
        raw = self._raw("GET", f"/jobs/{handle}/counts")
        counts: dict[str, int] = {}
        for outcome, count in json.loads(raw).items():
            bits = [int(letter) for letter in outcome]  # qubit 0 leftmost: the wire is the index
            key = key_of(unit, bits.__getitem__)
            counts[key] = counts.get(key, 0) + count
        return Fetched((UnitResult(counts=counts),), hashlib.sha256(raw).hexdigest())

    def cancel(self, handle: str) -> None:
        self._raw("DELETE", f"/jobs/{handle}")

    def _call(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
        try:
            return json.loads(self._raw(method, path, body, headers))
        except ValueError as error:
            raise Unreachable(f"{method} {path.split('?')[0]}: the answer is not JSON") from error

    def _raw(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", **(headers or {})}
        request = Request(self._url + path, body, sent, method=method)  # noqa: S310 - the operator's own setting
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return bytes(answer.read())
        except HTTPError as error:
            raise _of_status(method, path, error) from error
        except (URLError, OSError) as error:
            raise Unreachable(f"{method} {path.split('?')[0]}: no answer ({type(error).__name__})") from error


def _of_status(method: str, path: str, error: HTTPError) -> ProviderError:
    what = f"{method} {path.split('?')[0]}: HTTP {error.code}"
    match error.code:
        case 401 | 403:
            return Unauthorized(f"{what}; check the token")
        case 404:
            return Gone(what)
        case 409:
            return AlreadyEnded(what)
        case 429:
            return Throttled(what, error.headers.get("Retry-After", 60))
        case code if 400 <= code < 500 and code != 408:
            return Rejected(what)
    return Unreachable(what)
