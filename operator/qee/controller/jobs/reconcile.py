"""One job, one step: look at it, decide, do it, see what came of it, tell.

`reconcile` may be interrupted anywhere and repeated at any time; what it finds decides what is left to do.
"""

import logging
from dataclasses import dataclass

from qee.controller.jobs.driver import Attempts
from qee.controller.jobs.memory import Key, Memory
from qee.controller.jobs.observe import Observer
from qee.controller.jobs.reads import Fresh, Live, Reads
from qee.controller.jobs.status import StatusWriter, says
from qee.core.job import plan as plans
from qee.core.job.conclude import conclude
from qee.core.job.decide import decide
from qee.core.job.status_change import status_change
from qee.core.job.world import Patience, World
from qee.kube.port import Conflict, NotFound, Port
from qee.kube.resources import JOBS, OF_KIND

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reconciler:
    """Brings one job up to date. `reads` may answer from what watches have told."""

    port: Port
    reads: Reads
    live: Live
    patience: Patience
    observer: Observer
    attempts: Attempts
    status: StatusWriter
    memory: Memory

    async def reconcile(self, key: Key) -> float | None:
        """One step. The seconds after which to look again, or None. Raises `ApiError`: the caller backs off."""
        world, plan = await self._decided(key)
        released = None
        if world is None or world.ended:
            self.memory.forget(key)
            released = await self.attempts.release(key, world, self.reads)
        if world is None:
            return released
        while isinstance(plan, plans.Start | plans.Carry):
            outcome = await self.attempts.carry_out(world, plan)
            world, plan = conclude(world, plan, outcome, self.patience)
        after = await self._do(key, world, plan)
        return min((each for each in (after, released) if each is not None), default=None)

    async def _decided(self, key: Key) -> tuple[World | None, plans.Plan]:
        """What is known and what to do: decided anew on live reads, unless nothing would be done, or what was read from
        watches suffices.
        """
        live = plans.NOTHING
        while True:
            world = await self.observer.world(key, Fresh(self.reads, self.live, live))
            plan = decide(world, self.patience) if world is not None else plans.Nothing()
            if world is None or plan.needs <= live:
                return world, plan
            if isinstance(plan, plans.Report) and says(world, status_change(world, plan, {})):
                return world, plan
            live |= plan.needs

    async def _do(self, key: Key, world: World, plan: plans.Final) -> float | None:
        """Take away what is to go first, settle accounts, and write status."""
        match plan:
            case plans.TakeAway(child) | plans.Pause(child=child) | plans.Finish(child=child, take_away=True):
                await self._delete(world, child)
        settled = await self.attempts.settle(world, plan) if isinstance(plan, plans.Pause | plans.Finish) else {}
        if change := status_change(world, plan, settled):
            await self.status.write(world, change)
        match plan:
            case plans.Retry(lost=child):  # afterwards: were it gone unrecorded, this attempt would run again
                await self._delete(world, child)
            case plans.Expire():
                await self._delete(world, plans.Child(JOBS.kind, world.job.metadata.name, world.job.metadata.uid))
            case plans.Finish():
                self.memory.forget(key)
                lingers = plan.child is not None and not plan.take_away
                return self.patience.linger + 1.0 if lingers else None
        return plan.after

    async def _delete(self, world: World, child: plans.Child | None) -> None:
        """Delete that very object; one that is gone, or another under its name, is no concern of ours."""
        if child is None:
            return
        resource = OF_KIND[child.kind]
        try:
            await self.port.delete(resource, world.job.metadata.namespace, child.name, uid=child.uid)
        except (NotFound, Conflict):
            logger.debug("%s %s/%s is gone already", child.kind, world.job.metadata.namespace, child.name)
