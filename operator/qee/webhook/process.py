"""The webhook as a process: libraries tried, caches kept, certificate followed, stopped without losing a request."""

import asyncio
import contextlib
import logging
from datetime import datetime

from qee.kube.port import Port
from qee.observe import health
from qee.observe.door import Door
from qee.signing.libraries import Suite
from qee.webhook.groups import count_groups
from qee.webhook.knowledge import Knowledge
from qee.webhook.metrics import Metrics
from qee.webhook.server import Admission
from qee.webhook.settings import Settings
from qee.webhook.tls import Certificate, named

logger = logging.getLogger(__name__)
FINISH_SECONDS = 6.0  # for requests in hand: the API server has given up on them after 5


async def serve(settings: Settings, port: Port, suite: Suite, stop: asyncio.Event) -> None:
    """Until `stop` is set. Raises what ended a part that has to go on."""
    metrics = Metrics()
    knowledge = Knowledge(port, settings)
    certificate = Certificate(settings.tls_directory, lambda end: _expires(metrics, end), settings.client_ca)
    certificate.load()
    if logger.isEnabledFor(logging.DEBUG):
        count_groups(certificate.context, metrics.handshakes)
    metrics.synced.set_function(lambda: 0 if knowledge.missing() else 1)
    work = [
        asyncio.create_task(knowledge.run(), name="caches"),
        asyncio.create_task(certificate.follow(), name="certificate"),
    ]
    told = asyncio.create_task(stop.wait(), name="signal")

    def ailments() -> list[str]:
        return [f"{task.get_name()} ended" for task in work if task.done()]

    def ready() -> bool:
        return not stop.is_set() and not knowledge.missing()

    admission = Admission(knowledge.facts, knowledge.missing, suite, metrics)
    probes = await health.serve(settings.health_port, ailments, ready, settings.host, metrics.registry)
    door = Door(
        admission.app(),
        settings.host,
        settings.port,
        certificate.context,
        peers=settings.clients,
        known=(lambda shown: named(shown, settings.client_names)) if settings.client_names else None,
        finish_seconds=FINISH_SECONDS,
    )
    served = await door.open()
    logger.info("listening on %s:%s", settings.host, settings.port)
    try:
        done, _ = await asyncio.wait([told, *work], return_when=asyncio.FIRST_COMPLETED)
        logger.info("stopping: %s", ", ".join(task.get_name() for task in done))
        if stop.is_set():
            await asyncio.sleep(settings.drain_seconds)
        for task in done:
            task.result()
    finally:
        await served.cleanup()
        for task in (told, *work):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(told, *work, return_exceptions=True)
        await probes.cleanup()


def _expires(metrics: Metrics, end: datetime) -> None:
    metrics.certificate_expires.set(end.timestamp())
