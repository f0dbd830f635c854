"""`python -m tests.stages [STAGE...]`: the checks and test suites, and one line that sums them up.

The checks one after the other; then the test suites in lanes, side by side: some compute, some wait for API servers and
SDKs, the end-to-end tests for pods. What the first lane prints is shown as it comes, of the others when that is done. A
stage that fails does not stop the next one. Exit status 1 if any failed.
"""

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CHECKOUT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent

STAGES: dict[str, list[list[str]]] = {
    "lint": [["ruff", "check", "."], ["ruff", "format", "--check", "."]],
    "types": [["mypy"], ["mypy", "-p", "e2e.cluster", "-p", "e2e.bench"]],
    "layers": [["lint-imports"]],
    "check-generated": [
        ["python", "-m", module, "--check"]
        for module in (
            *("qee.schema.generate", "docs.pages.constructs", "docs.pages.refused"),
            *("docs.pages.cli", "e2e.attack.page"),
        )
    ]
    + [["python", "examples/generate.py", "--check"]],
    # Apart from the tests: it shows how far it is, and no test's time limit cuts off a build of several minutes.
    "prepare": [["python", "-m", "e2e.cluster", "prepare"]],
    "unit": [["pytest", "tests/unit"]],
    # Apart from the unit tests, which take seconds: these run circuits.
    "engines": [["pytest", "tests/engines"], ["pytest", "tests/physics"]],
    "vendors": [["pytest", "tests/vendors"]],
    "wheel": [["pytest", "tests/wheel"]],
    "api-tests": [["pytest", "tests/api"]],
    "e2e": [["pytest", "e2e"]],
}


LANES = (("unit", "engines"), ("vendors", "wheel", "api-tests"), ("e2e",))


@dataclass(frozen=True)
class Tally:
    """Tests by outcome. A check that fails, or a pytest that breaks down, counts as one failure."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_junit(text: str) -> Tally:
    """The outcome of one pytest run from its JUnit XML. Errors in fixtures are failures."""
    total = Tally()
    for suite in ElementTree.fromstring(text).iter("testsuite"):
        tests, failures, errors, skipped = (
            int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
        )
        total += Tally(tests - failures - errors - skipped, failures + errors, skipped)
    return total


def run(command: Sequence[str], out: IO[bytes] | None = None) -> Tally:
    """`out` gets what it prints; None: the terminal."""
    program, *words = command
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "junit.xml")
        if program == "pytest":
            words.append(f"--junit-xml={report}")
        code = subprocess.run(
            [TOOLS / program, *words],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out and subprocess.STDOUT,
            check=False,
        ).returncode
        tally = read_junit(report.read_text()) if report.exists() else Tally()
    return tally + Tally(failed=1) if code and not tally.failed else tally


@dataclass(frozen=True)
class Outcome:
    """One stage that has ended."""

    name: str
    tally: Tally
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:16} {'failed' if self.tally.failed else 'ok':7} {self.seconds:7.1f} s   {self.tally}"


def stage(name: str, out: IO[bytes] | None = None) -> Outcome:
    started = time.monotonic()
    tally = sum((run(command, out) for command in STAGES[name]), Tally())
    return Outcome(name, tally, time.monotonic() - started)


def shown(name: str) -> Outcome:
    print(f"\n== {name}", flush=True)
    return stage(name)


def _lane(names: Sequence[str], out: IO[bytes]) -> list[Outcome]:
    return [stage(name, out) for name in names]


def lanes(wanted: Sequence[str]) -> Iterable[Outcome]:
    """The outcomes of each lane with stages among those that are wanted, as they get known."""
    first, *others = [found for lane in LANES if (found := [name for name in lane if name in wanted])] or [[]]
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(max(1, len(others))))
        beside = []
        for lane in others:
            print(f"\n== {', '.join(lane)}: beside what follows; shown after it", flush=True)
            printed = stack.enter_context(tempfile.TemporaryFile())
            beside.append((lane, printed, pool.submit(_lane, lane, printed)))
        yield from map(shown, first)
        for lane, printed, ending in beside:
            outcomes = ending.result()
            printed.seek(0)
            print(f"\n== {', '.join(lane)}\n{printed.read().decode(errors='replace')}", flush=True)
            yield from outcomes


def main(names: Iterable[str]) -> int:
    wanted = list(names)
    outcomes = [shown(name) for name in wanted if not any(name in lane for lane in LANES)]
    outcomes += lanes(wanted)
    total = sum((outcome.tally for outcome in outcomes), Tally())
    print("\n" + "\n".join(map(str, outcomes)))
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(STAGES)
    if unknown := [name for name in chosen if name not in STAGES]:
        sys.exit(f"No such stage: {', '.join(unknown)}. There are: {', '.join(STAGES)}.")
    sys.exit(main(chosen))
