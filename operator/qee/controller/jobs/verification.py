"""The operator verifies again: whatever the webhook did or did not see, a job starts only if this says so.

Policies are read live at each step, never from a cache: a revocation that was answered with 200 holds for whatever is
started from then on.
"""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qee.api.backend import is_cloud
from qee.api.messages import one_line
from qee.controller.jobs.reads import Reads
from qee.controller.settings import Settings
from qee.core.job.plan import Read
from qee.kube.cluster import cluster_uid
from qee.kube.port import Object, Port
from qee.signing.libraries import Suite
from qee.signing.policy import TrustPolicy
from qee.signing.verdict import Verdict
from qee.signing.verify import Question, verify


@dataclass(frozen=True)
class Trust:
    """The cluster's trust at one moment: its policies, and the audience that it is."""

    policies: Sequence[TrustPolicy]
    cluster: str
    versions: frozenset[tuple[str, str]]
    """UID and resourceVersion of each policy."""


class Verifier:
    """Asks `qee.signing.verify`. Raises `ApiError` where policies cannot be read: nothing starts then."""

    def __init__(self, port: Port, settings: Settings, suite: Suite) -> None:
        self._port = port
        self._suite = suite
        self._without_policy = settings.verification.without_policy
        self._cluster = ""
        self._read: dict[tuple[str, str], TrustPolicy] = {}  # by UID and resourceVersion

    async def trust(self, reads: Reads) -> Trust:
        """All policies as they are now."""
        cluster, policies = await asyncio.gather(self._cluster_uid(), reads.all(Read.POLICIES))
        before, self._read = self._read, {}
        for obj in policies:
            version = (obj["metadata"]["uid"], obj["metadata"]["resourceVersion"])
            self._read[version] = before.get(version) or TrustPolicy.of(obj)
        return Trust(list(self._read.values()), cluster, frozenset(self._read))

    def verdict(self, live: Object, created: datetime, trust: Trust, backend: Mapping[str, Any] | None) -> Verdict:
        """Whether this very object may run under these policies. The message is one line of printable text."""
        question = Question(
            obj=live,
            policies=trust.policies,
            cluster=trust.cluster,
            created=created,
            cloud=is_cloud(backend),
            without_policy=self._without_policy,
        )
        verdict = verify(question, self._suite)
        # Signers word some of it, as the reason for breaking the glass; it ends in people's terminals.
        return dataclasses.replace(verdict, message=one_line(verdict.message))

    async def _cluster_uid(self) -> str:
        if not self._cluster:
            self._cluster = await cluster_uid(self._port)
        return self._cluster
