"""The status of trust policies: which keys are usable now, and whether every rule can be met.

Written when a policy changes, and at each resync for keys whose time has come or gone; never where it says so already.
"""

import logging
from datetime import datetime
from typing import Any

from qee.controller.kit.controller import ALL, Watch, all_at_once
from qee.controller.kit.status import Statuses, condition
from qee.core import times
from qee.kube.port import ApiError, Conflict, NotFound, Object, Port
from qee.kube.resources import TRUST_POLICIES
from qee.signing.policy import TrustPolicy

logger = logging.getLogger(__name__)
READY = "Ready"


class Policies:
    """Brings the status of every policy up to date. One key stands for them all, and one list serves it."""

    kind = TRUST_POLICIES.kind
    workers = 1

    def __init__(self, port: Port, period: float, clock: times.Clock) -> None:
        self._port = port
        self._statuses = Statuses(port)
        self._clock = clock
        self.watches = (Watch(TRUST_POLICIES, lambda _: [ALL]),)
        self.passes = (all_at_once("resync of trust policies", period),)

    async def reconcile(self, key: Any) -> None:
        """All of them. One that cannot be written does not keep the others; raises the last `ApiError` then."""
        failed: ApiError | None = None
        policies: list[Object] = []
        try:
            policies = [policy async for policy in self._port.list(TRUST_POLICIES)]
        except NotFound:
            logger.warning("there is no resource %s; install the CRDs (chart qee-crds)", TRUST_POLICIES.plural)
        for policy in policies:
            try:
                await self._write(policy)
            except ApiError as error:
                failed = error
                if not isinstance(error, Conflict):  # it has changed since it was listed
                    logger.warning("status of %s %s: %s", TRUST_POLICIES.kind, policy["metadata"]["name"], error)
        if failed is not None:
            raise failed

    async def _write(self, policy: Object) -> None:
        wanted = status_of(policy, self._clock())
        if "deletionTimestamp" in policy["metadata"]:
            return
        if not await self._statuses.write_status(TRUST_POLICIES, policy, wanted):
            return
        (ready,) = wanted["conditions"]
        name = policy["metadata"]["name"]
        logger.info("%s %s: Ready=%s, %s", TRUST_POLICIES.kind, name, ready["status"], ready["message"])


def status_of(policy: Object, now: datetime) -> dict[str, Any]:
    """The whole status of a policy."""
    told = TrustPolicy.of(policy).status(now)
    generation = policy["metadata"].get("generation", 0)
    reason = "RulesCanBeMet" if told["ready"] else "RulesCannotBeMet"
    ready = condition(policy, READY, told["ready"], reason, told["message"], now)
    return {"observedGeneration": generation, "keys": told["keys"], "conditions": [ready]}
