"""Stand-in, worker and compile, started as they run in the cluster: each a process of the vendor's environment."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.request import Request, urlopen

from e2e.cluster import sdks
from e2e.cluster.cache import CHECKOUT

from qee.connectors.protocol import Settings
from qee.connectors.worker import raised
from qee.documents.compiled import CompiledDocument, Submission
from qee.documents.run import RunDocument


@dataclass(frozen=True)
class StandIn:
    """A running stand-in and its control."""

    url: str

    def control(self, name: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        method = "GET" if name in ("jobs", "log") else "POST"
        with urlopen(Request(f"{self.url}/_standin/{name}", data or None, method=method)) as answer:
            return json.load(answer)

    def fault(self, operation: str, fault: str, times: int = 1, seconds: float = 0, path: str = "") -> None:
        self.control("faults", operation=operation, fault=fault, times=times, seconds=seconds, path=path)

    @property
    def jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("jobs")
        return found

    def requests(self, operation: str) -> list[dict[str, Any]]:
        return [entry for entry in self.control("log") if entry["operation"] == operation]


@contextmanager
def standin(vendor: str, *options: str) -> Iterator[StandIn]:
    """`tests.standins.VENDOR` in the vendor's environment."""
    command = [str(sdks.python(vendor)), "-m", f"tests.standins.{vendor}", *options]
    with subprocess.Popen(command, cwd=CHECKOUT, env=sdks.environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, f"the stand-in of {vendor} did not start"
            yield StandIn(url)
        finally:
            process.kill()


class WorkerProcess:
    """A worker, asked as the connector asks it."""

    def __init__(self, vendor: str, settings: Settings, stderr: IO[str] | None = None) -> None:
        command = [str(sdks.python(vendor)), "-m", "qee.connectors.worker"]
        self.process = subprocess.Popen(
            command,
            cwd="/",
            env=sdks.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        self.answers: list[str] = []
        self.call("open", provider=vendor, settings=vars(settings))

    def call(self, call: str, arguments: dict[str, Any] | None = None, **fields: Any) -> Any:
        """Raises the ProviderError that the worker answers with."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {"call": call, "arguments": arguments or {}, **fields}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        self.answers.append(self.process.stdout.readline())
        answer = json.loads(self.answers[-1])
        if "error" in answer:
            raise raised(answer)
        return answer["result"]

    def submit(self, key: str, submission: Submission) -> str:
        handle: str = self.call("submit", {"key": key, "submission": submission.as_json()})
        return handle

    def fetch(self, handle: str, submission: Submission) -> Any:
        return self.call("fetch", {"handle": handle, "submission": submission.as_json()})

    def find(self, keys: Sequence[str], since: str = "2026-01-01T00:00:00Z") -> dict[str, list[str]]:
        found: dict[str, list[str]] = self.call("find", {"keys": list(keys), "since": since})
        return found

    def die_in(self, call: str, arguments: dict[str, Any], asked: Callable[[], object]) -> None:
        """Sends a request whose answer never comes, and kills the worker as soon as the provider has been asked."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"call": call, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        deadline = time.monotonic() + 60
        while not asked():
            assert time.monotonic() < deadline, "the provider was never asked"
            time.sleep(0.05)
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@contextmanager
def worker(vendor: str, settings: Settings, stderr: IO[str] | None = None) -> Iterator[WorkerProcess]:
    running = WorkerProcess(vendor, settings, stderr)
    try:
        yield running
    finally:
        running.close()


def compiled(vendor: str, document: RunDocument) -> CompiledDocument:
    """As in the pod that compiles, without the sandbox. Raises AssertionError with what it wrote to standard error."""
    program = (
        "import sys\n"
        "from qee.documents.run import RunDocument\n"
        "from qee.sdk.errors import RunnerError\n"
        "from qee.runner.process import compiled\n"
        "try:\n"
        "    sys.stdout.buffer.write(compiled(RunDocument.from_bytes(sys.stdin.buffer.read())))\n"
        "except RunnerError as error:\n"
        "    sys.exit(f'{error.reason}: {error.message}')\n"
    )
    done = subprocess.run(
        [sdks.python(vendor), "-c", program],
        cwd="/",
        env=sdks.environment(),
        input=document.to_bytes(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr.decode())
    return CompiledDocument.from_bytes(done.stdout)


def prepared(vendor: str, documents: Sequence[RunDocument]) -> list[CompiledDocument | str]:
    """Many documents in one process, for an SDK takes seconds to import: each compiled, or why it was refused."""
    program = (
        "import sys\n"
        "from base64 import b64decode, b64encode\n"
        "from qee.documents.run import RunDocument\n"
        "from qee.sdk.errors import RunnerError\n"
        "from qee.runner.process import compiled\n"
        "for line in sys.stdin:\n"
        "    try:\n"
        "        print('ok', b64encode(compiled(RunDocument.from_bytes(b64decode(line)))).decode())\n"
        "    except RunnerError as error:\n"
        "        print('refused', b64encode(f'{error.reason}: {error.message}'.encode()).decode())\n"
    )
    done = subprocess.run(
        [sdks.python(vendor), "-c", program],
        cwd="/",
        env=sdks.environment(),
        input="".join(base64.b64encode(document.to_bytes()).decode() + "\n" for document in documents),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[CompiledDocument | str] = []
    for line in done.stdout.splitlines():
        kind, data = line.split()
        text = base64.b64decode(data)
        found.append(CompiledDocument.from_bytes(text) if kind == "ok" else text.decode())
    return found


def main() -> None:
    """`python -m tests.standins.running VENDOR ...`: a stand-in for trying things out by hand."""
    vendor, *options = sys.argv[1:]
    with standin(vendor, *options) as running:
        print(f"{vendor}: {running.url}", flush=True)
        input("Enter ends it. ")


if __name__ == "__main__":
    main()
