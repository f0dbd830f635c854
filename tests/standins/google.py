"""A stand-in for Google's Quantum Engine: the gRPC service google.cloud.quantum.v1alpha1.QuantumEngineService.

One port for both: what begins with HTTP/2's preface is passed on to the gRPC server, all else to the control server.
By standing between, it can drop a connection, which a gRPC server cannot.

The messages are those of cirq_google.cloud.quantum_v1alpha1, the programs and results those of cirq_google.api.v2
(cirq-google 1.7). The real server is closed and not documented. Not verified against it: the codes for a job that has
ended and is cancelled (here FAILED_PRECONDITION), and for a result that is not there yet (here NOT_FOUND); the size of
a page; how long ids may be. That a second creation under one id is refused is told in github.com/quantumlib/Cirq
issue 2673; the filters are those that cirq_google.engine.engine_client writes.
"""

import base64
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NoReturn

import cirq
import cirq_google
import grpc
from cirq_google.api import v2
from cirq_google.cloud import quantum
from cirq_google.engine.virtual_engine_factory import create_device_spec_from_processor_id
from google.protobuf import any_pb2, duration_pb2, empty_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from tests.standins import base

SERVICE = "google.cloud.quantum.v1alpha1.QuantumEngineService"
PROJECT, PROCESSOR, CONFIGURATION = "tests", "rainbow", "tuned"
CALIBRATED = 1637058415
PAGE = 3  # jobs of a listing
_OPERATIONS = {
    "CreateQuantumJob": "submit",
    "ListQuantumJobs": "status",
    "GetQuantumJob": "status",
    "GetQuantumResult": "fetch",
    "CancelQuantumJob": "cancel",
    "GetQuantumProcessor": "target",
    "GetQuantumProcessorConfig": "target",
}
_STATES = {"queued": 1, "running": 2, "cancelled": 4, "succeeded": 5, "failed": 6}
_FAULTS = {
    "503": (grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable."),
    "accept-then-503": (grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable."),
    "429": (grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded for quota metric 'Requests'."),
    "400": (grpc.StatusCode.INVALID_ARGUMENT, "Request contains an invalid argument."),
    "401": (grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials."),
    "404": (grpc.StatusCode.NOT_FOUND, "Requested entity was not found."),
}
_ACCEPTED = ("accept-then-drop", "accept-then-503", "hang", "slow", "malformed")


class Refused(Exception):
    """A call that is answered with an error."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Engine(base.Provider):
    NAME = "google"

    def __init__(self, token: str = "", lag: float = 0.0) -> None:
        super().__init__(token, lag)
        self.programs: dict[str, Any] = {}
        self.others: dict[str, str] = {}
        self.specification = any_pb2.Any()
        self.specification.Pack(create_device_spec_from_processor_id(PROCESSOR))
        self.device = cirq_google.GridDevice.from_proto(create_device_spec_from_processor_id(PROCESSOR))

    def operation(self, request: base.Request) -> str:
        return _OPERATIONS.get(request.path.rpartition("/")[2], "other")

    def answer(self, request: base.Request) -> base.Answer:
        return base.Answer({"error": "this service speaks gRPC"}, 404)

    def control(self, request: base.Request) -> base.Answer:
        if request.path == "/_standin/reset":
            self.programs.clear()
            self.others = {}
        if request.path == "/_standin/state":  # {"handle": ..., "state": 99}: what the engine may say one day
            self.jobs[request.json()["handle"]].facts["state"] = request.json()["state"]
            return base.Answer({})
        if request.path == "/_standin/others":  # {"processor": ..., "job": ..., "parent": ...}: names that answers have
            self.others = request.json()
            return base.Answer({})
        if request.path == "/_standin/lag":  # {"seconds": 3600}: of the jobs that come from now on
            self.lag = float(request.json()["seconds"])
            return base.Answer({})
        return super().control(request)

    def call(self, request: base.Request) -> bytes:
        """The answer to one remote procedure call. Raises Refused."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise Refused(
                grpc.StatusCode.UNAUTHENTICATED,
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other"
                " valid authentication credential.",
            )
        name = request.path.rpartition("/")[2]
        handler = getattr(self, re.sub("([A-Z])", r"_\1", name).lower(), None)
        if handler is None:
            raise Refused(grpc.StatusCode.UNIMPLEMENTED, f"no method {name}")
        answer = handler(getattr(quantum, f"{name}Request").deserialize(request.body))
        if isinstance(answer, empty_pb2.Empty):
            return b""
        serialized: bytes = type(answer).serialize(answer)
        return serialized

    def _create_quantum_program(self, request: Any) -> Any:
        program = request.quantum_program
        if not program.name.startswith(f"projects/{PROJECT}/programs/"):
            raise Refused(grpc.StatusCode.PERMISSION_DENIED, f"Permission denied on resource {request.parent}")
        if program.name in self.programs:
            raise Refused(grpc.StatusCode.ALREADY_EXISTS, "Requested entity already exists")
        self.programs[program.name] = program
        return program

    def _create_quantum_job(self, request: Any) -> Any:
        job = request.quantum_job
        if request.parent not in self.programs:
            raise Refused(grpc.StatusCode.NOT_FOUND, "Program not found")
        if job.name in self.jobs:
            raise Refused(grpc.StatusCode.ALREADY_EXISTS, "Requested entity already exists")
        if not 0 <= job.scheduling_config.priority < 1000:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "priority must be between 0 and 1000")
        selector = job.scheduling_config.processor_selector
        if selector.processor != f"projects/{PROJECT}/processors/{PROCESSOR}":
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Unknown processor {selector.processor}")
        self.add(
            job.name,
            {"program": request.parent, "runContext": base64.b64encode(job.run_context.value).decode()},
            labels=dict(job.labels),
            priority=job.scheduling_config.priority,
            configuration=selector.device_config_selector.config_alias,
            run=selector.device_config_selector.run_name,
            created=int(time.time()),
        )
        return self._told(self.jobs[job.name])

    def _get_quantum_job(self, request: Any) -> Any:
        return self._told(self._known(request.name, look=True))

    def _list_quantum_jobs(self, request: Any) -> Any:
        for handle in list(self.jobs):
            self.look(handle)
        parent = request.parent.removesuffix("-")
        found = [job for job in self.listed() if job.handle.startswith(parent) and _passes(job, request.filter)]
        start = int(request.page_token or 0)
        size = min(request.page_size or PAGE, PAGE)
        following = str(start + size) if start + size < len(found) else ""
        page = [self._told(job) for job in found[start : start + size]]
        return quantum.ListQuantumJobsResponse(jobs=page, next_page_token=following)

    def _get_quantum_result(self, request: Any) -> Any:
        job = self._known(request.parent)
        if job.phase != "succeeded":
            raise Refused(grpc.StatusCode.NOT_FOUND, "Result not found")
        return quantum.QuantumResult(parent=self.others.get("parent", job.handle), result=job.result)

    def _cancel_quantum_job(self, request: Any) -> Any:
        job = self._known(request.name)
        if not self.cancel(job.handle):
            raise Refused(grpc.StatusCode.FAILED_PRECONDITION, "The job is in a terminal state")
        return empty_pb2.Empty()

    def _get_quantum_processor(self, request: Any) -> Any:
        if request.name != f"projects/{PROJECT}/processors/{PROCESSOR}":
            raise Refused(grpc.StatusCode.NOT_FOUND, f"Processor {request.name} not found")
        return quantum.QuantumProcessor(
            name=request.name,
            health=quantum.QuantumProcessor.Health.OK,
            device_spec=self.specification,
            current_calibration=f"{request.name}/calibrations/{CALIBRATED}",
        )

    def _get_quantum_processor_config(self, request: Any) -> Any:
        if not request.name.endswith(f"/configAutomationRuns/current/configs/{CONFIGURATION}"):
            raise Refused(grpc.StatusCode.NOT_FOUND, "Configuration not found")
        return quantum.QuantumProcessorConfig(name=request.name, device_specification=self.specification)

    def _known(self, name: str, look: bool = False) -> base.ProviderJob:
        job = self.look(name) if look else self.jobs.get(name)
        if job is None:
            raise Refused(grpc.StatusCode.NOT_FOUND, "Requested entity was not found.")
        return job

    def _told(self, job: base.ProviderJob) -> Any:
        processor = f"projects/{PROJECT}/processors/{self.others.get('processor', PROCESSOR)}"
        state = job.facts.get("state", _STATES[job.phase])
        status = quantum.ExecutionStatus(state=state, processor_name=processor)
        if job.phase == "failed":
            status.failure.error_code = quantum.ExecutionStatus.Failure.Code.INVALID_PROGRAM
            status.failure.error_message = job.facts["error"]
        name = self.others.get("job", job.handle)
        return quantum.QuantumJob(name=name, labels=job.facts["labels"], execution_status=status)

    def execute(self, job: base.ProviderJob) -> Any:
        """A v2 Result in an Any."""
        if "state" in job.facts:
            return None
        program = v2.program_pb2.Program.FromString(self.programs[job.body["program"]].code.value)
        circuit = cirq_google.CIRCUIT_SERIALIZER.deserialize(program)
        self.device.validate_circuit(circuit)
        context = v2.run_context_pb2.RunContext.FromString(base64.b64decode(job.body["runContext"]))
        simulator = cirq.Simulator(seed=job.number)
        sweeps = [
            simulator.run_sweep(circuit, v2.sweep_from_proto(sweep.sweep), sweep.repetitions)
            for sweep in context.parameter_sweeps
        ]
        packed = any_pb2.Any()
        packed.Pack(v2.results_to_proto(sweeps, v2.find_measurements(circuit)))
        return packed


def _passes(job: base.ProviderJob, filter: str) -> bool:
    states = {
        quantum.ExecutionStatus.State[name].value for name in re.findall(r"execution_status\.state = (\w+)", filter)
    }
    labels = dict(re.findall(r"labels\.([\w-]+):(\S+)", filter))
    after = [int(each) for each in re.findall(r"create_time >= (\d+)", filter)]
    return (
        (not states or job.facts.get("state", _STATES[job.phase]) in states)
        and all(job.facts["labels"].get(key) == value for key, value in labels.items())
        and all(job.facts["created"] >= moment for moment in after)
    )


class Calls(grpc.GenericRpcHandler):
    """Every method of the service, on bytes: an answer can be cut so that it is no message."""

    def __init__(self, engine: Engine, front: "Front") -> None:
        self._engine, self._front = engine, front

    def service(self, details: Any) -> Any:
        def answer(body: bytes, context: Any) -> bytes:
            headers = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
            return self._answer(base.Request("POST", details.method, {}, headers, body), context)

        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer(self, request: base.Request, context: Any) -> bytes:
        engine, operation = self._engine, self._engine.operation(request)
        with engine.lock:
            fault = engine.fault_for(operation)
            kind = fault["fault"] if fault else ""
            engine.log.append(
                {
                    "number": len(engine.log) + 1,
                    "operation": operation,
                    "method": request.method,
                    "path": request.path,
                    "fault": kind,
                }
            )
            answer, refusal = b"", None
            try:
                if not kind or kind in _ACCEPTED:
                    answer = engine.call(request)
            except Refused as error:
                refusal = error
        if kind in ("drop", "accept-then-drop"):
            self._front.drop()
        elif kind == "429":
            context.abort_with_status(_throttled())
        elif kind == "409":
            submitting = operation == "submit"
            code = grpc.StatusCode.ALREADY_EXISTS if submitting else grpc.StatusCode.FAILED_PRECONDITION
            context.abort(code, "Requested entity already exists" if submitting else "The job is in a terminal state")
        elif kind in _FAULTS:
            context.abort(*_FAULTS[kind])
        elif kind in ("hang", "slow"):
            time.sleep(3600 if kind == "hang" else float((fault or {})["seconds"]))
        if refusal is not None and kind in ("", "slow"):
            context.abort(refusal.code, str(refusal))
        return b"\x0a\xff\x01" + answer[: len(answer) // 2] if kind == "malformed" else answer


def _throttled() -> Any:
    """As Google's API design guide has it: a google.rpc.Status with a RetryInfo."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=1)))
    message = _FAULTS["429"][1]
    return rpc_status.to_status(status_pb2.Status(code=code_pb2.RESOURCE_EXHAUSTED, message=message, details=[detail]))


class Front:
    """The port that is known outside."""

    def __init__(self, host: str, port: int, http: int) -> None:
        self.socket = socket.create_server((host, port))
        self.grpc, self._http, self._host = 0, http, host
        self._dropped: list[socket.socket] = []
        self.server: Any = None  # kept: a gRPC server that nobody holds is stopped

    def serve_forever(self) -> NoReturn:
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def drop(self) -> None:
        """Every connection of gRPC ends without a word."""
        while self._dropped:
            with suppress(OSError):
                self._dropped.pop().shutdown(socket.SHUT_RDWR)

    def _connect(self, client: socket.socket) -> None:
        first = client.recv(1, socket.MSG_PEEK) and client.recv(3, socket.MSG_PEEK | socket.MSG_WAITALL)
        speaks_grpc = first == b"PRI"
        server = socket.create_connection((self._host, self.grpc if speaks_grpc else self._http))
        if speaks_grpc:
            self._dropped += [client, server]
        threading.Thread(target=_pass, args=(server, client), daemon=True).start()
        _pass(client, server)


def _pass(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def serve(provider: base.Provider, host: str = "127.0.0.1", port: int = 0) -> Front:
    assert isinstance(provider, Engine)
    control = base.serve(provider, host)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    front = Front(host, port, control.server_address[1])
    server = grpc.server(ThreadPoolExecutor(32), handlers=[Calls(provider, front)])
    front.grpc = server.add_insecure_port(f"{host}:0")
    server.start()
    front.server = server
    provider.base = f"http://{host}:{front.socket.getsockname()[1]}"
    return front


if __name__ == "__main__":
    base.main(Engine, serve)
