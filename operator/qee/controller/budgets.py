"""Reservations in QuantumBudgets. A status write with the resourceVersion that was read is the compare-and-swap."""

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Sequence
from typing import Any

from qee.api.budget import QuantumBudget
from qee.api.names import LABEL_JOB_UID
from qee.api.reasons import Reason
from qee.controller.kit.controller import Pass, Watch
from qee.core import times
from qee.core.money import budget as arithmetic
from qee.core.money.budget import Claim, NoRoom, Settlement
from qee.core.refusal import refused
from qee.kube.port import Conflict, NotFound, Object, Port
from qee.kube.resources import BUDGETS, JOBS, TASKS

logger = logging.getLogger(__name__)
TRIES = 40
PAUSE = 0.05  # seconds, times a random number below the count of tries: fifty jobs may want the same budget at once


class Budgets:
    """Each call may be repeated: what is reserved or settled already stays as it is. Raises `ApiError`."""

    def __init__(self, port: Port, clock: times.Clock) -> None:
        self._port = port
        self._clock = clock
        self._orphans: dict[str | None, frozenset[tuple[str, str]]] = {}
        """By namespace, of the last `forget`: reservations of no job and no task, with the job's UID."""

    async def reserve(self, namespace: str, backend: str, claim: Claim) -> None:
        """In every budget that is for the backend, or in none. Raises `Refused`."""
        budgets = [each for each in await self._all(namespace) if arithmetic.covers(_read(each), backend)]
        if not budgets:
            raise refused(Reason.NO_BUDGET, f"Namespace {namespace!r} has no QuantumBudget for backend {backend!r}.")
        try:
            for found in budgets:
                await self._swap(found, lambda budget: arithmetic.reserved(budget, claim, self._clock()))
        except NoRoom as full:
            await self.settle(namespace, claim.uid, Settlement(nothing=True))
            raise refused(Reason.BUDGET_EXCEEDED, str(full)) from None

    async def settle(self, namespace: str, uid: str, settlement: Settlement) -> None:
        """In every budget that holds a reservation of this job."""
        for found in await self._all(namespace):
            await self._swap(found, lambda budget: arithmetic.settled(budget, uid, settlement, self._clock()))

    async def forget(self, namespace: str | None, jobs: Collection[str]) -> None:
        """Settle what is reserved for jobs that are neither there nor have a QuantumTask, which settles it itself.

        A process that was killed between reservation and task has left it. Only what the pass before has found so as
        well: `jobs` were listed a while ago, and one that is newer may be about to make its task.
        """
        try:
            found = [each async for each in self._port.list(BUDGETS, namespace)]
            held = {(b["metadata"]["namespace"], r.uid) for b in found for r in _read(b).status.reservations}
            gone = {(space, uid) for space, uid in held if uid not in jobs}
            if not gone:
                self._orphans[namespace] = frozenset()
                return
            labels = [task["metadata"]["labels"] async for task in self._port.list(TASKS, namespace)]
        except NotFound:  # the CRDs are not installed
            return
        with_task = {each.get(LABEL_JOB_UID) for each in labels}
        orphans = frozenset((space, uid) for space, uid in gone if uid not in with_task)
        before, self._orphans[namespace] = self._orphans.get(namespace, frozenset()), orphans
        for space, uid in sorted(orphans & before):
            logger.warning("namespace %s: a reservation of job %s, which is gone, is given back", space, uid)
            await self.settle(space, uid, Settlement(nothing=True))

    async def reserved(self, namespace: str | None) -> bool:
        """Whether anything is."""
        return any(_read(budget).status.reservations for budget in await self._all(namespace))

    async def _all(self, namespace: str | None) -> list[Object]:
        try:
            found = [each async for each in self._port.list(BUDGETS, namespace)]
        except NotFound:  # the CRD is not installed
            return []
        return sorted(found, key=lambda each: str(each["metadata"]["name"]))

    async def _swap(self, found: Object, change: Callable[[QuantumBudget], dict[str, Any] | None]) -> None:
        meta = found["metadata"]
        for attempt in range(TRIES):
            status = change(_read(found))
            if status is None:
                return
            version = {"resourceVersion": found["metadata"]["resourceVersion"], "uid": meta["uid"]}
            patch = {"metadata": version, "status": status}
            try:
                await self._port.patch_status(BUDGETS, meta["namespace"], meta["name"], patch)
                return
            except Conflict:
                await asyncio.sleep(PAUSE * random.random() * (attempt + 1))  # noqa: S311 - to spread, not to hide
            try:
                found = await self._port.get(BUDGETS, meta["namespace"], meta["name"])
            except NotFound:
                return
        raise Conflict(409, "Conflict", f"QuantumBudget {meta['namespace']}/{meta['name']} changes all the time")


class Reservations:
    """Gives back what is reserved for jobs that are gone. A key is a namespace; no watch tells of it."""

    kind = BUDGETS.kind
    workers = 1
    watches: tuple[Watch, ...] = ()

    def __init__(self, port: Port, budgets: Budgets, namespaces: Sequence[str | None], period: float) -> None:
        self._port = port
        self._budgets = budgets
        self._namespaces = namespaces
        self.passes = (Pass("resync of budgets", period, self._all),)

    async def _all(self) -> list[Any]:
        return [(namespace, "") for namespace in self._namespaces]

    async def reconcile(self, key: Any) -> None:
        namespace, _ = key
        jobs = set()
        if await self._budgets.reserved(namespace):
            jobs = {each["metadata"]["uid"] async for each in self._port.list(JOBS, namespace, metadata_only=True)}
        await self._budgets.forget(namespace, jobs)


def _read(found: Object) -> QuantumBudget:
    return QuantumBudget.model_validate(found)
