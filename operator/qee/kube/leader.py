"""The Lease that keeps a second process from acting. Election is the official client's; releasing on exit is ours.

A rollout replaces the pod (strategy Recreate), so the successor finds the Lease released and starts at once; after a
kill it waits until the Lease has run out.
"""

import asyncio
import contextlib
import logging

from kubernetes.aio.client import V1Lease, V1ObjectMeta
from kubernetes.aio.client.rest import ApiException
from kubernetes.aio.leaderelection.electionconfig import Config
from kubernetes.aio.leaderelection.leaderelection import LeaderElection
from kubernetes.aio.leaderelection.leaderelectionrecord import LeaderElectionRecord
from kubernetes.aio.leaderelection.resourcelock.leaselock import LeaseLock

from qee.kube.client import KubeClient
from qee.kube.port import ApiError
from qee.kube.resources import LEASES

logger = logging.getLogger(__name__)
LEASE_SECONDS, RENEW_WITHIN, RETRY_EVERY = 15, 10, 2  # client-go's defaults


class _Lock(LeaseLock):  # type: ignore[misc]
    """The client's own. In 37.0.2 its `create` asks for `pretty=True`, which the client's API refuses as no string."""

    async def create(self, name: str, namespace: str, election_record: LeaderElectionRecord) -> bool:
        body = V1Lease(metadata=V1ObjectMeta(name=name), spec=self.update_lease(election_record))
        try:
            await self.api_instance.create_namespaced_lease(namespace, body)
        except ApiException as error:
            logger.warning("the Lease was not created: %s %s", error.status, error.reason)
            return False
        return True


class Leader:
    """Without a namespace for the Lease (a developer's machine, a test) everyone leads."""

    def __init__(self, port: KubeClient, namespace: str | None, name: str, identity: str) -> None:
        self._port = port
        self._name = name
        self._namespace = namespace
        self._leading = asyncio.Event()
        self._election: asyncio.Task[None] | None = None
        if namespace is None:
            self._leading.set()
            return
        lock = _Lock(name, namespace, identity, port.transport)
        config = Config(lock, LEASE_SECONDS, RENEW_WITHIN, RETRY_EVERY, self._led, self._lost)
        self._election = asyncio.create_task(LeaderElection(config).run(), name="election")

    async def acquire(self, stop: asyncio.Event) -> bool:
        """Wait for the Lease; False when told to stop first. Raises what ended the election."""
        waits = [asyncio.create_task(self._leading.wait()), asyncio.create_task(stop.wait())]
        election = {self._election} if self._election else set()
        await asyncio.wait([*waits, *election], return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        if self._election and self._election.done():
            self._election.result()
        return self._leading.is_set() and not stop.is_set()

    async def hold(self) -> None:
        """Returns when the Lease is lost. The process must end then: another one may act already."""
        if self._election is None:
            await asyncio.Event().wait()
        else:
            await self._election

    async def release(self) -> None:
        if self._election is None or self._namespace is None:
            return
        self._election.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._election
        if self._leading.is_set():
            try:
                await self._port.patch(LEASES, self._namespace, self._name, {"spec": {"holderIdentity": None}})
            except ApiError as error:
                logger.warning("the Lease was not released, the successor waits %d s: %s", LEASE_SECONDS, error)

    async def _led(self) -> None:
        logger.info("this process leads")
        self._leading.set()
        await asyncio.Event().wait()

    async def _lost(self) -> None:
        logger.error("the Lease is lost")
        self._leading.clear()
