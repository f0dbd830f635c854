"""Amazon Braket: circuits as OpenQASM 3 on gate-based QPUs and on the simulators that AWS runs, by botocore.

The Secret (each key a file, named as in AWS's own credentials file): `aws_access_key_id`, `aws_secret_access_key` and,
for temporary keys, `aws_session_token`. Without a Secret: workload identity of the connector's pod, which sets
AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE (IRSA), or AWS_CONTAINER_CREDENTIALS_FULL_URI and
AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE (EKS Pod Identity). Keys in the environment, files in the home directory and
the node's own role are never asked.

spec.device: the device's ARN. spec.region: for devices whose ARN names none (the simulators); else left out.
spec.options: `bucket` (required), where Braket writes results; `prefix` (default `qee`), the keys' beginning there;
`endpoint`: a URL in place of Braket's, S3's and STS's, for private endpoints and tests.

A task's clientToken is the key, so that a repeated request should make no second task. How long AWS remembers a token
is not documented; the task also carries the key as its tag `qee-key` and in the place of its result.
Each circuit with each row of its parameters is a task of its own.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from qee.api.messages import one_line
from qee.connectors.protocol import ENDED, Fetched, ProviderState, Rejected, Settings, Target, Unreachable
from qee.connectors.vendors.braket import device, results
from qee.connectors.vendors.braket.settings import access
from qee.documents.compiled import CompiledDocument, Submission, Usage
from qee.documents.run import RunDocument

if TYPE_CHECKING:
    from qee.connectors.vendors.braket.calls import Service

MAX_BYTES = 64 * 2**20  # of a result


class Braket:
    """See the module, and `qee.connectors.protocol.Connector`."""

    FORMATS: ClassVar[tuple[str, ...]] = ("openqasm3", "openqasm2", "qpy")
    OUTPUTS: ClassVar[tuple[str, ...]] = ("counts", "memory", "probabilities")
    IDEMPOTENT: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self._access = access(settings)

    @cached_property
    def _service(self) -> "Service":
        from qee.connectors.vendors.braket.calls import Service

        return Service(self._access)

    @classmethod
    def prepare(cls, document: RunDocument, target: bytes) -> CompiledDocument:
        from qee.connectors.vendors.braket.compiling import prepare

        return prepare(document, target)

    @classmethod
    def estimate(cls, submission: Submission) -> Usage:
        shots = json.loads(submission.payload)["shots"]
        if [shots] != [unit.shots for unit in submission.units]:
            raise Rejected("the payload asks for other shots than the submission's unit")
        return Usage(tasks=1, shots=shots)

    def describe(self) -> Target:
        return device.target(self._service.device())

    def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[tuple[str, str]]] = {}
        wanted = set(keys)
        for task in self._service.since(since):
            key = task.get("tags", {}).get(device.KEY_TAG) or task["outputS3Directory"].split("/")[-2:][0]
            if key in wanted:
                found.setdefault(key, []).append((task["createdAt"].isoformat(), task["quantumTaskArn"]))
        return {key: [handle for _, handle in sorted(tasks)] for key, tasks in found.items()}

    def submit(self, key: str, submission: Submission) -> str:
        return self._service.create(key, submission.payload)

    def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        """Several by listing, which tells neither a place in the queue nor why a task failed: those one by one."""
        wanted = sorted(set(handles))
        listed = self._service.listed(wanted) if len(wanted) > 1 else {}
        states: dict[str, ProviderState] = {}
        for handle in wanted:
            task = listed.get(handle)
            if task is None or task["status"] == "FAILED":
                task = self._service.task(handle, queue=True)
            if task is not None:
                states[handle] = results.state(task)
        return states

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        task = self._service.ended(handle)
        state = results.state(task)
        if state.phase not in ENDED:
            raise Unreachable(f"fetch: the task has not ended, its status is {one_line(task['status'])}")
        if state.phase != "succeeded":
            reason = f": {state.message}" if state.message else ""
            return Fetched.nothing(submission, f"{task['status']} at Amazon Braket{reason}")
        payload = self._service.result(task, MAX_BYTES)
        if payload is None:
            return Fetched.nothing(submission, f"results.json is larger than {MAX_BYTES // 2**20} MiB")
        return results.read(submission, payload, handle)

    def cancel(self, handle: str) -> None:
        self._service.cancel(handle)
