"""Amazon Braket, and of S3 and STS what Braket's clients need, as botocore 1.44 speaks to them.

Run in the environment of the SDK. Requests and answers have the form of botocore's service model (braket/2019-09-01),
devices that of braket.device_schema, results that of braket.task_result, computed by Braket's own local simulator.
Where these say nothing, a comment here does. Never compared with AWS.

`--token` is the secret access key; signatures are verified (SigV4). Beyond the base's control, until the next reset:

    POST /_standin/status {"status": "PAUSED"}   what every task shows
    POST /_standin/forget {"tokens": true}       clientTokens that were used may make new tasks
    POST /_standin/lag {"seconds": 3600}         after how long listings show a new task
"""

import json
import uuid
import zlib
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote, unquote, urlencode

import numpy as np
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from braket.default_simulator import StateVectorSimulator
from braket.ir.openqasm import Program
from tests.standins.base import Answer, Provider, ProviderJob, Request, main

KEY_ID, ROLE_KEY_ID, ROLE_TOKEN, POD_TOKEN = "AKIASTANDIN", "ASIASTANDIN", "session-of-the-role", "token-of-the-pod"
_STATUS = {
    "queued": "QUEUED",
    "running": "RUNNING",
    "succeeded": "COMPLETED",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
}
_PAGE = 5  # clients must follow nextToken whatever they asked for
_ALL = ["ccnot", "cnot", "cphaseshift", "cswap", "cy", "cz", "h", "i", "iswap", "phaseshift", "prx", "rx", "ry", "rz"]
_ALL += ["s", "si", "swap", "t", "ti", "v", "vi", "x", "xx", "y", "yy", "z", "zz"]


def _device(kind: str, qubits: int, shots: list[int], native: list[str], edges: dict[str, list[str]] | None) -> Any:
    """After the examples of braket.device_schema; the figures are not those of the devices."""
    return {
        "service": {"shotsRange": shots},
        "action": {
            "braket.ir.openqasm.program": {
                "actionType": "braket.ir.openqasm.program",
                "version": ["1"],
                "supportedOperations": _ALL,
                "supportedPragmas": ["verbatim"] if kind == "QPU" else [],
                "supportPhysicalQubits": kind == "QPU",
            }
        },
        "paradigm": {
            "qubitCount": qubits,
            "nativeGateSet": native,
            **({"connectivity": {"fullyConnected": edges is None, "connectivityGraph": edges or {}}}),
        },
    }


_RING = {"0": ["1"], "1": ["2"], "2": ["3"], "3": ["0"]}
DEVICES = {
    "arn:aws:braket:::device/quantum-simulator/amazon/sv1": _device("SIMULATOR", 34, [0, 100_000], [], None),
    "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1": _device("QPU", 36, [1, 5000], ["GPI", "GPI2", "ZZ"], None),
    "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q": _device(
        "QPU", 108, [10, 50_000], ["rx", "rz", "iswap"], _RING
    ),
}


class Braket(Provider):
    NAME: ClassVar[str] = "braket"

    def __init__(self, token: str = "", lag: float = 0.0) -> None:
        super().__init__(token, lag)
        self.shown = ""
        self.initial_lag = lag

    def operation(self, request: Request) -> str:
        path = request.path
        if path == "/quantum-task":
            return "submit"
        if path == "/quantum-tasks":
            names = {each["name"] for each in request.json()["filters"]}
            return "status" if "quantumTaskArn" in names else "find"
        if path.startswith("/quantum-task/"):
            if request.method == "PUT":
                return "cancel"
            return "status" if "additionalAttributeNames" in request.query else "fetch"
        if path.startswith("/device/"):
            return "target"
        return "fetch" if request.method == "GET" else "other"

    def control(self, request: Request) -> Answer:
        name = request.path.removeprefix("/_standin/")
        if name == "status":
            self.shown = request.json()["status"]
            return Answer({})
        if name == "lag":
            self.lag = request.json()["seconds"]
            return Answer({})
        if name == "forget":
            for job in self.jobs.values():
                job.facts["clientToken"] += " (forgotten)"
            return Answer({})
        if name == "reset":
            self.shown, self.lag = "", self.initial_lag
        return super().control(request)

    def answer(self, request: Request) -> Answer:
        path = request.path
        if path == "/" and request.method == "POST":
            return self.role(request)
        if self.token and not self.signed(request):
            return _error(403, "InvalidSignatureException", "The request signature we calculated does not match.")
        if path == "/quantum-task":
            return self.created(request)
        if path == "/quantum-tasks":
            return self.found(request)
        if path.startswith("/device/"):
            return self.device(unquote(path.removeprefix("/device/")))
        if path.startswith("/quantum-task/"):
            return self.task(unquote(path.removeprefix("/quantum-task/").removesuffix("/cancel")), request)
        return self.object(unquote(path))

    def role(self, request: Request) -> Answer:
        """AssumeRoleWithWebIdentity (AWS STS API reference)."""
        if f"WebIdentityToken={POD_TOKEN}".encode() not in request.body:
            text = (
                "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>No.</Message></Error></ErrorResponse>"
            )
            return Answer(text.encode(), 400, {"Content-Type": "text/xml"})
        text = (
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
            f"<AccessKeyId>{ROLE_KEY_ID}</AccessKeyId><SecretAccessKey>{self.token}</SecretAccessKey>"
            f"<SessionToken>{ROLE_TOKEN}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
            "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )
        return Answer(text.encode(), 200, {"Content-Type": "text/xml"})

    def signed(self, request: Request) -> bool:
        """SigV4, computed anew from the headers that were signed."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        told = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        if scheme != "AWS4-HMAC-SHA256" or not {"Credential", "SignedHeaders", "Signature"} <= told.keys():
            return False
        key, _, region, service, _ = told["Credential"].split("/")
        token = request.headers.get("x-amz-security-token")
        if (key, token) not in ((KEY_ID, None), (ROLE_KEY_ID, ROLE_TOKEN)):
            return False
        url = f"{self.base}{request.path}" + (f"?{urlencode(request.query, quote_via=quote)}" if request.query else "")
        again = AWSRequest(request.method, url, data=request.body)
        for name in told["SignedHeaders"].split(";"):
            again.headers[name] = request.headers.get(name, "")
        again.context["timestamp"] = request.headers["x-amz-date"]
        kind = S3SigV4Auth if service == "s3" else SigV4Auth
        signer = kind(Credentials(key, self.token, token), service, region)
        text = signer.string_to_sign(again, signer.canonical_request(again))
        return bool(signer.signature(text, again) == told["Signature"])

    def device(self, arn: str) -> Answer:
        if arn not in DEVICES:
            return _error(404, "ResourceNotFoundException", "Device not found.")
        simulated = "quantum-simulator" in arn
        queue = {"queue": "QUANTUM_TASKS_QUEUE", "queueSize": ">4000"}
        return Answer(
            {
                "deviceArn": arn,
                "deviceName": arn.rpartition("/")[2],
                "providerName": arn.split("/")[-2],
                "deviceType": "SIMULATOR" if simulated else "QPU",
                "deviceStatus": "ONLINE",
                "deviceCapabilities": json.dumps(DEVICES[arn]),
                "deviceQueueInfo": [
                    {**queue, "queuePriority": "Priority", "queueSize": "3"},
                    {**queue, "queuePriority": "Normal"},
                ],
            }
        )

    def created(self, request: Request) -> Answer:
        """A token that was used gives the task that it made. The model calls it an idempotency token; for how long it
        is remembered, and what another request under it is answered, is not documented."""
        body = request.json()
        for job in self.jobs.values():
            if job.facts["clientToken"] == body["clientToken"]:
                same = {k: v for k, v in job.body.items() if k != "tags"} == {
                    k: v for k, v in body.items() if k != "tags"
                }
                if same:
                    return Answer({"quantumTaskArn": job.handle}, 201)
                return _error(400, "ValidationException", "The client token was used for another request.")
        if body["deviceArn"] not in DEVICES:
            return _error(400, "ValidationException", "The device is not known in this region.")
        json.loads(body["action"]), json.loads(body["deviceParameters"])
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{body['clientToken']}{len(self.jobs)}"))
        region = body["deviceArn"].split(":")[3] or "us-east-1"
        job = self.add(
            f"arn:aws:braket:{region}:123456789012:quantum-task/{name}",
            body,
            clientToken=body["clientToken"],
            createdAt=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            directory=f"{body['outputS3KeyPrefix']}/{name}",
        )
        return Answer({"quantumTaskArn": job.handle}, 201)

    def task(self, arn: str, request: Request) -> Answer:
        if arn not in self.jobs:
            return _error(404, "ResourceNotFoundException", "Quantum task not found.")
        if request.method == "PUT":
            if not self.cancel(arn):
                return _error(409, "ConflictException", "The task has ended.")
            return Answer({"quantumTaskArn": arn, "cancellationStatus": "CANCELLING"})
        job = self.look(arn)
        assert job is not None
        answer = {**self.summary(job), "deviceParameters": job.body["deviceParameters"]}
        if job.phase == "failed":
            answer["failureReason"] = job.facts["error"]
        if request.query.get("additionalAttributeNames") == "QueueInfo" and job.phase == "queued":
            before = sum(each.phase == "queued" and each.number < job.number for each in self.jobs.values())
            answer["queueInfo"] = {"queue": "QUANTUM_TASKS_QUEUE", "position": str(before + 1)}
        return Answer(answer)

    def found(self, request: Request) -> Answer:
        """The newest first; the order is not documented. A look of a listing moves tasks on as any other does."""
        body = request.json()
        jobs = [job for job in self.listed() if all(_passes(job, each) for each in body["filters"])]
        names = {each["name"] for each in body["filters"]}
        first = int(body.get("nextToken", 0))
        page = jobs[first : first + min(_PAGE, body.get("maxResults", _PAGE))]
        if "quantumTaskArn" in names:
            for job in page:
                self.look(job.handle)
        more = {"nextToken": str(first + len(page))} if first + len(page) < len(jobs) else {}
        return Answer({"quantumTasks": [self.summary(job) for job in page], **more})

    def summary(self, job: ProviderJob) -> dict[str, Any]:
        return {
            "quantumTaskArn": job.handle,
            "status": self.shown or _STATUS[job.phase],
            "deviceArn": job.body["deviceArn"],
            "shots": job.body["shots"],
            "outputS3Bucket": job.body["outputS3Bucket"],
            "outputS3Directory": job.facts["directory"],
            "createdAt": job.facts["createdAt"],
            "tags": job.body.get("tags", {}),
        }

    def object(self, path: str) -> Answer:
        """S3, path-style: results.json of a task that has succeeded."""
        for job in self.jobs.values():
            if path == f"/{job.body['outputS3Bucket']}/{job.facts['directory']}/results.json" and job.result:
                return Answer(job.result, 200, {"Content-Type": "application/json", "ETag": '"1"'})
        text = "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
        return Answer(text.encode(), 404, {"Content-Type": "application/xml"})

    def execute(self, job: ProviderJob) -> bytes:
        """IonQ's devices give probabilities and no shots (GateModelQuantumTaskResult of the SDK makes these up)."""
        np.random.seed(zlib.crc32(job.facts["clientToken"].encode()))
        program = Program.parse_raw(job.body["action"])
        found = json.loads(StateVectorSimulator().run(program, shots=job.body["shots"]).json())
        found["taskMetadata"] |= {"id": job.handle, "deviceId": job.body["deviceArn"]}  # the service's, as in its guide
        if "/qpu/" in job.body["deviceArn"]:  # the schema's numbers; the local simulator writes digits
            found["measurements"] = [list(map(int, shot)) for shot in found["measurements"]]
        if "/ionq/" in job.body["deviceArn"]:
            shots = ["".join(map(str, shot)) for shot in found["measurements"]]
            found["measurementProbabilities"] = {each: shots.count(each) / len(shots) for each in sorted(set(shots))}
            found["measurements"] = None
        return json.dumps(found).encode()


def _passes(job: ProviderJob, told: dict[str, Any]) -> bool:
    if told["name"] == "createdAt":
        assert told["operator"] == "GTE", told
        return datetime.fromisoformat(job.facts["createdAt"]) >= datetime.fromisoformat(told["values"][0])
    value = {"deviceArn": job.body["deviceArn"], "quantumTaskArn": job.handle}[told["name"]]
    assert told["operator"] == "EQUAL", told
    assert len(told["values"]) <= 10, told
    return value in told["values"]


def _error(status: int, code: str, message: str) -> Answer:
    return Answer({"message": message}, status, {"x-amzn-ErrorType": code})


if __name__ == "__main__":
    main(Braket)
