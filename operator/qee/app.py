"""The operator process: Kopf watches, our controller decides. The only module that imports kopf.

Kopf does list/watch, login and reconnection. No change-detecting handlers (they copy the spec into an annotation), no
daemons or timers (a finalizer and a task for each object), no indexes (stale after a relist): `on.event` only, and what
it gets goes through `kit.watch` onto the queues.
"""

import asyncio
import dataclasses
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import kopf
from prometheus_client import start_http_server

from qee import __version__, process
from qee.api import names
from qee.controller.kit.watch import Watches
from qee.controller.settings import Settings
from qee.controller.wiring import Operator
from qee.kube.client import FULL_PAGE, KubeClient
from qee.kube.leader import Leader
from qee.kube.port import Resource
from qee.observe import health
from qee.observe.metrics import Metrics
from qee.signing.libraries import Suite

logger = logging.getLogger("qee")
GRACE_SECONDS = 20  # to finish what is in hand; less than the pod's terminationGracePeriodSeconds


def teller(watches: Watches, resource: Resource) -> Callable[..., Awaitable[None]]:
    async def tell(event: Any, **_: Any) -> None:
        watches.tell(resource, event)

    return tell


class Undiffed(kopf.DiffBaseStorage):
    """Kopf copies each object of each event to compare it with an earlier state, also where no handler asks for one."""

    def build(self, *, body: kopf.Body, extra_fields: object = None) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        raise NotImplementedError("nothing here changes an object through Kopf")


def registry(watches: Watches) -> kopf.OperatorRegistry:
    """Kopf's side of the wiring: what it watches, and where the events go."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        account = kopf.login_with_service_account(**kwargs)
        if account is None:
            return kopf.login_with_kubeconfig(**kwargs)
        # Kopf would ask for kubernetes.default.svc: a name that not every cluster, and not every dnsPolicy, resolves.
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
        there: kopf.ConnectionInfo = dataclasses.replace(account, server=server)
        return there

    @kopf.on.startup(registry=handlers)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.scanning.disabled = True  # no right to list CRDs and namespaces is needed
        settings.peering.standalone = True  # the Lease keeps a second operator out
        settings.posting.enabled = False  # Events are ours, on transitions only
        settings.watching.server_timeout = 300
        settings.watching.connect_timeout = 10
        settings.watching.chunk_size = FULL_PAGE
        for resource, label in watches.labels.items():
            if label:
                settings.watching.label_selectors[resource.group, resource.version, resource.plural] = label
        settings.networking.request_timeout = 30
        settings.queueing.idle_timeout = 0.5  # a task for each object that had an event; ours keeps the state
        settings.persistence.finalizer = f"{names.GROUP}/kopf"  # never set: no handler here asks for one
        settings.persistence.diffbase_storage = Undiffed()
        settings.process.ultimate_exiting_timeout = GRACE_SECONDS

    # Where a CRD is absent, Kopf warns and goes on: no policy governs then, and verification.withoutPolicy decides.
    for resource in watches.labels:
        address = resource.group, resource.version, resource.plural
        kopf.on.event(*address, id=resource.plural, registry=handlers)(teller(watches, resource))
    return handlers


async def operator(settings: Settings, suite: Suite, port: KubeClient, stop: asyncio.Event) -> None:
    """Run until told to stop, or until the Lease is lost."""
    metrics = Metrics()
    made = Operator(port, settings, metrics, suite)
    watching = asyncio.Event()
    server = await health.serve(settings.port, made.manager.ailments, watching.is_set)
    metrics_server, _ = start_http_server(settings.metrics_port, registry=metrics.registry)
    leader = Leader(port, settings.lease_namespace, "qee-operator", identity=f"{socket.gethostname()}-{os.getpid()}")
    try:
        if await leader.acquire(stop):
            metrics.leader.set(1)
            await _lead(made, settings, leader, watching, stop)
    finally:
        await leader.release()
        metrics_server.shutdown()
        await server.cleanup()


async def _lead(
    made: Operator, settings: Settings, leader: Leader, watching: asyncio.Event, stop: asyncio.Event
) -> None:
    work = asyncio.create_task(made.run(), name="controller")
    watch = asyncio.create_task(
        kopf.operator(
            registry=registry(made.manager.watches),
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            standalone=True,
            # For peering, which is off; without it Kopf asks for the user's name, and a pod has none.
            identity="qee-operator",  # type: ignore[arg-type]  # a NewType that Kopf does not export
            ready_flag=watching,
        ),
        name="kopf",
    )
    ends = {
        work,
        watch,
        asyncio.create_task(leader.hold(), name="lease"),
        asyncio.create_task(_stopped(watching, stop), name="signal"),
    }
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    logger.info("stopping: %s", ", ".join(sorted(task.get_name() for task in done)))
    made.manager.stop()
    await asyncio.wait({work}, timeout=GRACE_SECONDS)
    for task in ends:  # Kopf last, and not by its stop flag: it would wait 5 s for tasks that are not its own
        task.cancel()
    for result in await asyncio.gather(*ends, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def _stopped(watching: asyncio.Event, stop: asyncio.Event) -> None:
    """Wait for a signal. Kopf replaces the handlers as it starts, with some that know nothing of our queue."""
    await watching.wait()
    process.stop_on_signals(stop)
    await stop.wait()


def main(argv: list[str] | None = None) -> None:
    settings = process.configured("qee-operator", "Reconcile QuantumJobs.", Settings.load, argv)
    suite = process.libraries()
    logger.info("qee-operator %s", __version__)
    process.run("qee-operator", lambda port, stop: operator(settings, suite, port, stop))


if __name__ == "__main__":
    main()
