"""`Reads` from what watches have told.

What is known to be there and is not kept is read live. What nobody has told of counts as absent: whatever is started,
spent or ended for that reason is decided on live reads.
"""

import json
from collections.abc import Sequence
from typing import Any

from qee.controller.jobs.kept import Kept
from qee.controller.jobs.reads import RESOURCES, Live
from qee.core.job.plan import Read
from qee.kube.port import Object
from qee.kube.store import Store, name_of


class Known:
    def __init__(self, kept: Kept, live: Live) -> None:
        self._kept = kept
        self._live = live

    async def one(self, kind: Read, namespace: str | None, name: str) -> Object | None:
        """A job that nobody has told of is looked for: it may just have been applied, or deleted."""
        store, key = self._store(kind), name_of(namespace, name)
        if (kept := store.items.get(key)) is not None:
            return _parsed(kept)
        return await self._live.one(kind, namespace, name) if kind is Read.JOB or store.knows(key) else None

    async def all(self, kind: Read, namespace: str | None = None, of: str = "") -> Sequence[Object]:
        """Tasks that are being deleted are read live: accounts are settled by what they say."""
        store = self._store(kind)
        group = name_of(namespace, of) if kind is Read.TASK else of
        kept, members = (store.group(group), store.members(group)) if of else (list(store.items.values()), store)
        found = [_parsed(each) for each in kept]
        going = kind is Read.TASK and any("deletionTimestamp" in each["metadata"] for each in found)
        return found if len(found) == len(members) and not going else await self._live.all(kind, namespace, of)

    def _store(self, kind: Read) -> Store[Any]:
        return self._kept.stores[RESOURCES[kind]]


def _parsed(kept: str | Object) -> Object:
    found: Object = json.loads(kept) if isinstance(kept, str) else kept
    return found
