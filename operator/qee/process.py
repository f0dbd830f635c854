"""What every process of ours does as it begins and as it ends: arguments, logs, settings, libraries, signals."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from qee import __version__
from qee.kube.client import KubeClient, connect
from qee.observe import logs
from qee.signing.libraries import LibraryProblem, Suite

Settings = TypeVar("Settings")


def configured(
    program: str, description: str, load: Callable[[Path], Settings], argv: list[str] | None = None
) -> Settings:
    """Reads the arguments, sets up logs and loads the settings. What is wrong with them ends the process."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--config", type=Path, required=True, help="settings file, as charts/qee writes it")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.add_argument("--log-format", default="json", choices=["json", "text"])
    arguments = parser.parse_args(argv)
    logs.configure(arguments.log_level, arguments.log_format)
    try:
        return load(arguments.config)
    except (OSError, ValueError) as error:
        sys.exit(f"--config {arguments.config}: {error}")


def libraries(complaint: str = "signatures cannot be verified: ") -> Suite:
    """Both libraries that check signatures, tried out. Without them the process ends."""
    try:
        return Suite.required()
    except LibraryProblem as error:
        sys.exit(f"{complaint}{error}")


def run(program: str, work: Callable[[KubeClient, asyncio.Event], Awaitable[None]]) -> None:
    """`work` with a client of the API server, and an event that is set by SIGTERM and SIGINT. Raises what it raises."""
    asyncio.run(_run(program, work))


async def _run(program: str, work: Callable[[KubeClient, asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    port = await connect(user_agent=f"{program}/{__version__}")
    try:
        await work(port, stop)
    finally:
        await port.close()


def stop_on_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
