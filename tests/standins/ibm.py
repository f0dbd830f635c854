"""A stand-in for IBM Quantum: IAM and the runtime service, with every device of which the SDK has a snapshot.

A device is called as at IBM: ibm_manila is the SDK's FakeManilaV2. Circuits are simulated without noise, seeded by the
job's number. Bodies and statuses are those of IBM's OpenAPI document (Qiskit Runtime 0.45.3,
quantum.cloud.ibm.com/api/openapi.json); beside each stands the schema's name. The parameters of a job are checked by
IBM's models (ibm_quantum_schemas 0.13), results of the executor are made by them, those of the primitives by the SDK's
encoder. Not from IBM, and not tried there:

- that a job without parameters in its PUB has a result of shape (): as Qiskit's StatevectorSampler;
- codes and words of errors where IBM's error registry has none that fits; of IAM: its BXNIM0415E, seen in reports;
- two jobs of one body are two jobs: IBM documents no idempotency.
"""

import base64
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import qiskit_ibm_runtime.fake_provider.backends as snapshots
from ibm_quantum_schemas.estimator.version_0_1 import ParamsModel as EstimatorParams
from ibm_quantum_schemas.executor.version_2_0 import ParamsModel as ExecutorParams
from ibm_quantum_schemas.sampler.version_0_1 import ParamsModel as SamplerParams
from pydantic import ValidationError
from qiskit.primitives.containers import PrimitiveResult
from qiskit_ibm_runtime.json import RuntimeDecoder, RuntimeEncoder
from tests.standins import base, ibm_runs
from tests.standins.base import Answer, Provider, ProviderJob, Request

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0:11111111-2222-3333-4444-555555555555::"
API = "/api/v1"
_STATUS = {"queued": "Queued", "running": "Running", "succeeded": "Completed", "failed": "Failed"}
_STATUS |= {"cancelled": "Cancelled"}
_START = datetime(2026, 11, 1, tzinfo=UTC)
_PARAMS = {"sampler": SamplerParams, "estimator": EstimatorParams, "executor": ExecutorParams}
_MAX_COST = 10_800  # JobCost: a larger value is capped
_PAGE = 200  # list_jobs: of a limit outside of 1 to 200, too


class Ibm(Provider):
    NAME = "ibm"

    def __init__(self, token: str = "", lag: float = 0.0) -> None:
        super().__init__(token, lag)
        self.replies: list[dict[str, Any]] = []
        self.counted = True

    def operation(self, request: Request) -> str:
        path = request.path.removeprefix(API)
        if path.startswith("/backends/"):
            return "target"
        if path == "/jobs":
            return "submit" if request.method == "POST" else "find"
        if path.startswith("/jobs/"):
            last = path.split("/")[-1]
            return {"cancel": "cancel", "results": "fetch", "metrics": "fetch"}.get(last, "status")
        return "other"

    def answer(self, request: Request) -> Answer:
        if request.path == "/identity/token":
            return self._token(request)
        if not self._authorized(request):
            return _error(401, 1200, "The access token or Service-CRN is invalid.")
        path = request.path.removeprefix(API).split("/")[1:]
        reply = self._reply(f"{request.method} {path[0] if len(path) == 1 else path[2] if len(path) > 2 else 'job'}")
        if reply is not None:
            return reply
        if path[0] == "backends" and len(path) == 3:
            return self._backend(path[1], path[2])
        if path[0] == "jobs":
            return self._jobs(request) if len(path) == 1 else self._job(request, path[1], "/".join(path[2:]))
        return _error(404, 1206, "The resource does not exist.")

    def execute(self, job: ProviderJob) -> Any:
        if "fail" in job.facts:
            raise RuntimeError(job.facts["fail"])
        if job.body["program_id"] == "executor":
            return ibm_runs.executed(job.body["params"], job.number * 1000, job.facts.get("cut"))
        params = json.loads(json.dumps(job.body["params"]), cls=RuntimeDecoder)
        run = ibm_runs.sampled if job.body["program_id"] == "sampler" else ibm_runs.estimated
        results = [run(pub, job.number * 1000 + number) for number, pub in enumerate(params["pubs"])]
        return json.dumps(PrimitiveResult(results[: job.facts.get("cut")], {"version": 2}), cls=RuntimeEncoder)

    def _token(self, request: Request) -> Answer:
        form = parse_qs(request.body.decode())
        if self.token and form.get("apikey") != [self.token]:
            return Answer({"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}, 400)
        now = int(time.time())
        claims = [{"alg": "RS256", "typ": "JWT"}, {"iat": now, "exp": now + 3600, "jti": uuid.uuid4().hex}]
        parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in claims]
        token = ".".join([*parts, base64.urlsafe_b64encode(b"signature").decode().rstrip("=")])
        return Answer({"access_token": token, "token_type": "Bearer", "expires_in": 3600, "expiration": now + 3600})

    def _authorized(self, request: Request) -> bool:
        bearer = request.headers.get("authorization", "").startswith("Bearer ey")
        return bearer and request.headers.get("service-crn") == CRN

    def _backend(self, name: str, what: str) -> Answer:
        found = _device(name)
        if found is None:
            return _error(404, 1209, f"Backend {name} does not exist.")
        configuration, properties = found
        waiting = sum(job.phase == "queued" for job in self.jobs.values())
        status = {"state": True, "status": "active", "message": "", "length_queue": waiting, "backend_version": "1.0.0"}
        answers = {"configuration": configuration, "properties": properties, "status": status}
        return Answer(answers[what]) if what in answers else _error(404, 1206, "The resource does not exist.")

    def _reply(self, call: str) -> Answer | None:
        for each in self.replies:
            if each["call"] == call and each["times"] > 0:
                each["times"] -= 1
                time.sleep(each["seconds"])
                return Answer(each["text"].encode(), each["status"], each["headers"])
        return None

    def _jobs(self, request: Request) -> Answer:
        """JobsResponse: `jobs`, `limit` and `offset` are required, `count` is not."""
        if request.method == "POST":
            return self._create(request.json())
        query = request.query
        jobs = [job for job in self.listed() if not job.facts.get("hidden")]
        if query.get("sort") == "ASC":
            jobs.reverse()
        if "tags" in query:  # of several only the last is seen here; the adapter asks for one
            jobs = [job for job in jobs if query["tags"] in job.facts["tags"]]
        if "backend" in query:
            jobs = [job for job in jobs if job.facts["backend"] == query["backend"]]
        asked, offset = int(query.get("limit", _PAGE)), int(query.get("offset", 0))
        limit = asked if 1 <= asked <= _PAGE else _PAGE
        for job in jobs:
            self.look(job.handle)
        page = [self._shown(job) for job in jobs[offset : offset + limit]]
        counted = {"count": len(jobs)} if self.counted else {}
        return Answer({"jobs": page, **counted, "limit": limit, "offset": offset})

    def _create(self, body: dict[str, Any]) -> Answer:
        """JobRunParams, answered by JobCreateResponse; 404: "Backend not found", 1007 in the error registry."""
        missing = [name for name in ("program_id", "backend", "params") if name not in body]
        if missing or body["program_id"] not in _PARAMS:
            return _error(400, 1210, f"Invalid job: {', '.join(missing) or 'program_id'}.")
        if _device(body["backend"]) is None:
            return _error(404, 1007, "Backend not found.")
        if not 1 <= len(body.get("session_id", "x")) <= 36:
            return _error(400, 1210, "Invalid job: session_id.")
        if len(body.get("tags", [])) > 8 or any(len(tag) > 86 for tag in body.get("tags", [])):  # Tags
            return _error(400, 1204, "Too many tags, or too long ones.")
        if body["program_id"] != "executor" and not body["params"].get("pubs"):
            return _error(400, 8055, "Job has no PUBs.")
        try:
            _PARAMS[body["program_id"]].model_validate_json(json.dumps(body["params"]))
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            return _error(400, 1210, f"Invalid job: {where}: {error.errors()[0]['msg']}.")
        handle = f"d{len(self.jobs):019d}"
        job = self.add(
            handle,
            body,
            tags=body.get("tags", []),
            backend=body["backend"],
            created=(_START + timedelta(seconds=len(self.jobs))).isoformat().replace("+00:00", "Z"),
        )
        session = {"session_id": body["session_id"]} if "session_id" in body else {}
        return Answer({"id": job.handle, "backend": body["backend"], **session})

    def _job(self, request: Request, handle: str, what: str) -> Answer:
        job = self.jobs.get(handle)
        if job is None:
            return _error(404, 1291, f"Job not found. Job ID: {handle}")
        if what == "cancel" and request.method == "POST":
            return Answer(b"", 204) if self.cancel(handle) else _error(409, 1295, "The job is in a final state.")
        if what == "results":
            return Answer(job.result.encode()) if job.phase == "succeeded" else Answer(b"", 204)
        if what == "metrics":
            return Answer(self._metrics(job))
        if what == "":
            self.look(handle)
            return Answer(self._shown(job))
        return _error(404, 1206, "The resource does not exist.")

    def _shown(self, job: ProviderJob) -> dict[str, Any]:
        """JobResponseV3; `private` is there only where it is true."""
        session = {"session_id": job.body["session_id"]} if "session_id" in job.body else {}
        state: dict[str, Any] = {"status": job.facts.get("status", _STATUS[job.phase])}
        if job.phase == "failed":
            state |= {"reason": job.facts["error"], "reason_code": 9999}
        return {
            "id": job.handle,
            "backend": job.facts["backend"],
            "state": job.facts.get("state", state),
            "status": state["status"],
            "program": {"id": job.body["program_id"]},
            "created": job.facts["created"],
            "tags": job.facts["tags"],
            "cost": min(job.body.get("cost", _MAX_COST), _MAX_COST),
            **session,
            **job.facts.get("shown", {}),
        }

    def _metrics(self, job: ProviderJob) -> dict[str, Any]:
        """JobMetricsResponse with UsageV3; BillingStatus is pending or complete."""
        seconds = 2 if job.phase == "succeeded" else 0
        return {
            "usage": {"qpu_charge_time_seconds": seconds, "status": "complete"},
            "timestamps": {"created": job.facts["created"]},
            "circuits_execution_time_ns": 900_000_000,
            "qiskit_version": "2.6.2",
        }

    def control(self, request: Request) -> Answer:
        """Also POST /_standin/facts {"handle": ..., "facts": {...}}: `status` or `state` replace what the service
        tells of the job; `fail` is why it will fail; `cut` is how many PUBs its result has; `hidden`: not in lists;
        `shown`: further fields of what the service tells of it.

        POST /_standin/reply {"call": "GET metrics", "status": 500, "text": ..., "times": 1, "headers": {},
        "seconds": 0}: what the service answers to the next such calls, and how late, in place of carrying them out.
        POST /_standin/count {"told": false}: whether lists of jobs have `count`.
        POST /_standin/result {"handle": ...}: a job's result as text.
        """
        if request.path == "/_standin/reply":
            self.replies.append({"times": 1, "status": 200, "headers": {}, "seconds": 0, **request.json()})
            return Answer({})
        if request.path == "/_standin/count":
            self.counted = request.json()["told"]
            return Answer({})
        if request.path == "/_standin/result":
            return Answer({"text": self.jobs[request.json()["handle"]].result})
        if request.path == "/_standin/reset":
            self.replies.clear()
            self.counted = True
        if request.path == "/_standin/facts":
            wanted = request.json()
            self.jobs[wanted["handle"]].facts |= wanted["facts"]
            return Answer({})
        return super().control(request)


@cache
def _device(name: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    short = name.removeprefix("ibm_")
    folder = Path(snapshots.__file__).parent / short
    if not (name.startswith("ibm_") and short.isalpha() and folder.is_dir()):
        return None
    configuration, properties = (
        json.loads((folder / f"{part}_{short}.json").read_text()) for part in ("conf", "props")
    )
    known = configuration.get("supported_instructions", [])
    configuration["supported_instructions"] = sorted({*known, "if_else", "measure", "reset", "delay"})
    configuration["backend_name"] = properties["backend_name"] = name
    return configuration, properties


def _error(status: int, code: int, message: str) -> Answer:
    """ErrorContainer: a code is text."""
    return Answer({"errors": [{"code": str(code), "message": message, "more_info": ""}], "trace": "0"}, status)


if __name__ == "__main__":
    base.main(Ibm)
