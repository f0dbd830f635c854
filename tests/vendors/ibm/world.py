"""A stand-in of IBM's service with a worker before it, for the tests of IBM's adapter."""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cluster import sdks
from tests.standins.running import StandIn, WorkerProcess, standin, worker

from qee.connectors.protocol import ENDED, Settings
from qee.documents.compiled import CompiledDocument, Submission
from qee.documents.run import JobReference, RunDocument

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0:11111111-2222-3333-4444-555555555555::"
TOKEN = "canary-7f3a9c51e2"
KEY = "0123456789abcdef0123456789abcdef01234567"


def qasm(body: str) -> str:
    return f'OPENQASM 3.0; include "stdgates.inc"; {body}'


# What the pod that compiles does, for one line after the other: the SDK takes seconds to import.
_COMPILER = """
import sys
from base64 import b64decode, b64encode
from qee.documents.run import RunDocument
from qee.sdk.errors import RunnerError
from qee.runner.process import compiled
for line in sys.stdin:
    try:
        print('ok', b64encode(compiled(RunDocument.from_bytes(b64decode(line)))).decode(), flush=True)
    except RunnerError as error:
        print('refused', b64encode(f'{error.reason}: {error.message}'.encode()).decode(), flush=True)
"""


@dataclass
class World:
    ibm: StandIn
    connector: WorkerProcess
    snapshot: str
    compiler: "subprocess.Popen[str]"

    def compiled(self, *jobs: dict[str, Any]) -> list[CompiledDocument | str]:
        """Of each job, which has a run document's fields: what it was compiled to, or why it was refused."""
        reference, target = JobReference("lab", "job", "uid"), self.snapshot.encode()
        assert self.compiler.stdin is not None
        assert self.compiler.stdout is not None
        found: list[CompiledDocument | str] = []
        for fields in jobs:
            document = RunDocument(reference, "qpu", "ibm", 7, False, target=target, **fields)
            self.compiler.stdin.write(base64.b64encode(document.to_bytes()).decode() + "\n")
            self.compiler.stdin.flush()
            kind, data = self.compiler.stdout.readline().split()
            text = base64.b64decode(data)
            found.append(CompiledDocument.from_bytes(text) if kind == "ok" else text.decode())
        return found

    def document(self, **fields: Any) -> CompiledDocument:
        (found,) = self.compiled(fields)
        assert isinstance(found, CompiledDocument), found
        return found

    def run(self, submission: Submission, key: str = KEY) -> str:
        """The handle of a job that has succeeded."""
        handle = self.connector.submit(key, submission)
        assert self.ended(handle) == "succeeded"
        return handle

    def ended(self, handle: str) -> str:
        for _ in range(5):
            phase: str = self.connector.call("status", {"handles": [handle]})[handle]["phase"]
            if phase in ENDED:
                return phase
        raise AssertionError(f"still {phase}")

    def results(self, compiled: CompiledDocument) -> dict[tuple[str, int], dict[str, Any]]:
        found = {}
        for number, submission in enumerate(compiled.submissions):
            units = self.connector.fetch(self.run(submission, f"{number:040x}"), submission)["units"]
            for unit, result in zip(submission.units, units, strict=True):
                assert result["problem"] == "", result
                found[unit.circuit, unit.parameter_set] = result
        return found

    def reply(self, call: str, status: int = 200, body: Any = None, times: int = 1, seconds: float = 0) -> None:
        """What the service answers to the next such call, as `GET metrics`. `body`: text, or what becomes JSON."""
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        self.ibm.control("reply", call=call, status=status, text=text, times=times, seconds=seconds)

    def calls(self, end: str) -> int:
        """Requests of jobs whose path ends so."""
        return sum(entry["path"].split("?")[0].endswith(end) for entry in self.ibm.control("log"))


def settings(ibm: StandIn, folder: Path, **options: str) -> Settings:
    (folder / "token").write_text(TOKEN + "\n")
    (folder / "instance").write_text(CRN)
    return Settings("qpu", "ibm_manila", options={"endpoint": ibm.url, **options}, credentials=str(folder))


@contextmanager
def world(folder: Path, **options: str) -> Iterator[World]:
    command = [str(sdks.python("ibm")), "-c", _COMPILER]
    pipe = subprocess.PIPE
    with (
        standin("ibm", "--token", TOKEN) as ibm,
        worker("ibm", settings(ibm, folder, **options)) as connector,
        subprocess.Popen(command, cwd="/", env=sdks.environment(), stdin=pipe, stdout=pipe, text=True) as compiler,
    ):
        yield World(ibm, connector, connector.call("describe")["snapshot"], compiler)
        compiler.kill()
