"""What the webhook keeps up to date about its cluster: policies, backends, and the cluster's own name."""

import asyncio
import logging

from qee.api.backend import is_cloud
from qee.kube.cluster import NAMED_AFTER, cluster_uid
from qee.kube.informer import Informer
from qee.kube.port import ApiError, Port
from qee.kube.resources import BACKENDS, TRUST_POLICIES
from qee.signing.policy import TrustPolicy
from qee.webhook.review import Facts
from qee.webhook.settings import Settings

logger = logging.getLogger(__name__)
RETRY_SECONDS = 1.0


class Knowledge:
    """`run` keeps it; `facts` are None until, and whenever, any part of it is not known."""

    def __init__(self, port: Port, settings: Settings) -> None:
        self._port = port
        self._settings = settings
        self.policies = Informer(port, TRUST_POLICIES, TrustPolicy.of)
        self.backends = Informer(port, BACKENDS, is_cloud)
        self.cluster = ""

    async def run(self) -> None:
        """Until cancelled. What ends one part ends all."""
        async with asyncio.TaskGroup() as group:
            for part in (self.policies.run(), self.backends.run(), self._name_cluster()):
                group.create_task(part)

    def facts(self) -> Facts | None:
        if self.missing():
            return None
        return Facts(
            policies=list(self.policies.items.values()),
            simulators=frozenset(name for name, cloud in self.backends.items.items() if not cloud),
            cluster=self.cluster,
            without_policy=self._settings.without_policy,
        )

    def missing(self) -> str:
        """What is not known yet, in words; empty where everything is."""
        parts = {
            "QuantumTrustPolicies": self.policies.synced,
            "QuantumBackends": self.backends.synced,
            f"the UID of namespace {NAMED_AFTER}": bool(self.cluster),
        }
        return ", ".join(name for name, known in parts.items() if not known)

    async def _name_cluster(self) -> None:
        while not self.cluster:
            try:
                self.cluster = await cluster_uid(self._port)
            except ApiError as error:
                logger.warning("the UID of namespace %s is not known: %s", NAMED_AFTER, error)
                await asyncio.sleep(RETRY_SECONDS)
