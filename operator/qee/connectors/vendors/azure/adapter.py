"""Azure Quantum: targets of IonQ, Quantinuum (H2) and Rigetti, by azure-quantum 3.13.

The Secret (each key a file): `connection-string`, as the workspace's access keys show it, or `api-key` alone. Without a
Secret: Azure workload identity of the connector's pod, which sets AZURE_TENANT_ID, AZURE_CLIENT_ID and
AZURE_FEDERATED_TOKEN_FILE. No other variable, no file in the home directory and no browser is asked.

spec.device: the target, as ionq.qpu.forte-1. spec.region: the workspace's location, as eastus.
spec.options: `subscriptionId`, `resourceGroup`, `workspace`: of the workspace; not needed beside a connection string.
`kind`: v1 (default) or v2, as the workspace's overview says. `endpoint`: URL of the service in place of the region's,
for private endpoints and tests; http with an access key only. `tenantId`, `clientId`: in place of the pod's own.
The blobs' addresses come from the service itself.

The id of a provider job is made from the key, so that a second submission under a key cannot make a second job.
"""

import hashlib
import json
import uuid
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
from qee.connectors.vendors.azure import results, targets
from qee.connectors.vendors.azure.results import word
from qee.connectors.vendors.azure.settings import access
from qee.documents.compiled import CompiledDocument, Submission, Usage
from qee.documents.run import RunDocument

if TYPE_CHECKING:
    from qee.connectors.vendors.azure.calls import Service

MAX_BYTES = 64 * 2**20  # of a result
_JOBS = uuid.UUID("6f1ab7c0-6b0e-5b54-9a36-0d0c3f0c6a11")  # the name space of QEE's job ids; never to be changed


def job_id(key: str) -> str:
    return str(uuid.uuid5(_JOBS, key))


class Azure:
    """See the module, and `qee.connectors.protocol.Connector`."""

    FORMATS: ClassVar[tuple[str, ...]] = ("openqasm3", "openqasm2", "qpy")
    OUTPUTS: ClassVar[tuple[str, ...]] = ("counts", "memory", "probabilities")
    IDEMPOTENT: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self._access = access(settings)
        self._target = settings.device
        if targets.device(settings.device) is None:
            raise Rejected(
                f"spec.device: QEE makes no programs for target {settings.device}; name one of IonQ, Quantinuum H2 or"
                " Rigetti"
            )

    @cached_property
    def _service(self) -> "Service":
        from qee.connectors.vendors.azure.calls import Service

        return Service(self._access)

    @classmethod
    def prepare(cls, document: RunDocument, target: bytes) -> CompiledDocument:
        from qee.connectors.vendors.azure.compiling import prepare

        return prepare(document, target)

    @classmethod
    def estimate(cls, submission: Submission) -> Usage:
        return targets.usage(submission.payload, sum(unit.shots for unit in submission.units))

    def describe(self) -> Target:
        provider, found = self._service.targets().get(self._target, ("", None))
        device = targets.device(self._target, found and found.num_qubits, provider)
        if found is None or device is None:
            raise Rejected(f"spec.device: the workspace has no target {self._target}; add its provider to it")
        availability = word(found.current_availability)
        return Target(
            operational=availability in ("Available", "Degraded"),
            message=f"{availability}; average queue time {found.average_queue_time} s",
            qubits=device.qubits,
            basis_gates=device.family.basis,
            snapshot=device.snapshot(),
            simulated=device.simulated,
            max_shots=device.max_shots,
        )

    def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        """By id: neither `since` nor a listing that lags matters, and there is one at most."""
        found = self._service.jobs([job_id(key) for key in keys], "find")
        return {key: [job_id(key)] for key in keys if job_id(key) in found}

    def submit(self, key: str, submission: Submission) -> str:
        content = json.loads(submission.payload)
        if content["target"] != self._target:
            raise Rejected(f"the submission is for target {content['target']}, the backend's is {self._target}")
        self._service.create(job_id(key), key, content)
        return job_id(key)

    def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        wanted = set(handles)
        found = self._service.listed(wanted) if len(wanted) > 1 else {}
        found |= self._service.jobs(wanted - found.keys(), "status")  # one alone, or what the listing does not show
        return {handle: results.state(job) for handle, job in found.items()}

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        job = self._service.job(handle, "fetch")
        if job is None:
            raise Gone("fetch: Azure Quantum does not know the job")
        state, charge = results.state(job), results.charge(job)
        if state.phase not in ENDED:
            raise Unreachable(f"fetch: the job has not ended, its status is {word(job.status)}")
        if state.phase != "succeeded":
            problem = f"{word(job.status)} at Azure Quantum{': ' if state.message else ''}{state.message}"
            return Fetched.nothing(submission, problem, charge)
        sent = results.Sent.of(submission.payload)
        if other := sent.other(job):
            return Fetched.nothing(submission, other, charge)
        payload = self._service.output(job, MAX_BYTES)
        if payload is None:
            return Fetched.nothing(submission, f"the result is larger than {MAX_BYTES // 2**20} MiB", charge)
        units = tuple(results.read(unit, sent.output_format, payload, sent.qubits) for unit in submission.units)
        return Fetched(units, hashlib.sha256(payload).hexdigest(), charge)

    def cancel(self, handle: str) -> None:
        try:
            self._service.cancel(handle)
        except Rejected:  # what a job that has ended is answered is not documented, so look
            job = self._service.job(handle, "status")
            if job is not None and results.state(job).phase in ENDED:
                raise AlreadyEnded(f"cancel: the job has ended, its status is {word(job.status)}") from None
            raise
