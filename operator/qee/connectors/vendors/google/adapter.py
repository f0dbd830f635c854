"""Google Quantum Engine, by cirq-google 1.7: gRPC, one program and one job for each circuit.

The Secret (each key a file): `credentials.json`, a service account's key, or a workload identity federation's
configuration, which says itself where its tokens come from; or `token`, an OAuth access token, read anew for each call.
Without a Secret: workload identity of the connector's pod, as GKE's metadata server gives it. No variable of the
environment and no file in the home directory is asked for a credential.

spec.device: the processor's id. spec.region: not used.
spec.options: `project` (required): id of the project that owns the programs. `deviceConfigName` together with `runName`
or `snapshotId`: a device configuration other than the processor's default. `endpoint`: URL of the service in place of
https://quantum.googleapis.com, for private endpoints and tests; http with a `token` only, which it sends in clear.

Ids of programs and jobs are made from the key, so that a second submission under a key cannot make a second job.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from qee.connectors.protocol import (
    ENDED,
    AlreadyEnded,
    Fetched,
    Gone,
    ProviderState,
    Rejected,
    Settings,
    Target,
    Unreachable,
)
from qee.connectors.vendors.google.payload import FORMATS, usage
from qee.connectors.vendors.google.settings import access
from qee.documents.compiled import CompiledDocument, Submission, Usage
from qee.documents.run import RunDocument

if TYPE_CHECKING:
    from qee.connectors.vendors.google.calls import Service


class Google:
    """See the module, and `qee.connectors.protocol.Connector`."""

    FORMATS: ClassVar[tuple[str, ...]] = FORMATS
    OUTPUTS: ClassVar[tuple[str, ...]] = ("counts", "memory")
    IDEMPOTENT: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self._access = access(settings)
        self._settings = settings

    @cached_property
    def _service(self) -> "Service":
        from qee.connectors.vendors.google.calls import Service

        return Service(self._access, self._settings.device, self._settings.backend)

    @classmethod
    def prepare(cls, document: RunDocument, target: bytes) -> CompiledDocument:
        from qee.connectors.vendors.google.compiling import prepare

        return prepare(document, target)

    @classmethod
    def estimate(cls, submission: Submission) -> Usage:
        return usage(submission.units)

    def describe(self) -> Target:
        return self._service.target()

    def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        """By id: neither `since` nor a listing that lags matters, and there is one at most."""
        handles = {self._service.handle(key): key for key in keys}
        return {handles[handle]: [handle] for handle in self._service.jobs(list(handles), "find")}

    def submit(self, key: str, submission: Submission) -> str:
        content = json.loads(submission.payload)
        if content["processor"] != self._settings.device:
            raise Rejected(
                f"submit: the program is for processor {content['processor']}, the backend's is"
                f" {self._settings.device}; submit the job again"
            )
        return self._service.create(key, content, [unit.shots for unit in submission.units])

    def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        """One listing of those that have not ended, then a look at each that is not in it."""
        from qee.connectors.vendors.google.results import state

        wanted = list(dict.fromkeys(handles))
        found = self._service.pending(wanted) if len(wanted) > 1 else {}
        found |= self._service.jobs([handle for handle in wanted if handle not in found], "status")
        return {handle: state(job) for handle, job in found.items()}

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        from qee.connectors.vendors.google.results import read, state

        job = self._service.jobs([handle], "fetch").get(handle)
        if job is None:
            raise Gone("fetch: Quantum Engine does not know the job")
        found = state(job)
        if found.phase not in ENDED:
            raise Unreachable(f"fetch: the job has not ended, its state is {found.message}")
        if found.phase != "succeeded":
            return Fetched.nothing(submission, f"{found.message} at Quantum Engine")
        processor = job.execution_status.processor_name.rpartition("/")[2]
        if processor not in ("", self._settings.device):
            told = f"Quantum Engine ran the job on {processor:.64}, it was submitted for {self._settings.device}"
            return Fetched.nothing(submission, told)
        payload = self._service.result(handle)
        return Fetched(read(submission, payload.type_url, payload.value), hashlib.sha256(payload.value).hexdigest())

    def cancel(self, handle: str) -> None:
        from qee.connectors.vendors.google.results import state

        try:
            self._service.cancel(handle)
        except (AlreadyEnded, Rejected):  # what a job that has ended is answered is not documented, so look
            job = self._service.jobs([handle], "cancel").get(handle)
            if job is not None and state(job).phase in ENDED:
                raise AlreadyEnded(f"cancel: the job has ended, its state is {state(job).message}") from None
            raise
