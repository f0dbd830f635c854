"""IonQ: its own interface (v0.4), by qiskit-ionq's client.

The Secret (a file): `api-key`, best one of a project of its own. There is no workload identity. No variable of the
environment, no `.env` and no file in the home directory is asked.

spec.device: the backend as IonQ names it, `simulator` or `qpu.forte-1`. spec.region: not used.
spec.options: `endpoint`, a URL in place of https://api.ionq.co, for private endpoints and tests.

The service has no idempotency: a POST that is repeated makes a second job. A job carries its key as its name and in its
metadata. All circuits and rows with the same number of shots go into one provider job.
IonQ tells probabilities; counts of measured shots only where a job lists them.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from qee.connectors.protocol import Fetched, ProviderState, Rejected, Settings, Target, Unauthorized
from qee.connectors.vendors.ionq.payload import BASIS, SIMULATOR, state, usage
from qee.documents.compiled import CompiledDocument, Submission, Usage
from qee.documents.run import RunDocument

if TYPE_CHECKING:
    from qee.connectors.vendors.ionq.calls import Service

URL = "https://api.ionq.co"
METADATA = "qee_key"  # names the key in a job's metadata; never to be changed


class IonQ:
    """See the module, and `qee.connectors.protocol.Connector`."""

    FORMATS: ClassVar[tuple[str, ...]] = ("openqasm3", "openqasm2", "qpy")
    OUTPUTS: ClassVar[tuple[str, ...]] = ("counts", "memory", "probabilities")
    IDEMPOTENT: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        unknown = sorted(settings.options.keys() - {"endpoint"})
        if unknown:
            raise Rejected(f"spec.options.{unknown[0]}: provider ionq knows endpoint alone; remove it")
        self._url = settings.options.get("endpoint", URL).rstrip("/")
        address = urlsplit(self._url)
        if address.scheme not in ("http", "https") or not address.netloc:
            raise Rejected("spec.options.endpoint is no URL; give one as https://api.ionq.co")
        try:
            self._token = Path(settings.credentials, "api-key").read_text().strip()
        except (OSError, ValueError):
            self._token = ""
        if not self._token or not self._token.isprintable():
            raise Unauthorized("credential api-key is missing or no text; add the key api-key to the backend's Secret")
        self._device = settings.device

    @cached_property
    def _service(self) -> "Service":
        from qee.connectors.vendors.ionq.calls import Service

        return Service(self._url, self._token)

    @classmethod
    def prepare(cls, document: RunDocument, target: bytes) -> CompiledDocument:
        from qee.connectors.vendors.ionq.compiling import prepare

        return prepare(document, target)

    @classmethod
    def estimate(cls, submission: Submission) -> Usage:
        return usage(submission)

    def describe(self) -> Target:
        found = self._service.backend(self._device)
        status = str(found.get("status", "unknown"))
        qubits = int(found["qubits"])
        return Target(
            operational=status in ("available", "running"),
            message=f"{status}; average queue time {found.get('average_queue_time', 'not told')} ms",
            qubits=qubits,
            basis_gates=BASIS,
            snapshot=json.dumps({"device": self._device, "qubits": qubits}, sort_keys=True).encode(),
            simulated=self._device == SIMULATOR,
        )

    def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        """By metadata, over all pages: there is no filter for it. IonQ's clock is not ours, so `since` is not asked.

        A job's children, one for each of several circuits, may be listed with its metadata: they are no submissions.
        """
        wanted = set(keys)
        found: dict[str, list[tuple[str, str]]] = {}
        for job in self._service.jobs():
            metadata = job.get("metadata")  # null in IonQ's own examples of listings: the name is the key, too
            key = metadata.get(METADATA) if isinstance(metadata, dict) else None
            key = next((each for each in (key, job.get("name")) if isinstance(each, str) and each in wanted), None)
            if key is not None and not job.get("parent_job_id"):
                # IonQ lists the newest first; where it tells when a job was submitted, that decides.
                found.setdefault(key, []).insert(0, (str(job.get("submitted_at") or ""), str(job["id"])))
        return {key: [handle for _, handle in sorted(jobs, key=lambda one: one[0])] for key, jobs in found.items()}

    def submit(self, key: str, submission: Submission) -> str:
        body: dict[str, Any] = json.loads(submission.payload)["body"]
        if body["backend"] != self._device:
            raise Rejected(f"the submission is for {body['backend']}, the backend's device is {self._device}")
        body["name"] = key
        body["metadata"] = {METADATA: key}
        return self._service.create(body)

    def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        found = self._service.listed(handles, "status") if len(handles) > 1 else {}
        for handle in handles:
            if handle not in found and (job := self._service.job(handle, "status")) is not None:
                found[handle] = job
        return {handle: state(job) for handle, job in found.items() if handle in handles}

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        from qee.connectors.vendors.ionq.fetching import fetched

        return fetched(self._service, handle, submission)

    def cancel(self, handle: str) -> None:
        self._service.cancel(handle)
