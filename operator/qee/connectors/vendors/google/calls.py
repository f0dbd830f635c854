"""Calls of Quantum Engine by cirq-google's EngineClient: each once, with a deadline, on a channel of our own.

The client repeats what failed with 500 or 503 for up to an hour unless `max_retry_delay_seconds` is 0; then it raises
TimeoutError after the first try. Its streaming call is not used: it sends a cancellation when it is stopped.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import duet
import grpc
import grpc.aio
from cirq_google.api import v2
from cirq_google.cloud import quantum
from cirq_google.cloud.quantum_v1alpha1.services.quantum_engine_service.transports import (
    QuantumEngineServiceGrpcAsyncIOTransport as Transport,
)
from cirq_google.engine.engine_client import EngineClient, EngineException
from cirq_google.engine.engine_validator import MAX_TOTAL_REPETITIONS
from cirq_google.engine.processor_config import Run, Snapshot
from google.api_core.exceptions import DataLoss
from google.protobuf.any_pb2 import Any as AnyMessage

from qee.connectors.answers import same
from qee.connectors.protocol import Ambiguous, Gone, Rejected, Target, Unreachable
from qee.connectors.vendors.google.credentials import bearer
from qee.connectors.vendors.google.errors import Exists, mapped
from qee.connectors.vendors.google.payload import TARGET_FORMAT
from qee.connectors.vendors.google.settings import Access
from qee.documents.canonical import canonical_json

SECONDS = 60.0  # the deadline of a call; the SDK has none for cancelling and for device configurations
_LABEL = "qee_backend"
_AT_ONCE = 8
_TYPES = "type.googleapis.com/cirq.google.api.v2."
_HEALTH = {1: "OK", 2: "DOWN", 3: "UNAVAILABLE", 4: "INACTIVE"}  # QuantumProcessor.Health
_PENDING = {quantum.ExecutionStatus.State[name] for name in ("READY", "RUNNING", "CANCELLING")}
_OPTIONS = (
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
)
_R = TypeVar("_R")


class Service:
    """One processor of one project."""

    def __init__(self, access: Access, processor: str, backend: str) -> None:
        self._access, self._processor, self._backend = access, processor, backend
        self._bearer = bearer(access)
        self._token = ""
        self._client = EngineClient({"transport": self._transport}, verbose=False, max_retry_delay_seconds=0)

    def handle(self, key: str) -> str:
        return f"projects/{self._access.project}/programs/qee-{key}/jobs/qee-{key}"

    def target(self) -> Target:
        project, selector = self._access.project, self._access.selector
        found = self._call("describe", lambda: self._client.get_processor(project, self._processor))
        packed = found.device_spec
        if selector:
            snapshot = selector.get("snapshotId")
            revision = Snapshot(id=snapshot) if snapshot else Run(id=selector["runName"])
            config = self._call(
                "describe",
                lambda: self._client.get_quantum_processor_config(
                    project, self._processor, selector["deviceConfigName"], revision
                ),
            )
            if config is None:
                raise Rejected(
                    f"spec.options.deviceConfigName: processor {self._processor} has no configuration"
                    f" {selector['deviceConfigName']} of that run or snapshot; correct spec.options"
                )
            packed = config.device_specification
        specification = v2.device_pb2.DeviceSpecification()
        with mapped("describe"):
            if not packed.Unpack(specification):
                raise Unreachable(f"describe: processor {self._processor} tells no device specification")
        health = _HEALTH.get(int(found.health), f"health {int(found.health)}")
        return Target(
            operational=health == "OK",
            message=health,
            qubits=len(specification.valid_qubits),
            basis_gates=tuple(sorted(gate.WhichOneof("gate") or "unknown" for gate in specification.valid_gates)),
            snapshot=canonical_json(
                {
                    "apiVersion": TARGET_FORMAT,
                    "processor": self._processor,
                    "selector": dict(selector),
                    "deviceSpecification": base64.b64encode(
                        specification.SerializeToString(deterministic=True)
                    ).decode(),
                }
            ),
            calibration_time=_calibration(found.current_calibration),
            max_shots=MAX_TOTAL_REPETITIONS,
        )

    def create(self, key: str, content: Mapping[str, Any], shots: Sequence[int]) -> str:
        """A program and its job. Either may be there from a submission that was cut short. `shots`: of each unit."""
        if _repetitions(content["runContext"]) != list(shots):
            raise Rejected("submit: the run has other repetitions than the submission's units; submit the job again")
        project, name = self._access.project, f"qee-{key}"
        selector = content["selector"]
        labels = {_LABEL: self._backend}
        code, context = (_packed("Program", content["program"]), _packed("RunContext", content["runContext"]))
        with suppress(Exists):
            self._call("submit", lambda: self._client.create_program(project, name, code, labels=labels))
        try:
            self._call(
                "submit",
                lambda: self._client.create_job(
                    project,
                    name,
                    name,
                    self._processor,
                    context,
                    priority=content.get("priority"),
                    labels=labels,
                    run_name=selector.get("runName", ""),
                    snapshot_id=selector.get("snapshotId", ""),
                    device_config_name=selector.get("deviceConfigName", ""),
                ),
            )
        except Exists as error:
            if not self.jobs([self.handle(key)], "submit"):
                raise Ambiguous(str(error)) from None
        return self.handle(key)

    def jobs(self, handles: Sequence[str], call: str) -> dict[str, Any]:
        """The job of each handle, without those that the engine does not know."""

        async def look(handle: str) -> Any:
            try:
                return await self._client.get_job_async(*_ids(handle), False)
            except EngineException as error:
                if error.code == 404:
                    return None
                raise

        known = [handle for handle in handles if _ids(handle)]
        found = self._call(call, lambda: duet.pmap(look, known, limit=_AT_ONCE)) if known else []
        jobs = {handle: job for handle, job in zip(known, found, strict=True) if job is not None}
        for handle, job in jobs.items():
            same(call, "the job", job.name, handle)
        return jobs

    def pending(self, handles: Sequence[str]) -> dict[str, Any]:
        """Those of the handles that have not ended, as far as the listing shows them."""
        listed = self._call(
            "status",
            lambda: self._client.list_jobs(
                self._access.project, has_labels={_LABEL: self._backend}, execution_states=_PENDING
            ),
        )
        wanted = set(handles)
        return {job.name: job for job in listed if job.name in wanted}

    def result(self, handle: str) -> AnyMessage:
        found = self._call("fetch", lambda: self._client.get_job_results(*_ids(handle)))
        same("fetch", "the result of", found.parent or handle, handle)
        return found.result

    def cancel(self, handle: str) -> None:
        if not _ids(handle):
            raise Gone("cancel: this is no handle of a job of Quantum Engine")
        self._call("cancel", lambda: self._client.cancel_job(*_ids(handle)))

    def _call(self, call: str, ask: Callable[[], _R]) -> _R:
        with mapped(call, lambda: self._token):
            self._token = self._bearer()
            return ask()

    def _transport(self, **_: Any) -> Transport:
        """Called in the SDK's own loop, where the channel must be made."""
        parts = urlsplit(self._access.endpoint)
        default = 443 if parts.scheme == "https" else 80
        address = f"{_host(parts.hostname)}:{parts.port or default}"
        signed = [_Signed(lambda: self._token)]
        if parts.scheme == "https":
            secure = grpc.ssl_channel_credentials()
            return Transport(channel=grpc.aio.secure_channel(address, secure, _OPTIONS, interceptors=signed))
        plain = (*_OPTIONS, ("grpc.enable_http_proxy", 0))
        return Transport(channel=grpc.aio.insecure_channel(address, plain, interceptors=signed))


class _Signed(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Puts the token and a deadline on each call."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        metadata = grpc.aio.Metadata(*(details.metadata or ()), ("authorization", f"Bearer {self._token()}"))
        timeout = min(details.timeout or SECONDS, SECONDS)
        signed = grpc.aio.ClientCallDetails(
            details.method, timeout, metadata, details.credentials, details.wait_for_ready
        )
        call = await continuation(signed, request)
        if await call is None:  # what grpc.aio makes of an answer that is no message
            raise DataLoss("the answer cannot be read")
        return call


def _ids(handle: str) -> tuple[str, ...]:
    """Project, program and job; empty where it is no job's name."""
    parts = handle.split("/")
    if len(parts) == 6 and parts[::2] == ["projects", "programs", "jobs"] and all(parts):
        return tuple(parts[1::2])
    return ()


def _repetitions(packed: str) -> list[int]:
    """Of every point of every sweep of a run context."""
    try:
        context = v2.run_context_pb2.RunContext.FromString(base64.b64decode(packed))
        return [each.repetitions for each in context.parameter_sweeps for _ in v2.sweep_from_proto(each.sweep)]
    except Exception as error:
        raise Rejected(f"submit: the run context cannot be read ({type(error).__name__})") from None


def _packed(kind: str, text: str) -> AnyMessage:
    return AnyMessage(type_url=f"{_TYPES}{kind}", value=base64.b64decode(text))


def _host(name: str | None) -> str:
    return f"[{name}]" if name and ":" in name else str(name)


def _calibration(name: str) -> str | None:
    """projects/P/processors/P/calibrations/SECONDS"""
    seconds = name.rpartition("/")[2]
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 12):
        return None
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
