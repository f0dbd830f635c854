"""A question to the runner here: a child process that reads circuits by an SDK, and denies itself the network."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from qee.cli import terminal

SECONDS = 60.0
MAX_BYTES = 8 * 1_048_576  # of an answer


class NoAnswer(Exception):
    """Why there is none."""


def asked(module: str, arguments: Sequence[str], document: bytes, doing: str) -> dict[str, Any]:
    """What the runner's module says of a run document: its answer, or a refusal as `reason` and `message`.

    Raises NoAnswer, and TimeoutError after SECONDS.
    """
    command = [sys.executable, "-P", "-m", module, *arguments]
    try:
        with terminal.spinner(doing):
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                command, input=document, capture_output=True, timeout=SECONDS, check=False
            )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{doing} took more than {SECONDS:.0f} s") from None
    if len(done.stdout) > MAX_BYTES:
        raise NoAnswer("the answer is too large for a terminal")
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise NoAnswer("the runner ended without an answer; it may have run out of memory") from None
    return found
