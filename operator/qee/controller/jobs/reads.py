"""What a step reads: the job, its children and pods, the trust policies and the backend.

`Live` asks the API server. Another implementation may answer from what watches have told; what is started, spent or
ended on its word is looked at once more by `Live`.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from qee.api.names import LABEL_JOB_NAME, LABEL_JOB_UID
from qee.core.job.plan import Read
from qee.kube.port import NotFound, Object, Port, Resource
from qee.kube.resources import BACKENDS, CHILDREN, JOBS, PODS, TASKS, TRUST_POLICIES


class Reads(Protocol):
    """Objects as the API server shows them: nobody changes them. None: there is no such object. Raises `ApiError`."""

    async def job(self, namespace: str, name: str) -> Object | None: ...

    async def child(self, namespace: str, name: str) -> Object | None:
        """A batch/v1 Job."""
        ...

    async def pods(self, namespace: str, job_uid: str) -> Sequence[Object]:
        """Those that bear the label of the QuantumJob with this UID."""
        ...

    async def task(self, namespace: str, name: str) -> Object | None:
        """A QuantumTask."""
        ...

    async def tasks(self, namespace: str, job_name: str) -> Sequence[Object]:
        """Those that bear the label of a QuantumJob of this name, whichever it was."""
        ...

    async def policies(self) -> Sequence[Object]:
        """All QuantumTrustPolicies; none where the kind is not installed."""
        ...

    async def backend(self, name: str) -> Object | None: ...


class Live:
    """Each answer is the API server's, at the time of asking."""

    def __init__(self, port: Port) -> None:
        self._port = port

    async def job(self, namespace: str, name: str) -> Object | None:
        return await self._find(JOBS, namespace, name)

    async def child(self, namespace: str, name: str) -> Object | None:
        return await self._find(CHILDREN, namespace, name)

    async def pods(self, namespace: str, job_uid: str) -> Sequence[Object]:
        return await self._list(PODS, namespace, f"{LABEL_JOB_UID}={job_uid}")

    async def task(self, namespace: str, name: str) -> Object | None:
        return await self._find(TASKS, namespace, name)

    async def tasks(self, namespace: str, job_name: str) -> Sequence[Object]:
        return await self._list(TASKS, namespace, f"{LABEL_JOB_NAME}={job_name}")

    async def policies(self) -> Sequence[Object]:
        return await self._list(TRUST_POLICIES, None)

    async def backend(self, name: str) -> Object | None:
        return await self._find(BACKENDS, None, name)

    async def _find(self, resource: Resource, namespace: str | None, name: str) -> Object | None:
        try:
            return await self._port.get(resource, namespace, name)
        except NotFound:
            return None

    async def _list(self, resource: Resource, namespace: str | None, labels: str = "") -> Sequence[Object]:
        try:
            return [each async for each in self._port.list(resource, namespace, labels=labels)]
        except NotFound:  # the kind is not installed
            return []


def fresh(told: Reads, live: Live, kinds: Collection[Read]) -> Reads:
    """What is `told`, but these kinds `live`."""
    if isinstance(told, Live) or not kinds:
        return told
    return _Fresh(told, live, kinds)


class _Fresh:
    def __init__(self, told: Reads, live: Live, kinds: Collection[Read]) -> None:
        self._from: dict[Read, Reads] = {kind: live if kind in kinds else told for kind in Read}

    async def job(self, namespace: str, name: str) -> Object | None:
        return await self._from[Read.JOB].job(namespace, name)

    async def child(self, namespace: str, name: str) -> Object | None:
        return await self._from[Read.CHILD].child(namespace, name)

    async def pods(self, namespace: str, job_uid: str) -> Sequence[Object]:
        return await self._from[Read.PODS].pods(namespace, job_uid)

    async def task(self, namespace: str, name: str) -> Object | None:
        return await self._from[Read.TASK].task(namespace, name)

    async def tasks(self, namespace: str, job_name: str) -> Sequence[Object]:
        return await self._from[Read.TASK].tasks(namespace, job_name)

    async def policies(self) -> Sequence[Object]:
        return await self._from[Read.POLICIES].policies()

    async def backend(self, name: str) -> Object | None:
        return await self._from[Read.BACKEND].backend(name)
