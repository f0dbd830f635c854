"""`python -m tests.at_most_once [VENDOR ...]`: one attempt, at most one provider job, whatever is killed and whenever.

Operator and connector run in this process on an API server in memory; the vendor's real SDK runs in its worker, and
speaks with the vendor's stand-in, whose list of jobs is the oracle. Each run is killed once: before or after one of the
writes and provider calls of the recorded trace, or the stand-in misbehaves once as the job is submitted. A planted
fault, a connector that submits whatever has no handle, must be caught.

Prints a table: vendor, fault, provider jobs. Exit status 1 where there is a second job, or the planted one is missed.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e import clouds
from e2e.cluster import sdks
from tests import cloud
from tests.cloud import Cloud, Killer, play
from tests.standins.base import FAULTS
from tests.standins.running import StandIn, compiled, standin

from qee.api.compiled_document import CompiledDocument, Submission, Usage
from qee.api.packing import pack
from qee.api.run_document import RunDocument
from qee.connectors import submission
from qee.connectors.client import WorkerClient
from qee.connectors.loading import adapter
from qee.connectors.protocol import Connector, Fetched, ProviderState, Settings, Target
from qee.kube.port import Object


class Watched:
    """The real worker, with a look before and after each call, and a memory of what compiling gave."""

    def __init__(self, vendor: str, client: WorkerClient, connector: type[Connector]) -> None:
        self.vendor = vendor
        self.client = client
        self.connector = connector
        self.idempotent = connector.IDEMPOTENT
        self.held = False
        self.before: Callable[[str], None] = lambda call: None
        self.after: Callable[[str], None] = lambda call: None
        self.compiled: CompiledDocument | None = None

    async def describe(self) -> Target:
        return await self.client.describe()

    async def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        async with self._looked("find"):
            return await self.client.find(keys, since)

    async def submit(self, key: str, wanted: Submission) -> str:
        async with self._looked("submit"):
            return await self.client.submit(key, wanted)

    async def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        async with self._looked("status"):
            return await self.client.status(handles)

    async def fetch(self, handle: str, wanted: Submission) -> Fetched:
        async with self._looked("fetch"):
            return await self.client.fetch(handle, wanted)

    async def cancel(self, handle: str) -> None:
        async with self._looked("cancel"):
            await self.client.cancel(handle)

    @contextlib.asynccontextmanager
    async def _looked(self, call: str) -> AsyncIterator[None]:
        self.before(call)
        yield
        self.after(call)


class RealCloud(Cloud):
    """The cluster in memory before a real SDK."""

    provider: Watched

    def compiled(self, run: RunDocument) -> CompiledDocument:
        """Compiled once for a vendor: the circuits are the same, only the job is another."""
        if self.provider.compiled is None:
            self.provider.compiled = compiled(self.provider.vendor, run)
        return dataclasses.replace(self.provider.compiled, job=run.job)

    def estimate(self, submission: Submission) -> Usage:
        return self.provider.connector.estimate(submission)


@dataclass
class Table:
    """Runs by vendor and fault: how many gave no, one, or more provider jobs."""

    rows: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, vendor: str, fault: str, jobs: int) -> None:
        self.rows.setdefault((vendor, fault), Counter())[jobs] += 1
        if jobs > 1:
            self.problems.append(f"{vendor}, {fault}: {jobs} provider jobs")

    def __str__(self) -> str:
        head = f"{'vendor':8} {'fault':44} {'runs':>5} {'0 jobs':>7} {'1 job':>6} {'more':>5}"
        lines = [
            f"{vendor:8} {fault:44} {found.total():5} {found[0]:7} {found[1]:6} {found.total() - found[0] - found[1]:5}"
            for (vendor, fault), found in self.rows.items()
        ]
        return "\n".join([head, *lines])


def _secret(vendor: str, directory: str) -> None:
    for name, value in clouds.VENDORS[vendor].secret.items():
        Path(directory, name).write_text(value.format(token=clouds.token(vendor)))


@contextlib.asynccontextmanager
async def before_the_sdk(vendor: str) -> AsyncIterator[tuple[Watched, StandIn, Object]]:
    """A running worker before a running stand-in, and the backend that says so."""
    chosen = clouds.VENDORS[vendor]
    with standin(vendor, "--token", clouds.token(vendor)) as running, tempfile.TemporaryDirectory() as secret:
        _secret(vendor, secret)
        options = {**chosen.options, "endpoint": running.url}
        settings = Settings(cloud.BACKEND, chosen.device, chosen.region, options, secret)
        command = [str(sdks.python(vendor)), "-m", "qee.connectors.worker"]
        client = WorkerClient(command, vendor, settings, 60, 60, environment=sdks.environment())
        try:
            watched = Watched(vendor, client, adapter(vendor))
            target = await watched.describe()
            yield watched, running, _backend(vendor, watched, target)
        finally:
            await client.close()


def _backend(vendor: str, watched: Watched, target: Target) -> Object:
    body = cloud.backend()
    body["spec"] |= {"provider": vendor, "device": clouds.VENDORS[vendor].device}
    body["status"] |= {
        "qubits": target.qubits,
        "formats": list(watched.connector.FORMATS),
        "outputs": list(watched.connector.OUTPUTS),
        "target": pack(target.snapshot),
    }
    return body


async def run(
    watched: Watched, running: StandIn, body: Object, prepare: Callable[[RealCloud], Any], directory: Path
) -> tuple[int, Any]:
    """One job from apply to its end, or until it is parked; how many provider jobs there are then."""
    running.control("reset")
    watched.before = watched.after = lambda call: None
    free = cloud.budget(jobs=1000)
    made = RealCloud(directory, provider=watched, backend=body, budgets=(free,))
    images = {**made.settings.runner.images, watched.vendor: "connector:1"}
    runner = made.settings.runner.model_copy(update={"images": images})
    made.settings = made.settings.model_copy(update={"runner": runner})
    made.restart()
    prepared = prepare(made)
    await play(made, "runs", prepared)
    return len(running.jobs), prepared


async def killed(
    vendor: str, table: Table, every: int, before: tuple[Watched, StandIn, Object], note: Callable[[str], None]
) -> None:
    """Every `every`-th point of the trace, before and after."""
    for when in ("before", "after"):
        point = 0
        while True:
            with tempfile.TemporaryDirectory() as directory:
                jobs, killer = await run(
                    *before, lambda made, when=when, point=point: Killer(made, when, point), Path(directory)
                )
            if not killer.struck:
                break
            table.add(vendor, f"killed {when} {killer.at}", jobs)
            note(f"{vendor}: killed {when} {killer.at}: {jobs}")
            point += every


async def misbehaving(
    vendor: str, table: Table, faults: Sequence[str], before: tuple[Watched, StandIn, Object]
) -> None:
    """The stand-in does as it is told, once, as the job is submitted."""
    running = before[1]
    for fault in faults:
        with tempfile.TemporaryDirectory() as directory:

            def planted(made: RealCloud, fault: str = fault) -> Killer:
                running.fault("submit", fault, seconds=1)
                return Killer(made, "before", -1)

            jobs, _ = await run(*before, planted, Path(directory))
        table.add(vendor, f"submit: {fault}", jobs)


async def planted_fault_is_caught(vendor: str, before: tuple[Watched, StandIn, Object]) -> bool:
    """A connector that submits whatever has no handle, asked or not, under a key of its own each time."""
    honest, keys = submission.fresh, submission.part_key
    count = iter(range(10**6))
    submission.fresh = lambda view: tuple(p.index for p in view.parts if p.handle is None and not p.ended)
    submission.part_key = lambda key, index: keys(f"{key}{next(count)}", index)
    try:
        with tempfile.TemporaryDirectory() as directory:
            running = before[1]

            def planted(made: RealCloud) -> Killer:
                running.fault("submit", "accept-then-drop")
                return Killer(made, "before", -1)

            jobs, _ = await run(*before, planted, Path(directory))
    finally:
        submission.fresh, submission.part_key = honest, keys
    return jobs > 1


async def prove(vendors: Sequence[str], every: int, faults: Sequence[str], note: Callable[[str], None]) -> Table:
    table = Table()
    for vendor in vendors:
        async with before_the_sdk(vendor) as before:
            await killed(vendor, table, every, before, note)
            await misbehaving(vendor, table, faults, before)
            if not await planted_fault_is_caught(vendor, before):
                table.problems.append(f"{vendor}: a planted double submission was not caught")
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vendors", nargs="*", default=list(clouds.VENDORS), help="default: all")
    parser.add_argument("--every", type=int, default=1, help="only every so many points of the trace")
    arguments = parser.parse_args()
    faults = [fault for fault in FAULTS if fault != "hang"]
    table = asyncio.run(prove(arguments.vendors, arguments.every, faults, lambda line: print(line, file=sys.stderr)))
    print(table)
    for problem in table.problems:
        print(f"PROBLEM: {problem}")
    return 1 if table.problems else 0


if __name__ == "__main__":
    sys.exit(main())
