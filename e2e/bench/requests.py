"""What one plain simulator job costs: requests of the operator to the API server, and CPU time of its process.

Counted for jobs one after another and for a crowd, with all that follows a job's end. What the process uses at rest,
for its Lease and its probes, is measured before and taken off. An older checkout's operator may run beside the present
one: the same cluster, chart, runner and jobs, in turn.
"""

import asyncio
import json
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from e2e import chart
from e2e.bench import audit, measure
from e2e.cluster.images import PROGRAMS
from e2e.cluster.steps import say, step
from e2e.signing import Signer
from qee.kube.client import KubeClient
from qee.kube.port import Object
from qee.kube.resources import JOBS

AT_REST = 20.0  # seconds
AFTERWARDS = 40.0  # seconds; 30 s after a job's end the operator looks whether its pod lingers
SETTLE = 5.0
NOW, BEFORE = "now", "before"
_IMAGES = "import json, sys\nfrom e2e.cluster.choice import cluster\nprint(json.dumps(cluster().images(sys.argv[1:])))"


@dataclass(frozen=True)
class Cost:
    """Of some jobs together."""

    jobs: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    cpu_seconds: float = 0.0
    """Of the process in that time."""
    seconds: float = 0.0
    rest_seconds: float = 0.0
    """CPU time that it would have used in that time without jobs."""

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.jobs + other.jobs,
            self.requests + other.requests,
            self.cpu_seconds + other.cpu_seconds,
            self.seconds + other.seconds,
            self.rest_seconds + other.rest_seconds,
        )

    def per_job(self) -> dict[str, Any]:
        return {
            "requests_per_job": self.requests.total() / self.jobs,
            "cpu_ms_per_job": 1000 * (self.cpu_seconds - self.rest_seconds) / self.jobs,
            "rest_ms_per_s": 1000 * self.rest_seconds / self.seconds,
            "by_request": {what: number / self.jobs for what, number in sorted(self.requests.items())},
        }


class Requests:
    """Measures the operator that is installed at the moment."""

    def __init__(self, port: KubeClient, namespace: str, log: Path, signer: Signer) -> None:
        self._port = port
        self._namespace = namespace
        self._log = log
        self._signer = signer

    async def one_after_another(self, number: int) -> Cost:
        async def run(bodies: list[Object]) -> None:
            for body in bodies:
                await measure.one(self._port, JOBS, body, measure.finished)

        return await self._cost("single", number, run)

    async def crowd(self, number: int) -> Cost:
        async def run(bodies: list[Object]) -> None:
            await measure.crowd(self._port, JOBS, bodies, measure.finished)

        return await self._cost("crowd", number, run)

    async def _cost(self, name: str, number: int, run: Callable[[list[Object]], Awaitable[None]]) -> Cost:
        """Of jobs that are signed beforehand; deleting them is not counted."""
        names = [f"{name}-{index}" for index in range(number)]
        bodies = [measure.quantum(each, self._namespace, self._signer)[1] for each in names]
        pid = measure.operator_pid()
        at_rest = measure.tree_cpu_seconds(pid)
        await asyncio.sleep(AT_REST)
        mark, began, cpu = audit.Position.now(self._log), time.monotonic(), measure.tree_cpu_seconds(pid)
        await run(bodies)
        await asyncio.sleep(AFTERWARDS)
        if measure.operator_pid() != pid:
            raise RuntimeError("the operator was restarted while it was measured: is the machine too busy?")
        seconds, used = time.monotonic() - began, measure.tree_cpu_seconds(pid) - cpu
        asked = audit.requests(mark.entries())
        cost = Cost(number, asked, used, seconds, (cpu - at_rest) * seconds / AT_REST)
        await measure.gone(self._port, JOBS, self._namespace, names)
        await asyncio.sleep(SETTLE)
        say(json.dumps(cost.per_job()))
        return cost


async def measured(
    requests: Requests, installs: Mapping[str, Callable[[], None]], rounds: int, singles: int = 20, crowd: int = 50
) -> dict[str, Any]:
    """Figures under `requests`. installs: how each version is installed; in every other round the order is reversed."""
    costs = {version: (Cost(), Cost()) for version in installs}
    for number in range(rounds):
        for version in list(installs) if number % 2 == 0 else reversed(list(installs)):
            with step(f"round {number + 1}, the operator {version}: {singles} jobs in turn, {crowd} at once"):
                installs[version]()
                await requests.one_after_another(1)  # nothing of the first is counted: what it loads stays
                one, many = costs[version]
                costs[version] = (
                    one + await requests.one_after_another(singles),
                    many + await requests.crowd(crowd),
                )
    return figures(costs) | {"rounds": rounds, "singles": singles, "at_once": crowd}


def figures(costs: Mapping[str, tuple[Cost, Cost]]) -> dict[str, Any]:
    """Costs by version, as (one after another, in a crowd); `before` may be missing."""
    found: dict[str, Any] = {
        version: {"single": one.per_job(), "crowd": many.per_job()} for version, (one, many) in costs.items()
    }
    if BEFORE in found:
        found["cpu_ratio"] = {
            kind: found[NOW][kind]["cpu_ms_per_job"] / found[BEFORE][kind]["cpu_ms_per_job"]
            for kind in ("single", "crowd")
        }
    return found


def installs(kubeconfig: Path, references: Mapping[str, str], baseline: Path | None) -> dict[str, Callable[[], None]]:
    """How each version of the operator gets into the cluster; all else is the same. baseline: an older checkout."""
    operators = {BEFORE: _images_of(baseline)["operator"]} if baseline else {}
    operators[NOW] = references["operator"]
    return {
        version: partial(
            chart.install, kubeconfig, chart.image_values({**references, "operator": operator}), *chart.TAKE_OVER
        )
        for version, operator in operators.items()
    }


def _images_of(checkout: Path) -> dict[str, str]:
    """Target -> reference of the images of another checkout, which it builds itself and brings into the cluster."""
    words = [str(checkout / ".venv/bin/python"), "-c", _IMAGES, *PROGRAMS]
    answer = subprocess.run(words, cwd=checkout, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, str] = json.loads(answer.stdout.splitlines()[-1])
    return found
