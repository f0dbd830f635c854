"""`python -m qee.certs --config FILE`: keeps the webhook's certificate and the key of results."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from qee import __version__
from qee.certs.keeper import Keeper
from qee.certs.metrics import Metrics
from qee.certs.settings import Settings
from qee.kube.client import connect
from qee.observe import health, logs

logger = logging.getLogger("qee")


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    port = await connect(user_agent=f"qee-certs/{__version__}")
    metrics = Metrics()
    keeper = Keeper(port, settings, metrics)
    probes = await health.serve(settings.port, list, lambda: keeper.converged, settings.host, metrics.registry)
    try:
        await keeper.run(stop)
    finally:
        await probes.cleanup()
        await port.close()


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="qee-certs", description="Keep the webhook's certificate and result keys.")
    parser.add_argument("--config", type=Path, required=True, help="settings file, as charts/qee writes it")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", default="json", choices=["json", "text"])
    arguments = parser.parse_args(argv)
    logs.configure(arguments.log_level, arguments.log_format)
    try:
        settings = Settings.load(arguments.config)
    except (OSError, ValueError) as error:
        sys.exit(f"--config {arguments.config}: {error}")
    logger.info("qee-certs %s", __version__)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
