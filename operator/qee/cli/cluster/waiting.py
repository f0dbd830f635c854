"""Waiting for a job to finish: a watch on the one object, begun anew whenever it ends, against one deadline."""

import asyncio
from collections.abc import Callable

from qee.cli import durations, exits
from qee.cli.connection import Cluster
from qee.cli.jobs import ended, fetch, phase
from qee.cli.problem import Problem
from qee.kube.port import DELETED, ApiError, Object
from qee.kube.resources import JOBS

WATCH_SECONDS = 290  # below the five minutes after which many load balancers cut an idle connection
POLL_SECONDS = 2.0  # where the user may get but not watch
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # between tries while the API server does not answer
PATIENCE = 300.0  # seconds without any answer until the wait is given up


async def until_finished(
    cluster: Cluster, name: str, *, seen: Callable[[Object], None], seconds: float | None = None, uid: str | None = None
) -> Object:
    """The finished job. `seen` is called with each state that comes by.

    `uid`: of the job that is meant; another one under its name is not waited for. Raises Problem: TIMEOUT after
    `seconds`, USAGE where the job does not exist or is deleted.
    """
    last: list[Object] = []

    def look(job: Object) -> None:
        last[:] = [job]
        seen(job)

    try:
        async with asyncio.timeout(seconds):
            return await _Wait(cluster, name, uid, look).run()
    except TimeoutError:
        where = phase(last[0]) if last else "not yet seen"
        raise Problem(
            f"QuantumJob {name!r} is not finished after {durations.short(seconds or 0)} ({where}) and goes on; "
            f"`qee wait {name}` waits again, `qee cancel {name}` stops it",
            exits.TIMEOUT,
        ) from None


class _Wait:
    def __init__(self, cluster: Cluster, name: str, uid: str | None, look: Callable[[Object], None]) -> None:
        self._cluster = cluster
        self._name = name
        self._uid = uid
        self._look = look
        self._may_watch = True

    async def run(self) -> Object:
        failures = 0
        waited = 0.0
        while True:
            try:
                job = await self._round()
                failures, waited = 0, 0.0
            except ApiError as error:
                job = None
                if not may_pass(error) or waited >= PATIENCE:
                    raise
                pause = error.retry_after or PAUSES[min(failures, len(PAUSES) - 1)]
                failures, waited = failures + 1, waited + pause
                await asyncio.sleep(pause)
            if job is not None:
                return job

    async def _round(self) -> Object | None:
        """One look and one watch. A watch alone would never tell of a job that was deleted before it began."""
        live = await fetch(self._cluster, self._name) if self._uid is None else await self._fetch_again()
        if self._step(live):
            return live
        if not self._may_watch:
            await asyncio.sleep(POLL_SECONDS)
            return None
        try:
            events = self._cluster.port.watch(
                JOBS, self._cluster.namespace, name=self._name, timeout_seconds=WATCH_SECONDS
            )
            async for kind, job in events:
                if self._step(job):
                    return job  # also one that its TTL deletes at once
                if kind == DELETED:
                    raise self._gone()
        except ApiError as error:
            if error.status != 403:
                raise
            self._may_watch = False
        else:
            await asyncio.sleep(PAUSES[0])  # a server that ends each watch at once is not asked in a busy loop
        return None

    async def _fetch_again(self) -> Object:
        try:
            return await fetch(self._cluster, self._name)
        except Problem:
            raise self._gone() from None

    def _step(self, job: Object) -> bool:
        uid = job["metadata"]["uid"]
        if self._uid not in (None, uid):
            raise self._gone()
        self._uid = uid
        self._look(job)
        return ended(job) is not None

    def _gone(self) -> Problem:
        return Problem(f"QuantumJob {self._name!r} was deleted before it finished")


def may_pass(error: ApiError) -> bool:
    """Whether the same request may succeed later: no answer, an old resourceVersion, a busy or broken server."""
    return error.status in (0, 408, 410, 429) or error.status >= 500
