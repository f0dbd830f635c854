"""What a step reads: the job, its children and pods, the trust policies and the backend.

`Live` asks the API server. Another implementation may answer from what watches have told; what is started, spent or
ended on its word is looked at once more by `Live`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from qee.api.names import LABEL_JOB_NAME, LABEL_JOB_UID
from qee.core.job.plan import Read
from qee.kube.port import NotFound, Object, Port, Resource
from qee.kube.resources import BACKENDS, CHILDREN, JOBS, PODS, TASKS, TRUST_POLICIES

RESOURCES: Mapping[Read, Resource] = {
    Read.JOB: JOBS,
    Read.CHILD: CHILDREN,
    Read.PODS: PODS,
    Read.TASK: TASKS,
    Read.POLICIES: TRUST_POLICIES,
    Read.BACKEND: BACKENDS,
}
LABELS = {Read.PODS: LABEL_JOB_UID, Read.TASK: LABEL_JOB_NAME}  # by which what belongs to a job is found


class Reads(Protocol):
    """Objects as the API server shows them: nobody changes them. Raises `ApiError`."""

    async def one(self, kind: Read, namespace: str | None, name: str) -> Object | None:
        """The object of this name; None: there is none."""
        ...

    async def all(self, kind: Read, namespace: str | None = None, of: str = "") -> Sequence[Object]:
        """All of a kind: pods `of` the job with this UID, tasks of whichever jobs had this name. None of a kind that is
        not installed.
        """
        ...


class Live:
    """Each answer is the API server's, at the time of asking."""

    def __init__(self, port: Port) -> None:
        self._port = port

    async def one(self, kind: Read, namespace: str | None, name: str) -> Object | None:
        try:
            return await self._port.get(RESOURCES[kind], namespace, name)
        except NotFound:
            return None

    async def all(self, kind: Read, namespace: str | None = None, of: str = "") -> Sequence[Object]:
        labels = f"{LABELS[kind]}={of}" if of else ""
        try:
            return [each async for each in self._port.list(RESOURCES[kind], namespace, labels=labels)]
        except NotFound:
            return []


class Fresh:
    """What is `told`, but these kinds live."""

    def __init__(self, told: Reads, live: Live, kinds: Collection[Read]) -> None:
        self._from: Mapping[Read, Reads] = {kind: live if kind in kinds else told for kind in Read}

    async def one(self, kind: Read, namespace: str | None, name: str) -> Object | None:
        return await self._from[kind].one(kind, namespace, name)

    async def all(self, kind: Read, namespace: str | None = None, of: str = "") -> Sequence[Object]:
        return await self._from[kind].all(kind, namespace, of)
