"""`qee` in this process, against the fake API server, and an operator's hand that moves jobs along."""

import asyncio
import base64
import gzip
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from tests import builders
from tests.fakes.port import FakeApiServer
from typer.testing import CliRunner

from qee.api.conditions import Phase, conditions_for
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.cli.connection import Cluster, Target
from qee.cli.main import app
from qee.core.checks.prepare import run_document
from qee.core.checks.sources import Sources
from qee.documents import RunDocument, summary
from qee.documents.result import ResultDocument
from qee.kube.port import Object
from qee.kube.resources import CONFIG_MAPS, JOBS


class Cli:
    """Runs commands. `api` is the cluster, `targets` what each command would have connected to."""

    def __init__(self, api: FakeApiServer, monkeypatch: pytest.MonkeyPatch, namespace: str = "default") -> None:
        self.api = api
        self.targets: list[Target] = []
        targets = self.targets

        @asynccontextmanager
        async def opened(target: Target) -> AsyncIterator[Cluster]:
            targets.append(target)
            yield Cluster(api, target.namespace or namespace, target.namespace is not None)

        monkeypatch.setattr(Target, "open", opened)
        monkeypatch.setenv("NO_COLOR", "1")

    def __call__(self, *words: str, input: str | bytes | None = None) -> Any:
        """The result of `qee WORDS`: exit_code, stdout, stderr."""
        return CliRunner().invoke(app, list(words), input=input, prog_name="qee", catch_exceptions=False)


Step = Callable[[FakeApiServer], Awaitable[None] | None]


def when(api: FakeApiServer, verb: str, plural: str, *steps: Step, pause: float = 0.01) -> None:
    """As soon as the first request of that verb on that plural has come, take the steps, with a pause before each."""
    tasks: list[asyncio.Task[None]] = []

    async def play() -> None:
        for step in steps:
            await asyncio.sleep(pause)
            done = step(api)
            if done is not None:
                await done

    def begin(seen: str, resource: Any, _: str | None) -> None:
        if not tasks and (seen, resource.plural) == (verb, plural):
            tasks.append(asyncio.get_running_loop().create_task(play()))

    api.before.append(begin)


def moved(name: str, phase: Phase, reason: Reason, message: str = "", **status: Any) -> Step:
    """The step that writes a job's status as the operator does."""

    def step(api: FakeApiServer) -> None:
        live = api.find(JOBS, "default", name)
        assert live is not None
        live["status"] = {
            **live["status"],
            **status,
            "phase": str(phase),
            "conditions": conditions_for(
                phase,
                reason=reason,
                message=message,
                now=datetime.now(UTC),
                generation=live["metadata"]["generation"],
                previous=live["status"].get("conditions") or [],
            ),
        }
        api.put(JOBS, live)

    return step


def succeeded(name: str, document: bytes | None = None, zipped: bool = False) -> Step:
    """The step that stores a result and lets the job succeed."""

    def step(api: FakeApiServer) -> None:
        live = api.find(JOBS, "default", name)
        assert live is not None
        data = builders.result_of(run_of(live)) if document is None else document
        key = "result.json.gz" if zipped else "result.json"
        packed = base64.b64encode(gzip.compress(data)).decode()
        values = {"binaryData": {key: packed}} if zipped else {"data": {key: data.decode()}}
        api.put(CONFIG_MAPS, {"metadata": {"name": f"{name}-result"}, "immutable": True, **values})
        result = {
            "configMap": f"{name}-result",
            "key": key,
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "summary": summary(ResultDocument.from_bytes(data)),
        }
        moved(name, Phase.SUCCEEDED, Reason.COMPLETED, "The result is stored.", result=result)(api)

    return step


def run_of(live: Object) -> RunDocument:
    job = QuantumJob.model_validate(live)
    sources = Sources({circuit.name: (circuit.source or "").encode() for circuit in job.spec.circuits})
    return run_document(job, "aer", sources)


def circuits(*names: str) -> Sequence[Object]:
    return [{"name": name, "format": "openqasm3", "source": builders.BELL} for name in names]
