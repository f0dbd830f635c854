"""`python -m qee.connectors --config FILE`: the connector of one credential."""

import asyncio
import logging
import os
import socket
import sys

from qee import __version__, process
from qee.connectors.metrics import Metrics
from qee.connectors.process import ConnectorProcess
from qee.connectors.settings import ConnectorSettings
from qee.kube.client import KubeClient
from qee.kube.leader import Leader
from qee.observe import health
from qee.sdk.adapters import NoAdapter
from qee.signing.libraries import Suite

logger = logging.getLogger("qee")


async def run(settings: ConnectorSettings, suite: Suite, port: KubeClient, stop: asyncio.Event) -> None:
    """Until told to stop, or until the Lease is lost. What is in hand is dropped: all of it may be repeated."""
    metrics = Metrics()
    connector = ConnectorProcess(port, settings, suite, metrics)
    server = await health.serve(settings.port, list, lambda: True, registry=metrics.registry)
    identity = f"{socket.gethostname()}-{os.getpid()}"
    leader = Leader(port, settings.lease_namespace, f"qee-connector-{settings.name}", identity=identity)
    try:
        if await leader.acquire(stop):
            metrics.leader.set(1)
            work = asyncio.create_task(connector.run())
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


def main(argv: list[str] | None = None) -> None:
    about = "Carry QuantumTasks to a provider."
    settings = process.configured("qee-connector", about, ConnectorSettings.load, argv)
    suite = process.libraries()
    logger.info("qee-connector %s, %s", __version__, settings.provider)
    try:
        process.run("qee-connector", lambda port, stop: run(settings, suite, port, stop))
    except NoAdapter as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
