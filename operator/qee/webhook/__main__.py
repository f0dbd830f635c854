"""`python -m qee.webhook --config FILE`: the admission server."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from qee import __version__
from qee.kube.client import connect
from qee.observe import logs
from qee.signing.libraries import LibraryProblem, Suite
from qee.webhook.process import serve
from qee.webhook.settings import Settings

logger = logging.getLogger("qee")


async def run(settings: Settings, suite: Suite) -> None:
    """Until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    port = await connect(user_agent=f"qee-webhook/{__version__}")
    try:
        await serve(settings, port, suite, stop)
    finally:
        await port.close()


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="qee-webhook", description="Answer AdmissionReviews of QuantumJobs.")
    parser.add_argument("--config", type=Path, required=True, help="settings file, as charts/qee writes it")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", default="json", choices=["json", "text"])
    arguments = parser.parse_args(argv)
    logs.configure(arguments.log_level, arguments.log_format)
    try:
        settings = Settings.load(arguments.config)
    except (OSError, ValueError) as error:
        sys.exit(f"--config {arguments.config}: {error}")
    try:
        suite = Suite.required()
    except LibraryProblem as error:
        sys.exit(str(error))
    logger.info("qee-webhook %s, signatures checked by %s", __version__, " and ".join(suite.lattice))
    try:
        asyncio.run(run(settings, suite))
    except OSError as error:
        sys.exit(f"cannot serve: {error}")


if __name__ == "__main__":
    main()
