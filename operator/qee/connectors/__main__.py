"""`python -m qee.connectors --config FILE`: the connector of one credential."""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from qee import __version__
from qee.connectors.loading import NoAdapter
from qee.connectors.metrics import Metrics
from qee.connectors.process import ConnectorProcess
from qee.connectors.settings import ConnectorSettings
from qee.kube.client import connect
from qee.kube.leader import Leader
from qee.observe import health, logs
from qee.signing.libraries import LibraryProblem, Suite

logger = logging.getLogger("qee")


async def run(settings: ConnectorSettings, suite: Suite) -> None:
    """Until SIGTERM or SIGINT, or until the Lease is lost. What is in hand is dropped: all of it may be repeated."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    port = await connect(user_agent=f"qee-connector/{__version__}")
    metrics = Metrics()
    process = ConnectorProcess(port, settings, suite, metrics)
    server = await health.serve(settings.port, list, lambda: True, registry=metrics.registry)
    identity = f"{socket.gethostname()}-{os.getpid()}"
    leader = Leader(port, settings.lease_namespace, f"qee-connector-{settings.name}", identity=identity)
    try:
        if await leader.acquire(stop):
            metrics.leader.set(1)
            work = asyncio.create_task(process.run())
            ends = {work, asyncio.create_task(leader.hold()), asyncio.create_task(stop.wait())}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in ends:
                task.cancel()
            for result in await asyncio.gather(*ends, return_exceptions=True):
                if isinstance(result, Exception):
                    raise result
    finally:
        await leader.release()
        await server.cleanup()
        await port.close()


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="qee-connector", description="Carry QuantumTasks to a provider.")
    parser.add_argument("--config", type=Path, required=True, help="settings file, as charts/qee writes it")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", default="json", choices=["json", "text"])
    arguments = parser.parse_args(argv)
    logs.configure(arguments.log_level, arguments.log_format)
    try:
        settings = ConnectorSettings.load(arguments.config)
    except (OSError, ValueError) as error:
        sys.exit(f"--config {arguments.config}: {error}")
    try:
        suite = Suite.required()
    except LibraryProblem as error:
        sys.exit(f"signatures cannot be verified: {error}")
    logger.info("qee-connector %s, %s", __version__, settings.provider)
    try:
        asyncio.run(run(settings, suite))
    except NoAdapter as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
