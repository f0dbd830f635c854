"""The one-shot ledger: which signature has admitted which object. Creating a ConfigMap is the compare-and-swap.

An entry outlives its signature by some days. Afterwards the signature admits nothing any more, so nobody has to
remember it; one that broke the glass has no end, and neither has its entry.
"""

import contextlib
import logging
from datetime import datetime, timedelta

from qee.api import names
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.core import naming, times
from qee.core.refusal import Denied
from qee.kube.port import AlreadyExists, Conflict, NotFound, Object, Port
from qee.kube.resources import LEDGER_ENTRIES
from qee.signing.verdict import Verdict

logger = logging.getLogger(__name__)
KEPT = timedelta(days=7)  # after the signature's end: longer than clocks are apart


class Ledger:
    """`namespace` is QEE's own, where tenants write nothing; None: there is no ledger, and one-shot is refused."""

    def __init__(self, port: Port, namespace: str | None) -> None:
        self._port = port
        self._namespace = namespace

    async def use(self, job: QuantumJob, verdict: Verdict) -> None:
        """Take the signature for this object, where a policy wants it used once. Raises `Denied` if another has it.

        To be repeated at will: the same object gets it again.
        """
        if not verdict.one_shot:
            return
        if self._namespace is None:
            raise Denied(Reason.NO_LEDGER, f"{Reason.NO_LEDGER.meaning} {Reason.NO_LEDGER.remedy}")
        # What was used up before entries were named by the payload stays used up. No new entry gets such a name.
        with contextlib.suppress(NotFound):
            await self._ours(naming.old_ledger_name(job.metadata.namespace, verdict.jti), job, "jti", verdict.jti)
        entry = _entry(self._namespace, job, verdict)
        try:
            await self._port.create(LEDGER_ENTRIES, self._namespace, entry)
        except AlreadyExists:
            await self._ours(entry["metadata"]["name"], job, "payload", verdict.payload)

    async def _ours(self, name: str, job: QuantumJob, key: str, value: str) -> None:
        """Raises `Denied` unless the entry is of this object and says this; NotFound where there is none."""
        found = await self._port.get(LEDGER_ENTRIES, self._namespace, name)
        data = found.get("data") or {}
        if data.get("uid") == job.metadata.uid and data.get(key) == value:
            return
        by = f"{data.get('namespace')}/{data.get('name')} with UID {data.get('uid')}"
        raise Denied(
            Reason.SIGNATURE_USED,
            f"The signature admits one object, and has admitted {by}. {Reason.SIGNATURE_USED.remedy}",
        )

    async def sweep(self, now: datetime) -> None:
        """Forget signatures that ended a while ago."""
        if self._namespace is None:
            return
        labels = f"{names.LABEL_COMPONENT}={names.COMPONENT_LEDGER}"
        async for entry in self._port.list(LEDGER_ENTRIES, self._namespace, labels=labels):
            ends = times.parse((entry.get("data") or {}).get("expires"))
            if ends is None or now < ends + KEPT:
                continue
            meta = entry["metadata"]
            try:
                await self._port.delete(LEDGER_ENTRIES, self._namespace, meta["name"], uid=meta["uid"])
            except (NotFound, Conflict):
                logger.debug("ledger entry %s is gone already", meta["name"])


def _entry(namespace: str, job: QuantumJob, verdict: Verdict) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": naming.ledger_name(verdict.payload),
            "namespace": namespace,
            "labels": {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_COMPONENT: names.COMPONENT_LEDGER},
        },
        "immutable": True,
        "data": {
            "payload": verdict.payload,
            "jti": verdict.jti,
            "namespace": job.metadata.namespace,
            "name": job.metadata.name,
            "uid": job.metadata.uid,
            "expires": "" if verdict.break_glass else verdict.expires,
        },
    }
