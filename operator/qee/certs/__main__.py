"""`python -m qee.certs --config FILE`: keeps the webhook's certificate and the key of results."""

import asyncio
import logging

from qee import __version__, process
from qee.certs.keeper import Keeper
from qee.certs.metrics import Metrics
from qee.certs.settings import Settings
from qee.kube.port import Port
from qee.observe import health

logger = logging.getLogger("qee")


async def run(settings: Settings, port: Port, stop: asyncio.Event) -> None:
    """Until `stop` is set."""
    metrics = Metrics()
    keeper = Keeper(port, settings, metrics)
    probes = await health.serve(settings.port, list, lambda: keeper.converged, settings.host, metrics.registry)
    try:
        await keeper.run(stop)
    finally:
        await probes.cleanup()


def main(argv: list[str] | None = None) -> None:
    settings = process.configured("qee-certs", "Keep the webhook's certificate and result keys.", Settings.load, argv)
    logger.info("qee-certs %s", __version__)
    process.run("qee-certs", lambda port, stop: run(settings, port, stop))


if __name__ == "__main__":
    main()
