"""`python -m tests.at_most_once [VENDOR ...]`: one attempt, at most one provider job, whatever is killed and whenever.

Operator and connector run in this process on an API server in memory; the vendor's real SDK runs in its worker, and
speaks with the vendor's stand-in, whose list of jobs is the oracle. Each run is killed once: before or after one of the
writes and provider calls of the recorded trace, or the stand-in misbehaves once as the job is submitted. A planted
fault, a connector that submits whatever has no handle, must be caught.

What a provider has executed is paid for, so its result must be stored: in each of these runs, and in those where
something beside it goes wrong (tests/results_kept.py).

Prints a table: vendor, fault, provider jobs, results. Exit status 1 where there is a second job, where a result is not
stored, or where the planted fault is missed.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e import clouds
from e2e.cluster import liboqs, sdks
from tests import cloud
from tests.cloud import Cloud, Killer, play
from tests.standins.base import FAULTS
from tests.standins.running import StandIn, compiled, standin

from qee.connectors import submission
from qee.connectors.client import WorkerClient
from qee.connectors.protocol import Connector, Fetched, ProviderState, Settings, Target
from qee.documents.compiled import CompiledDocument, Submission, Usage
from qee.documents.packing import pack
from qee.documents.run import RunDocument
from qee.kube.port import Object
from qee.sdk.adapters import adapter

HANG_SECONDS = 10.0  # the deadline of a call that hangs; the worker is there already


class Watched:
    """The real worker, with a look before and after each call, and a memory of what compiling gave."""

    def __init__(self, vendor: str, client: WorkerClient, connector: type[Connector]) -> None:
        self.vendor = vendor
        self.client = client
        self.connector = connector
        self.idempotent = connector.IDEMPOTENT
        self.held = False
        self.alter: Callable[[Submission, Fetched], Fetched] = lambda wanted, found: found
        self.before: Callable[[str], None] = lambda call: None
        self.after: Callable[[str], None] = lambda call: None
        self.compiled: dict[tuple[str, ...], CompiledDocument] = {}
        """By the circuits' names."""

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
            return self.alter(wanted, await self.client.fetch(handle, wanted))

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
        known, circuits = self.provider.compiled, tuple(each.name for each in run.circuits)
        if circuits not in known:
            known[circuits] = compiled(self.provider.vendor, run)
        return dataclasses.replace(known[circuits], job=run.job)

    def estimate(self, submission: Submission) -> Usage:
        return self.provider.connector.estimate(submission)


@dataclass
class Row:
    """Runs under one fault: how many gave no, one, or more provider jobs, and how many results were stored."""

    jobs: Counter[int] = field(default_factory=Counter)
    stored: int = 0

    def total(self) -> int:
        """Of runs."""
        return self.jobs.total()


@dataclass
class Table:
    """Rows by vendor and fault."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, vendor: str, fault: str, jobs: int, stored: bool, said: str) -> None:
        """`jobs`: for each submission. `said`: how the job stands."""
        row = self.rows.setdefault((vendor, fault), Row())
        row.jobs[jobs] += 1
        row.stored += stored
        if jobs > 1:
            self.problems.append(f"{vendor}, {fault}: {jobs} provider jobs")
        if jobs and not stored:
            self.problems.append(f"{vendor}, {fault}: executed, and no result is stored: {said}")

    def __str__(self) -> str:
        head = f"{'vendor':8} {'fault':48} {'runs':>5} {'0 jobs':>7} {'1 job':>6} {'more':>5} {'stored':>7}"
        lines = [head]
        total = Row()
        for (vendor, fault), row in [*self.rows.items(), (("all", "total"), total)]:
            jobs, runs = row.jobs, row.total()
            more = runs - jobs[0] - jobs[1]
            lines.append(f"{vendor:8} {fault:48} {runs:5} {jobs[0]:7} {jobs[1]:6} {more:5} {row.stored:7}")
            total.jobs, total.stored = total.jobs + jobs, total.stored + row.stored
        return "\n".join(lines)


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


def cluster(watched: Watched, running: StandIn, body: Object, directory: Path) -> RealCloud:
    """A new one, before a provider that has forgotten the last one's jobs and faults."""
    running.control("reset")
    watched.before = watched.after = lambda call: None
    watched.alter = lambda wanted, found: found
    free = cloud.budget(jobs=1000)
    made = RealCloud(directory, provider=watched, backend=body, budgets=(free,))
    images = {**made.settings.runner.images, watched.vendor: "connector:1"}
    runner = made.settings.runner.model_copy(update={"images": images})
    made.settings = made.settings.model_copy(update={"runner": runner})
    made.restart()
    return made


def told(made: RealCloud) -> tuple[bool, str]:
    """Whether a result is stored, and how the job stands."""
    return bool(made.status.get("result")), f"{' '.join(made.outcome)}: {made.message}"


async def run(
    watched: Watched, running: StandIn, body: Object, prepare: Callable[[RealCloud], Any], directory: Path
) -> tuple[tuple[int, bool, str], Any]:
    """One job from apply to its end, or until it is parked: provider jobs, whether its result is stored, its state."""
    made = cluster(watched, running, body, directory)
    prepared = prepare(made)
    await play(made, "runs", prepared)
    return (len(running.jobs), *told(made)), prepared


async def killed(
    vendor: str, table: Table, every: int, before: tuple[Watched, StandIn, Object], note: Callable[[str], None]
) -> None:
    """Every `every`-th point of the trace, before and after."""
    for when in ("before", "after"):
        point = 0
        while True:
            with tempfile.TemporaryDirectory() as directory:
                found, killer = await run(
                    *before, lambda made, when=when, point=point: Killer(made, when, point), Path(directory)
                )
            if not killer.struck:
                break
            table.add(vendor, f"killed {when} {killer.at}", *found)
            note(f"{vendor}: killed {when} {killer.at}: {found}")
            point += every


async def misbehaving(
    vendor: str, table: Table, faults: Sequence[str], before: tuple[Watched, StandIn, Object]
) -> None:
    """The stand-in does as it is told, once, as the job is submitted."""
    watched, running, _ = before
    for fault in faults:
        deadline = HANG_SECONDS if fault == "hang" else watched.client._submit_seconds
        with deadlines(watched.client, submit=deadline), tempfile.TemporaryDirectory() as directory:

            def planted(made: RealCloud, fault: str = fault) -> Killer:
                running.fault("submit", fault, seconds=1)
                return Killer(made, "before", -1)

            found, _ = await run(*before, planted, Path(directory))
        table.add(vendor, f"submit: {fault}", *found)


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

            (jobs, *_), _ = await run(*before, planted, Path(directory))
    finally:
        submission.fresh, submission.part_key = honest, keys
    return jobs > 1


@contextlib.contextmanager
def deadlines(client: WorkerClient, *, call: float = 60, submit: float = 60) -> Iterator[None]:
    """Of a client, for a while."""
    kept = client._call_seconds, client._submit_seconds
    client._call_seconds, client._submit_seconds = call, submit
    try:
        yield
    finally:
        client._call_seconds, client._submit_seconds = kept


async def prove(
    vendors: Sequence[str],
    every: int,
    faults: Sequence[str],
    note: Callable[[str], None],
    beside: Sequence[str] | None = None,
) -> Table:
    """`beside`: those of `results_kept.FAULTS` that are tried; None: all."""
    from tests import results_kept

    table = Table()
    for vendor in vendors:
        async with before_the_sdk(vendor) as before:
            await killed(vendor, table, every, before, note)
            await misbehaving(vendor, table, faults, before)
            await results_kept.kept(vendor, table, before, note, beside)
            if not await planted_fault_is_caught(vendor, before):
                table.problems.append(f"{vendor}: a planted double submission was not caught")
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vendors", nargs="*", default=list(clouds.VENDORS), help="default: all")
    parser.add_argument("--every", type=int, default=1, help="only every so many points of the trace")
    arguments = parser.parse_args()
    liboqs.provide_for_tests()
    table = asyncio.run(prove(arguments.vendors, arguments.every, FAULTS, lambda line: print(line, file=sys.stderr)))
    print(table)
    for problem in table.problems:
        print(f"PROBLEM: {problem}")
    return 1 if table.problems else 0


if __name__ == "__main__":
    sys.exit(main())
