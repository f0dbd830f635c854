"""What a provider has executed is stored, whatever goes wrong beside its result: a part of tests/at_most_once.py.

Each fault begins once the provider has the job, lasts as long as it says, and is over then; before the vendor's real
SDK and its stand-in, in simulated time.
"""

import dataclasses
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import cloud
from tests.at_most_once import HANG_SECONDS, RealCloud, Table, Watched, cluster, deadlines, told
from tests.standins.running import StandIn

from qee.connectors.protocol import Charge, Fetched, UnitResult
from qee.documents.compiled import Submission
from qee.kube.port import Object

HOUR = 3600.0
ALWAYS = 10**6
# Where a provider is asked for more than a result, and where.
METRICS = {"ibm": "/metrics", "ionq": "/cost"}


@dataclass(frozen=True)
class Fault:
    """`begin` is called when the provider has the job, which waits. `seconds`: it lasts; `said`: in the end."""

    begin: Callable[[RealCloud, StandIn, Watched], None]
    seconds: float = 0.0
    circuits: int = 1
    call_seconds: float = 60.0
    vendors: Sequence[str] = ()
    said: str = ""
    lasting: bool = False
    """It is not over at the end."""


def answers(operation: str, fault: str, times: int = ALWAYS) -> Callable[[RealCloud, StandIn, Watched], None]:
    return lambda made, running, watched: running.fault(operation, fault, times=times)


def refused_cancel(made: RealCloud, running: StandIn, watched: Watched) -> None:
    running.fault("cancel", "400", times=ALWAYS)
    made.change(cancelRequested=True)


def failing_metrics(made: RealCloud, running: StandIn, watched: Watched) -> None:
    running.fault("fetch", "503", times=ALWAYS, path=METRICS[watched.vendor])


def charged(**figures: Any) -> Callable[[RealCloud, StandIn, Watched], None]:
    """As an adapter might say it that gets around the protocol's own rounding."""

    def begin(made: RealCloud, running: StandIn, watched: Watched) -> None:
        charge = Charge()
        for name, value in figures.items():
            object.__setattr__(charge, name, value)
        watched.alter = lambda wanted, found: dataclasses.replace(found, charge=charge)

    return begin


def of_the_second(bad: UnitResult) -> Callable[[RealCloud, StandIn, Watched], None]:
    def alter(wanted: Submission, found: Fetched) -> Fetched:
        pairs = zip(wanted.units, found.units, strict=True)
        return dataclasses.replace(found, units=tuple(bad if unit.circuit == "b" else one for unit, one in pairs))

    def begin(made: RealCloud, running: StandIn, watched: Watched) -> None:
        watched.alter = alter

    return begin


BAD = UnitResult(probabilities={"00": "0.5", "11": "0.495"})
FAULTS: dict[str, Fault] = {
    "charge refused: amount": Fault(charged(amount="12.4166000000001", currency="USD")),
    "charge refused: negative": Fault(charged(amount="-3.0", currency="USD")),
    "charge refused: currency": Fault(charged(amount="3.0", currency="credit")),
    "charge refused: time": Fault(charged(qpu_milliseconds=-5000)),
    "metrics failing": Fault(failing_metrics, vendors=tuple(METRICS), lasting=True),
    "fetch: 401 for an hour": Fault(answers("fetch", "401"), HOUR),
    "fetch: 429 for an hour": Fault(answers("fetch", "429"), HOUR),
    "fetch: 503 for an hour": Fault(answers("fetch", "503"), HOUR),
    "fetch: 404 for minutes": Fault(answers("fetch", "404"), 300.0),
    "fetch: malformed": Fault(answers("fetch", "malformed", 1)),
    "fetch: drop": Fault(answers("fetch", "drop", 1)),
    "fetch: hang": Fault(answers("fetch", "hang", 1), call_seconds=HANG_SECONDS),
    "status: hang": Fault(answers("status", "hang", 1), call_seconds=HANG_SECONDS),
    "cancel refused, then succeeded": Fault(refused_cancel, lasting=True),
    "one bad unit": Fault(of_the_second(BAD), circuits=2, said="0.995"),
    "short counts": Fault(of_the_second(UnitResult(counts={"00": 3})), circuits=2, said="3 shots"),
}


async def kept(
    vendor: str,
    table: Table,
    before: tuple[Watched, StandIn, Object],
    note: Callable[[str], None],
    only: Sequence[str] | None = None,
) -> None:
    """Adds a row for each fault, of those named where they are."""
    for name, fault in FAULTS.items():
        if (only is not None and name not in only) or (fault.vendors and vendor not in fault.vendors):
            continue
        with tempfile.TemporaryDirectory() as directory:
            made = cluster(*before, Path(directory))
            jobs = await _story(made, before, fault)
        stored, state = told(made)
        if fault.said and fault.said not in state:
            table.problems.append(f"{vendor}, {name}: nothing is said of it: {state}")
        if not jobs:
            table.problems.append(f"{vendor}, {name}: the provider has no job: {state}")
        table.add(vendor, name, jobs, stored, state)
        note(f"{vendor}: {name}: {jobs}, {stored}, {state}")


async def _story(made: RealCloud, before: tuple[Watched, StandIn, Object], fault: Fault) -> int:
    """From apply to the end; the provider's jobs for each submission, rounded up."""
    watched, running, _ = before
    running.control("release", hold=True)
    (one,) = cloud.job()["spec"]["circuits"]
    names = tuple("ab"[: fault.circuits])
    made.given_cloud(circuits=[{**one, "name": name} for name in names])
    await made.settle(rounds=4, seconds=15)
    fault.begin(made, running, watched)
    running.control("release")
    with deadlines(watched.client, call=fault.call_seconds):
        await made.settle(rounds=2, seconds=15)
    await made.settle(rounds=6, seconds=15)
    await made.settle(rounds=math.ceil(fault.seconds / 120), seconds=120)
    if not fault.lasting:
        running.control("mend")
    await made.settle(rounds=12, seconds=120)
    return math.ceil(len(running.jobs) / len(watched.compiled[names].submissions))
