"""An operator with thousands of jobs that wait or have ended: what it asks of the API server at rest, and its memory.

A real kube-apiserver on loopback and the operator as a process with the rights of its service account. There is no node
and no job controller: the children of waiting jobs never get pods, as when Kueue or a quota holds them back, and the
garbage collector's deletions are made here. Jobs that have ended are written with the status and result of one that the
operator really ended; waiting ones go the whole way through the operator.
"""

import asyncio
import contextlib
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from tests import builders
from tests.cluster_simulation import Simulation

from e2e import chart
from e2e.bench import audit, measure
from e2e.cluster import liboqs
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.steps import say, step
from e2e.operator_process import OperatorProcess
from qee.kube.client import KubeClient, connect
from qee.kube.port import ApiError, Object, Resource
from qee.kube.resources import BACKENDS, CHILDREN, CONFIG_MAPS, JOBS, NAMESPACES

ENDED, WAITING = "qee-bench-ended", "qee-bench-waiting"
WARM_UP = 100  # jobs, created and deleted before memory is looked at
AT_ONCE = 50
SETTLE = 60.0  # seconds after the last status; the last look of a job's beginning is 30 s after it
PATIENT = 3600.0
# The chart's defaults, where tests have shorter ones.
SETTINGS = {"patience": {}, "resyncSeconds": 600, "leaseNamespace": chart.NAMESPACE}
ACCOUNT = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}


async def measured(jobs: int, seconds: int, baseline: Path | None) -> dict[str, Any]:
    """Figures of `jobs` that have ended and as many that wait; under `before` those of an older checkout's operator.

    That one is measured with a tenth of the jobs, since it may look at each again and again.
    """
    found = await _of(CHECKOUT, jobs, seconds)
    return found | {"before": await _of(baseline, jobs // 10, seconds)} if baseline else found


async def _of(checkout: Path, jobs: int, seconds: int) -> dict[str, Any]:
    liboqs.provide()
    server = ApiServer()
    try:
        with step("API server"):
            server.start()
            server.install(CHECKOUT / "crds")
        with tempfile.TemporaryDirectory() as scratch:
            kubeconfig = _as_operator(server, Path(scratch))
            port = await connect(str(server.kubeconfig), user_agent="qee-bench")
            try:
                for name in (ENDED, WAITING):
                    await port.create(NAMESPACES, None, {"metadata": {"name": name}})
                await port.create(BACKENDS, None, builders.backend())
                with step(f"{jobs} jobs that have ended"):
                    await _ended(port, jobs)
                images = {"aer": "qee-runner-aer:bench", "cirq": "qee-runner-cirq:bench"}
                with OperatorProcess(kubeconfig, images, settings=SETTINGS, checkout=checkout) as operator:
                    return await Rest(port, server.audit_log, operator, jobs, seconds).figures()
            finally:
                await port.close()
    finally:
        server.stop()


class Rest:
    """One operator, from its start beside ended jobs to the deletion of the waiting ones."""

    def __init__(self, port: KubeClient, log: Path, operator: OperatorProcess, jobs: int, seconds: int) -> None:
        self._port = port
        self._log = log
        self._operator = operator
        self._pid = operator.pid
        self._jobs = jobs
        self._seconds = seconds

    async def figures(self) -> dict[str, Any]:
        with step(f"the operator reads {self._jobs} ended jobs; {WARM_UP} waiting ones come and go"):
            await self._idle()
            await self._waiting(WARM_UP)
            await self._gone()
            await self._idle()
        before = measure.rss_mib(self._pid)
        cpu, began = measure.tree_cpu_seconds(self._pid), time.monotonic()
        with step(f"{self._jobs} waiting jobs"):
            await self._waiting(self._jobs)
        cpu, took = measure.tree_cpu_seconds(self._pid) - cpu, time.monotonic() - began
        with step(f"twice {self._seconds} s at rest"):
            await asyncio.sleep(SETTLE)
            windows = [await self._window() for _ in range(2)]
        full = measure.rss_mib(self._pid)
        with step("all waiting jobs are deleted"):
            await self._gone()
            await self._idle()
        after = measure.rss_mib(self._pid)
        least = quietest(windows)
        found = {
            "jobs": self._jobs,
            "seconds": self._seconds,
            "requests": least.total(),
            "requests_per_s": least.total() / self._seconds,
            "requests_per_s_and_job": least.total() / self._seconds / self._jobs,
            "by_request": dict(sorted(least.items())),
            "cpu_ms_per_waiting_job": 1000 * cpu / self._jobs,
            "until_all_wait_s": took,
            "rss_ended_mib": before,
            "rss_waiting_mib": full,
            "rss_deleted_mib": after,
            "rss_ratio": after / before,
        }
        say(json.dumps(found))
        return found

    async def _waiting(self, number: int) -> None:
        """Returns when the operator has made a child of each, and said that the job is queued."""
        bodies = [builders.job(f"waiting-{index}", WAITING) for index in range(number)]
        async with asyncio.timeout(PATIENT):
            await _each(bodies, lambda body: self._port.create(JOBS, WAITING, body))
            while queued(self._operator.metrics()) < number:
                await asyncio.sleep(2)

    async def _window(self) -> Counter[str]:
        mark = audit.Position.now(self._log)
        await asyncio.sleep(self._seconds)
        return audit.requests(mark.entries())

    async def _gone(self) -> None:
        """The jobs, and then what they own, as the garbage collector would."""
        for resource in (JOBS, CHILDREN, CONFIG_MAPS):
            while await self._any(resource):
                with contextlib.suppress(ApiError):  # of thousands it takes longer than a request may; it goes on
                    await self._port.delete_collection(resource, WAITING, labels="")

    async def _any(self, resource: Resource) -> bool:
        async for _ in self._port.list(resource, WAITING, metadata_only=True):
            return True
        return False

    async def _idle(self) -> None:
        """Until the process has used next to no CPU for 5 s, three times in a row."""
        quiet = 0
        async with asyncio.timeout(PATIENT):
            while quiet < 3:
                before = measure.tree_cpu_seconds(self._pid)
                await asyncio.sleep(5)
                quiet = quiet + 1 if measure.tree_cpu_seconds(self._pid) - before < 0.1 else 0


def quietest(windows: Sequence[Counter[str]]) -> Counter[str]:
    """The window with the fewest requests: the resync, every 10 minutes, falls into one at most."""
    return min(windows, key=Counter.total)


def queued(metrics: str) -> int:
    """How many jobs the operator says are queued."""
    found = re.search(r'^qee_jobs\{phase="Queued"\} (\d+)', metrics, re.MULTILINE)
    return int(found[1]) if found else 0


async def _ended(port: KubeClient, number: int) -> None:
    """With the status and the result that the operator gives a job in the tests' cluster in memory."""
    simulation = Simulation()
    simulation.given()
    await simulation.step()
    simulation.make_pod()
    simulation.succeed()
    await simulation.step()
    uid, status = simulation.job()["metadata"]["uid"], simulation.status
    (result,) = simulation.config_maps("result")

    async def make(name: str) -> None:
        job = await port.create(JOBS, ENDED, builders.job(name, ENDED))
        text = json.dumps([result, status]).replace(uid, job["metadata"]["uid"]).replace('"bell', f'"{name}')
        stored, said = json.loads(text)
        stored["metadata"] = {
            key: value
            for key, value in stored["metadata"].items()
            if key in ("name", "labels", "annotations", "ownerReferences")
        }
        await port.create(CONFIG_MAPS, ENDED, stored)
        await port.patch_status(JOBS, ENDED, name, {"status": said})

    await _each([f"ended-{index}" for index in range(number)], make)


async def _each(items: Sequence[Any], work: Callable[[Any], Awaitable[Any]]) -> None:
    """A few at once."""
    for start in range(0, len(items), AT_ONCE):
        await asyncio.gather(*map(work, items[start : start + AT_ONCE]))


def _as_operator(server: ApiServer, scratch: Path) -> Path:
    """A kubeconfig with a token of the operator's service account, which has the chart's rights."""
    objects = [each for each in chart.render() if each["kind"] in ACCOUNT]
    server.kubectl("create", "namespace", chart.NAMESPACE)
    text = yaml.safe_dump_all([each for each in objects if _of_operator(each)])
    server.kubectl("apply", f"--namespace={chart.NAMESPACE}", "--filename=-", input=text)
    token = server.kubectl("create", "token", chart.OPERATOR, f"--namespace={chart.NAMESPACE}", "--duration=8h")
    config = yaml.safe_load(server.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token.strip()}
    path = scratch / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    return path


def _of_operator(obj: Object) -> bool:
    name: str = obj["metadata"]["name"]
    return name.startswith(chart.OPERATOR)
