"""`Reads` from what watches have told.

What is known to be there and is not kept is read live. What nobody has told of counts as absent: whatever is started,
spent or ended for that reason is decided on live reads.
"""

import json
from collections.abc import Awaitable, Callable, Sequence

from qee.controller.jobs.kept import Kept
from qee.controller.jobs.reads import Live
from qee.kube.port import Object
from qee.kube.store import Store, name_of


class Known:
    def __init__(self, kept: Kept, live: Live) -> None:
        self._kept = kept
        self._live = live

    async def job(self, namespace: str, name: str) -> Object | None:
        """One that nobody has told of is looked for: it may just have been applied, or deleted."""
        kept = self._kept.jobs.items.get(name_of(namespace, name))
        return json.loads(kept) if kept is not None else await self._live.job(namespace, name)

    async def child(self, namespace: str, name: str) -> Object | None:
        return await self._one(self._kept.children, namespace, name, self._live.child)

    async def pods(self, namespace: str, job_uid: str) -> Sequence[Object]:
        kept = self._kept.pods.group(job_uid)
        whole = len(kept) == len(self._kept.pods.members(job_uid))
        return [json.loads(each) for each in kept] if whole else await self._live.pods(namespace, job_uid)

    async def task(self, namespace: str, name: str) -> Object | None:
        return await self._one(self._kept.tasks, namespace, name, self._live.task)

    async def tasks(self, namespace: str, job_name: str) -> Sequence[Object]:
        """Those that are being deleted are read live: accounts are settled by what they say."""
        group = name_of(namespace, job_name)
        found = [json.loads(each) for each in self._kept.tasks.group(group)]
        whole = len(found) == len(self._kept.tasks.members(group))
        if whole and not any("deletionTimestamp" in task["metadata"] for task in found):
            return found
        return await self._live.tasks(namespace, job_name)

    async def policies(self) -> Sequence[Object]:
        kept = list(self._kept.policies.items.values())
        return kept if len(kept) == len(self._kept.policies) else await self._live.policies()

    async def backend(self, name: str) -> Object | None:
        kept = self._kept.backends.items.get(name)
        return await self._live.backend(name) if kept is None and self._kept.backends.knows(name) else kept

    async def _one(
        self,
        store: Store[str],
        namespace: str,
        name: str,
        live: Callable[[str, str], Awaitable[Object | None]],
    ) -> Object | None:
        key = name_of(namespace, name)
        if (kept := store.items.get(key)) is not None:
            found: Object = json.loads(kept)
            return found
        return await live(namespace, name) if store.knows(key) else None
