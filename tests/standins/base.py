"""What the stand-ins have in common: an HTTP server, provider jobs, a log of requests, and faults on demand.

Control is under /_standin/, over plain HTTP and JSON:

    GET  /_standin/jobs      every provider job: handle, phase, submitted (a counter), and what the vendor keeps of it
    GET  /_standin/log       every request: {"number", "operation", "method", "path", "fault", "secrets"}
    POST /_standin/faults    {"operation": "submit", "fault": "accept-then-drop", "times": 1, "seconds": 0, "path": ""}
                             (path: what the request's must end with)
    POST /_standin/says      {"path": "/jobs/.*", "body": JSON, or "text": "...", "status": 200, "method": "GET"}: what
                             requests are answered instead, whose address has that pattern in it; the latest counts
    POST /_standin/mend      forget the faults
    POST /_standin/release   end all jobs that are held; with {"hold": true} jobs stay queued from now on
    POST /_standin/reset     forget jobs, log and faults

Operations: submit, find, status, fetch, cancel, target, other. Faults: see FAULTS.
"""

import argparse
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

FAULTS = (
    "accept-then-drop",  # the request is carried out, the connection closed without an answer
    "accept-then-503",  # the request is carried out, the answer says that it was not
    "503",  # not carried out
    "drop",  # not carried out, the connection closed
    "429",  # not carried out, with Retry-After: 1
    "400",  # not carried out
    "401",  # the token has expired
    "409",  # as a cancel of a job that has ended
    "404",
    "slow",  # carried out and answered after `seconds`
    "hang",  # carried out, never answered
    "malformed",  # carried out, answered with half a JSON document
)


@dataclass
class ProviderJob:
    """A job at the provider. `body` is what was submitted, `facts` what the vendor's API shows of it."""

    handle: str
    body: Any
    facts: dict[str, Any] = field(default_factory=dict)
    phase: str = "queued"  # queued | running | succeeded | failed | cancelled
    number: int = 0
    listed_from: float = 0.0  # seconds on the server's clock from which listings show it
    result: Any = None


@dataclass
class Request:
    """One HTTP request. `query` has the last value of each parameter, `queries` all of them."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    queries: dict[str, list[str]] = field(default_factory=dict)

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass
class Answer:
    """`body` is JSON unless it is bytes."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Provider:
    """State of one stand-in. A vendor's subclass says what a request is (`operation`) and answers it (`answer`).

    Jobs move on whenever they are looked at: queued, running, then what `execute` gives, unless jobs are held.
    """

    NAME: ClassVar[str]

    def __init__(self, token: str = "", lag: float = 0.0) -> None:
        self.token = token
        self.lag = lag
        """Seconds after which listings show a new job."""
        self.jobs: dict[str, ProviderJob] = {}
        self.log: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.sayings: list[dict[str, Any]] = []
        self.hold = False
        self.base = ""
        """The server's own URL, for answers that name it."""
        self.lock = threading.RLock()

    def operation(self, request: Request) -> str:
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def execute(self, job: ProviderJob) -> Any:
        """The result of a job, computed from what was submitted; an exception makes the job fail."""
        raise NotImplementedError

    def add(self, handle: str, body: Any, **facts: Any) -> ProviderJob:
        number = len(self.jobs) + 1
        job = ProviderJob(handle, body, facts, number=number, listed_from=time.monotonic() + self.lag)
        self.jobs[handle] = job
        return job

    def listed(self) -> list[ProviderJob]:
        """The jobs that listings show by now, the newest first."""
        return [job for job in reversed(self.jobs.values()) if job.listed_from <= time.monotonic()]

    def look(self, handle: str) -> ProviderJob | None:
        """The job, moved on by one phase."""
        job = self.jobs.get(handle)
        if job is None or self.hold:
            return job
        if job.phase == "queued":
            job.phase = "running"
        elif job.phase == "running":
            try:
                job.result = self.execute(job)
                job.phase = "succeeded"
            except Exception as error:
                job.facts["error"] = f"{type(error).__name__}: {error}"
                job.phase = "failed"
        return job

    def cancel(self, handle: str) -> bool:
        """False: it has ended already."""
        job = self.jobs[handle]
        if job.phase in ("succeeded", "failed", "cancelled"):
            return False
        job.phase = "cancelled"
        return True

    def fault_for(self, operation: str, path: str = "") -> dict[str, Any] | None:
        for fault in self.faults:
            if fault["operation"] == operation and fault["times"] > 0 and path.endswith(fault.get("path", "")):
                fault["times"] -= 1
                return fault
        return None

    def said(self, request: Request) -> Answer | None:
        for saying in reversed(self.sayings):
            if request.method == saying["method"] and re.search(saying["path"], request.path):
                body = saying["text"].encode() if "text" in saying else saying["body"]
                return Answer(body, saying["status"])
        return None

    def control(self, request: Request) -> Answer:
        name = request.path.removeprefix("/_standin/")
        if name == "jobs":
            return Answer(
                [{k: v for k, v in asdict(job).items() if k not in ("result",)} for job in self.jobs.values()]
            )
        if name == "log":
            return Answer(self.log)
        if name == "faults":
            wanted = {"times": 1, "seconds": 0, **request.json()}
            if wanted["fault"] not in FAULTS:
                return Answer({"error": f"there is no fault {wanted['fault']!r}"}, 400)
            self.faults.append(wanted)
        elif name == "says":
            self.sayings.append({"method": "GET", "status": 200, **request.json()})
        elif name == "mend":
            self.faults.clear()
        elif name == "release":
            self.hold = bool((request.json() or {}).get("hold"))
        elif name == "reset":
            self.jobs.clear()
            self.log.clear()
            self.faults.clear()
            self.sayings.clear()
            self.hold = False
        else:
            return Answer({"error": "no such control"}, 404)
        return Answer({})


def serve(provider: Provider, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """The server, bound but not yet serving."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            url = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            queries = parse_qs(url.query, keep_blank_values=True)
            query = {key: values[-1] for key, values in queries.items()}
            headers = {key.lower(): value for key, value in self.headers.items()}
            request = Request(self.command, url.path, query, headers, self.rfile.read(length), queries)
            if request.path.startswith("/_standin/"):
                with provider.lock:
                    self.write(provider.control(request))
                return
            operation = provider.operation(request)
            with provider.lock:
                fault = provider.fault_for(operation, request.path)
                kind = fault["fault"] if fault else ""
                provider.log.append(
                    {
                        "number": len(provider.log) + 1,
                        "operation": operation,
                        "method": request.method,
                        "path": self.path,
                        "fault": kind,
                    }
                )
            self.misbehave(request, kind, fault or {})

        def misbehave(self, request: Request, kind: str, fault: dict[str, Any]) -> None:
            if kind == "drop":
                return self.drop()
            if kind.isdecimal():
                status = int(kind)
                return self.write(Answer({"message": kind}, status, {"Retry-After": "1"} if status == 429 else {}))
            with provider.lock:
                answer = provider.said(request) or provider.answer(request)
            if kind == "accept-then-drop":
                return self.drop()
            if kind == "hang":
                time.sleep(3600)
            if kind == "slow":
                time.sleep(float(fault["seconds"]))
            if kind == "accept-then-503":
                answer = Answer({"message": "unavailable"}, 503)
            self.write(answer, cut=kind == "malformed")
            return None

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do

        def drop(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def write(self, answer: Answer, cut: bool = False) -> None:
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            body = body[: len(body) // 2] if cut else body
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    provider.base = f"http://{host}:{server.server_address[1]}"
    return server


def main(make: Callable[[str, float], Provider], serve: Callable[[Provider, str, int], Any] = serve) -> None:
    """Serve until killed. The first line of output is the URL. `serve`: for a server that speaks more than HTTP."""
    parser = argparse.ArgumentParser(description="A stand-in for a provider.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="", help="the credential that it asks for")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds after which listings show a new job")
    arguments = parser.parse_args()
    provider = make(arguments.token, arguments.lag)
    server = serve(provider, arguments.host, arguments.port)
    print(provider.base, flush=True)
    server.serve_forever()
