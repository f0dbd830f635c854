"""IBM Quantum: circuits and observables through the service's programs `sampler` and `estimator`, or `executor`.

Credentials (files): `token`, an IBM Cloud API key, best of a service ID that may use one instance only; `instance`,
that instance's CRN, unless the option of that name gives it. There is no workload identity: the API knows keys only.

Options: `instance` (the CRN); `privateEndpoint` ("true": IBM's private network addresses); `endpoint` (a URL in place
of IBM's: the service is asked at URL/api/v1, for tokens at URL/identity/token); `program` ("executor": what the SDK's
client-side primitives use; "primitives", the default: the service's own, which IBM has deprecated). A region is part of
the CRN.

The service has no idempotency: a POST that is repeated makes a second job. A job carries its key as the tag `qee-KEY`.
All circuits with the same number of shots go into one provider job, as its PUBs, and every row of a sweep into one PUB;
the SDK announces that different shots in one job will be refused (SamplerV2.run, since 0.48).
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from qee.connectors.protocol import Fetched, ProviderState, Rejected, Settings, Target, Unauthorized
from qee.documents.compiled import CompiledDocument, Submission, Usage
from qee.documents.run import RunDocument

if TYPE_CHECKING:
    from qee.connectors.vendors.ibm.calls import Client

_OPTIONS = ("endpoint", "instance", "privateEndpoint", "program")
_PROGRAMS = ("primitives", "executor")
_CRN_PARTS = 10  # crn:version:cname:ctype:service:location:scope:instance:resource type:resource


class Ibm:
    """One device of IBM Quantum (qee.connectors.protocol.Connector)."""

    FORMATS: ClassVar[tuple[str, ...]] = ("openqasm3", "openqasm2", "qpy")
    OUTPUTS: ClassVar[tuple[str, ...]] = ("counts", "memory", "expectation")
    IDEMPOTENT: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        unknown = sorted(settings.options.keys() - set(_OPTIONS))
        if unknown:
            raise Rejected(
                f"options.{unknown[0]} is none of provider ibm; there are {', '.join(_OPTIONS)}; remove it from the"
                " QuantumBackend"
            )
        private = settings.options.get("privateEndpoint", "false")
        if private not in ("true", "false"):
            raise Rejected(f"options.privateEndpoint: {private[:40]!r} is neither true nor false")
        self._program = settings.options.get("program", _PROGRAMS[0])
        if self._program not in _PROGRAMS:
            raise Rejected(f"options.program: {self._program[:40]!r} is none of {', '.join(_PROGRAMS)}")
        folder = Path(settings.credentials)
        self._token = _file(folder, "token")
        self._instance = settings.options.get("instance") or _file(folder, "instance")
        parts = self._instance.split(":")
        if parts[0] != "crn" or len(parts) != _CRN_PARTS:
            raise Rejected("instance is no CRN (crn:v1:bluemix:public:quantum-computing:REGION:...); copy it from IBM")
        if settings.region and settings.region != parts[5]:
            raise Rejected(
                f"region: {settings.region[:40]!r} is not that of the instance, {parts[5]}; leave region out"
            )
        self._device = settings.device
        self._endpoint = settings.options.get("endpoint", "").rstrip("/")
        self._private = private == "true"

    @cached_property
    def _client(self) -> "Client":
        from qee.connectors.vendors.ibm.calls import Client

        return Client(self._token, self._instance, self._device, self._endpoint, self._private, self._program)

    @classmethod
    def prepare(cls, document: RunDocument, target: bytes) -> CompiledDocument:
        from qee.connectors.vendors.ibm.compiling import prepare

        return prepare(document, target)

    @classmethod
    def estimate(cls, submission: Submission) -> Usage:
        from qee.connectors.vendors.ibm.payload import Payload, usage

        return usage(Payload.from_bytes(submission.payload), submission.units)

    def describe(self) -> Target:
        return self._client.describe()

    def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        found = {key: self._client.find(key) for key in keys}
        return {key: handles for key, handles in found.items() if handles}

    def submit(self, key: str, submission: Submission) -> str:
        return self._client.submit(key, submission.payload)

    def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        return self._client.status(handles)

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        return self._client.fetch(handle, submission)

    def cancel(self, handle: str) -> None:
        self._client.cancel(handle)


def _file(folder: Path, name: str) -> str:
    try:
        value = (folder / name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        value = ""
    if not value:
        raise Unauthorized(f"credential {name} is missing or no text; add the key {name} to the backend's Secret")
    return value
