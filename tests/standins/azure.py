"""Azure Quantum's data plane, as azure-quantum 3.13 speaks it, and the blob storage of its workspace.

Run in the environment of the SDK. What the service answers has the form of its recorded traffic of 2023 and 2024, which
azure-quantum-python had beside its tests (tests/unit/recordings: test_job_submit_ionq_100_shots, _quantinuum_h2_1e,
_rigetti_default_input_params): jobs with every field, those without a value null, addresses of blobs with their token,
storage's errors in XML. API version and shots are those of azure-quantum 3.13 (its _client; azure.quantum.qiskit.job
for the outputs). Where these say nothing, a comment here does. Never compared with the service.

Beyond the base's control, until the next reset:

    POST /_standin/status {"status": "Paused"}   what every job shows
    POST /_standin/lag {"seconds": 3600}         after how long listings show a new job
    POST /_standin/storage {"url": "http://..."} where the blobs are said to be
"""

import hashlib
import json
import re
from typing import Any, ClassVar
from urllib.parse import urlencode

import numpy as np
from qiskit import QuantumCircuit, qasm2
from qiskit.quantum_info import Statevector
from tests.standins.base import Answer, Provider, ProviderJob, Request, main

_WORKSPACE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Quantum/workspaces/[^/]+(?P<rest>/.*)"
)
_BLOB = re.compile(r"/storage/(?P<container>[a-z0-9-]{3,63})/(?P<blob>[^/]+)")
_STATUS = {
    "queued": "Waiting",
    "running": "Executing",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
_TARGETS = {
    "ionq": {"ionq.simulator": 29, "ionq.qpu.forte-1": 36},
    "quantinuum": {"quantinuum.sim.h2-1e": 56, "quantinuum.qpu.h2-1": 56},
    "rigetti": {"rigetti.sim.qvm": 20, "rigetti.qpu.cepheus-1-108q": 108},
}
_NULL = (
    *("metadata", "sessionId", "beginExecutionTime", "cancellationTime", "quantumComputingData", "errorData"),
    *("endExecutionTime", "costEstimate"),
)
_PAGE = 5  # the service's own page is not documented; clients must follow nextLink whatever they asked for
_CREATED = "2026-01-02T03:04:05Z"


class Azure(Provider):
    NAME: ClassVar[str] = "azure"

    def __init__(self, token: str = "", lag: float = 0.0) -> None:
        super().__init__(token, lag)
        self.blobs: dict[str, dict[str, bytes]] = {}
        self.shown = self.elsewhere = ""
        self.initial_lag = lag

    def operation(self, request: Request) -> str:
        rest = _rest(request)
        if rest == "/providerStatus":
            return "target"
        if request.method == "PUT" and rest.startswith("/jobs/"):
            return "submit"
        if rest.endswith(":cancel"):
            return "cancel"
        # A job is read for several reasons; the adapter says which.
        told = re.match(r"qee-(find|status|fetch)\b", request.headers.get("user-agent", ""))
        if told:
            return told[1]
        if _BLOB.fullmatch(request.path) and request.method == "GET":
            return "fetch"
        return "status" if rest.startswith("/jobs") else "other"

    def answer(self, request: Request) -> Answer:
        if blob := _BLOB.fullmatch(request.path):
            return self.storage(request, blob["container"], blob["blob"])
        key = request.headers.get("x-ms-quantum-api-key", "")
        if (self.token and key != self.token) or "authorization" in request.headers:
            return _error(401, "Unauthorized", "The access key or token is not valid for this workspace.")
        rest = _rest(request)
        if rest == "/providerStatus":
            return self.providers(request)
        if rest == "/storage/sasUri" and request.method == "POST":
            return self.address(request)
        if rest == "/jobs":
            return self.listing(request)
        name = rest.removeprefix("/jobs/")
        if name.endswith(":cancel") and request.method == "POST":
            return self.cancelled(name.removesuffix(":cancel"))
        if request.method == "PUT":
            return self.submitted(name, request)
        job = self.look(name) if request.method == "GET" else None
        return Answer(self.details(job)) if job else _error(404, "JobNotFound", "There is no such job.")

    def providers(self, request: Request) -> Answer:
        """One provider a page."""
        number = int(request.query.get("skiptoken", 0))
        provider = list(_TARGETS)[number]
        targets = [
            {"id": name, "currentAvailability": "Available", "averageQueueTime": 120, "numQubits": qubits}
            for name, qubits in _TARGETS[provider].items()
        ]
        page = [{"id": provider, "currentAvailability": "Available", "targets": targets}]
        more = number + 1 < len(_TARGETS)
        return Answer({"value": page, "nextLink": self.link(request, skiptoken=number + 1) if more else None})

    def address(self, request: Request) -> Answer:
        asked = request.json()
        place = asked["containerName"] + (f"/{asked['blobName']}" if asked.get("blobName") else "")
        self.blobs.setdefault(asked["containerName"], {})
        expiry = "se=2099-01-01T00%3A00%3A00Z"
        signed = f"sv=2024-01-01&{expiry}&sig={self.signature(place)}"
        return Answer({"sasUri": f"{self.elsewhere or self.url(request)}/storage/{place}?{signed}"})

    def signature(self, place: str) -> str:
        return hashlib.sha256(f"{self.token}/{place.partition('/')[0]}".encode()).hexdigest()

    def storage(self, request: Request, container: str, blob: str) -> Answer:
        """Put Blob and Get Blob of Azure Storage's REST API, version 2024-01-01."""
        if request.query.get("sig") != self.signature(container):
            return _storage_error(403, "AuthenticationFailed")
        if container not in self.blobs:
            return _storage_error(404, "ContainerNotFound")
        there = self.blobs[container]
        if request.method == "PUT":
            if blob in there and request.headers.get("if-none-match") == "*":
                return _storage_error(409, "BlobAlreadyExists")
            there[blob] = request.body
            return Answer(b"", 201, {"ETag": '"1"', "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT"})
        if blob not in there:
            return _storage_error(404, "BlobNotFound")
        first, _, last = request.headers.get("x-ms-range", "bytes=0-").removeprefix("bytes=").partition("-")
        part = there[blob][int(first) : int(last) + 1 if last else None]
        span = f"bytes {first}-{int(first) + len(part) - 1}/{len(there[blob])}"
        return Answer(part, 206, {"Content-Range": span, "Content-Type": "application/octet-stream", "ETag": '"1"'})

    def submitted(self, name: str, request: Request) -> Answer:
        """Not documented: what a second PUT of an id answers. A refusal is the harder case for a client."""
        if name in self.jobs:
            return _error(409, "JobAlreadyExists", "A job with this id exists.")
        body = request.json()
        missing = {"name", "providerId", "target", "itemType", "containerUri", "inputDataFormat"} - body.keys()
        if missing or body["target"] not in _TARGETS.get(body["providerId"], {}):
            return _error(400, "InvalidJobDefinition", "The job's target or a required field is missing.")
        job = self.add(name, body, name=body["name"], metadata=body.get("metadata"))
        return Answer(self.details(job), 201)

    def listing(self, request: Request) -> Answer:
        prefix = re.fullmatch(r"startswith\(Name, '([^']*)'\)", request.query.get("filter", "startswith(Name, '')"))
        if not prefix or request.query.get("orderby", "CreationTime desc") != "CreationTime desc":
            return _error(400, "InvalidFilter", "The filter or the order cannot be read.")
        first = int(request.query.get("skiptoken", 0))
        listed = [job for job in self.listed() if job.facts["name"].startswith(prefix[1])]
        page = [self.details(self.look(job.handle)) for job in listed[first : first + _PAGE]]
        more = first + _PAGE < len(listed)
        return Answer({"value": page, "nextLink": self.link(request, skiptoken=first + _PAGE) if more else None})

    def cancelled(self, name: str) -> Answer:
        if name not in self.jobs:
            return _error(404, "JobNotFound", "There is no such job.")
        if not self.cancel(name):  # not documented; 409 is what the SDK has an exception for
            return _error(409, "JobAlreadyCompleted", "The job has ended.")
        return Answer(b"", 204)  # as Workspace.cancel_job of the SDK says of the service

    def details(self, job: ProviderJob | None) -> dict[str, Any]:
        assert job is not None
        ended = job.phase in ("succeeded", "failed", "cancelled")
        container, _, token = job.body["containerUri"].partition("?")
        found = {
            **dict.fromkeys(_NULL),
            **job.body,
            "id": job.handle,
            "itemType": "Job",
            "jobType": "QuantumComputing",
            "status": self.shown or _STATUS[job.phase],
            "creationTime": _CREATED,
            "isCancelling": False,
            "tags": [],
            "inputDataUri": f"{container}/inputData?{token}&sp=r",
            "outputDataUri": f"{container}/rawOutputData?{token}&sp=r",
        }
        if ended:
            found["endExecutionTime"] = _CREATED
        if job.phase == "failed":
            found["errorData"] = {"code": "InvalidInputData", "message": job.facts["error"]}
        if job.phase == "succeeded":
            events = [{"dimensionId": "gs1q", "dimensionName": "1Q Gate Shot", "measureUnit": "1q gate shot"}]
            found["costEstimate"] = {"currencyCode": "USD", "events": events, "estimatedTotal": job.facts["cost"]}
        return found

    def execute(self, job: ProviderJob) -> Any:
        container = job.body["containerUri"].partition("?")[0].rpartition("/")[2]
        program, shots = self.blobs[container]["inputData"].decode(), job.body["inputParams"]["shots"]
        random = np.random.default_rng(int.from_bytes(hashlib.sha256(job.handle.encode()).digest()[:8], "big"))
        output = _PROVIDERS[job.body["inputDataFormat"]](program, shots, random, ".qpu." in job.body["target"])
        self.blobs[container]["rawOutputData"] = json.dumps(output).encode()
        # Microsoft's formula for IonQ with 100 gate shots of each kind: a double of 15 decimals
        job.facts["cost"] = 12.4166 + 0.000220 * 100 + 0.000975 * 100 if ".qpu." in job.body["target"] else 0.0
        return output

    def control(self, request: Request) -> Answer:
        if request.path == "/_standin/status":
            self.shown = request.json()["status"]
            return Answer({})
        if request.path == "/_standin/lag":
            self.lag = request.json()["seconds"]
            return Answer({})
        if request.path == "/_standin/storage":
            self.elsewhere = request.json()["url"]
            return Answer({})
        if request.path == "/_standin/reset":
            self.shown, self.elsewhere, self.lag = "", "", self.initial_lag
            self.blobs.clear()
        return super().control(request)

    def url(self, request: Request) -> str:
        return f"http://{request.headers['host']}"

    def link(self, request: Request, **query: Any) -> str:
        return f"{self.url(request)}{request.path}?{urlencode({**request.query, **query})}"


def _rest(request: Request) -> str:
    found = _WORKSPACE.fullmatch(request.path)
    return found["rest"] if found else ""


def _error(status: int, code: str, message: str) -> Answer:
    """In the form of azure.core's ODataV4Format; which codes the service uses is not documented."""
    return Answer({"error": {"code": code, "message": message}}, status)


def _storage_error(status: int, code: str) -> Answer:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return Answer(body.encode(), status, {"Content-Type": "application/xml", "x-ms-error-code": code})


def _ionq(program: str, shots: int, random: np.random.Generator, qpu: bool) -> Any:
    """The simulator's probabilities are exact; a QPU's are counts over shots. Bit i of a key is qubit i."""
    body = json.loads(program)
    circuit = QuantumCircuit(body["qubits"])
    named = {"si": "sdg", "ti": "tdg", "v": "sx", "vi": "sxdg"}
    for each in body["circuit"]:
        name, targets = named.get(each["gate"], each["gate"]), each["targets"]
        if each.get("controls"):
            (control,) = each["controls"]
            getattr(circuit, f"c{name}")(control, *targets)
        else:
            angle = [each["rotation"]] if "rotation" in each else []
            getattr(circuit, name)(*angle, *targets)
    found = np.abs(Statevector(circuit).data) ** 2
    if qpu:
        found = random.multinomial(shots, found / found.sum()) / shots
    return {"histogram": {str(value): float(each) for value, each in enumerate(found) if each > 1e-12}}


def _quantinuum(program: str, shots: int, random: np.random.Generator, qpu: bool) -> Any:
    """By register, a string for each shot, the highest bit leftmost."""
    circuit = qasm2.loads(program)
    (register,) = circuit.cregs
    return {register.name: ["".join(map(str, shot[::-1])) for shot in _sampled(circuit, shots, random)]}


def _rigetti(program: str, shots: int, random: np.random.Generator, qpu: bool) -> Any:
    """By memory region, a list for each shot, bit 0 first. Reads the part of Quil that is one gate a line."""
    lines = program.split("\n")
    declared = re.fullmatch(r"DECLARE ro BIT\[(\d+)\]", lines[0])
    assert declared, lines[0]
    found = [re.fullmatch(r"(\w+)(?:\(([^)]+)\))? ([\d ]+)( ro\[(\d+)\])?", line) for line in lines[1:] if line]
    assert all(found), program
    gates = [each for each in found if each]
    qubits = 1 + max(int(number) for each in gates for number in each[3].split())
    circuit = QuantumCircuit(qubits, int(declared[1]))
    for name, angle, on, _, bit in (each.groups() for each in gates):
        where = [int(number) for number in on.split()]
        if name == "MEASURE":
            circuit.measure(where[0], int(bit))
        else:
            angles = [float(angle)] if angle else []
            getattr(circuit, {"CNOT": "cx"}.get(name, name.lower()))(*angles, *where)
    return {"ro": [list(map(int, shot)) for shot in _sampled(circuit, shots, random)]}


def _sampled(circuit: QuantumCircuit, shots: int, random: np.random.Generator) -> list[list[int]]:
    """The classical bits of each shot, bit 0 first; measurements are the last operations on their qubits."""
    where: dict[int, int] = {}
    for each in circuit.data:
        if each.operation.name == "measure":
            where[circuit.find_bit(each.clbits[0]).index] = circuit.find_bit(each.qubits[0]).index
    unitary = QuantumCircuit(circuit.num_qubits)
    for each in circuit.data:
        if each.operation.name not in ("measure", "barrier"):
            unitary.append(each.operation, [circuit.find_bit(qubit).index for qubit in each.qubits])
    probabilities = np.abs(Statevector(unitary).data) ** 2
    values = random.choice(len(probabilities), size=shots, p=probabilities / probabilities.sum())
    return [
        [int(value) >> where[bit] & 1 if bit in where else 0 for bit in range(circuit.num_clbits)] for value in values
    ]


_PROVIDERS = {"ionq.circuit.v1": _ionq, "honeywell.openqasm.v1": _quantinuum, "rigetti.quil.v1": _rigetti}

if __name__ == "__main__":
    main(Azure)
