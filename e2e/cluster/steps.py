"""Progress on stderr, one line per step with the time it took, and commands whose output is shown when they fail."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

QUIET_SECONDS = 2.0
HEARTBEAT_SECONDS = 30.0


class ClusterError(Exception):
    """The cluster cannot be had. The message says what failed and what to do about it."""


def say(text: str) -> None:
    """One line for people; stdout is kept for what scripts read."""
    print(text, file=sys.stderr, flush=True)


def span(seconds: float) -> str:
    """A duration as people write it: `0.4 s`, `12 s`, `7 min 3 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@contextmanager
def step(what: str) -> Iterator[None]:
    """Times `what`. A step that lasts says so after two seconds and every thirty from then on."""
    started = time.monotonic()
    over = threading.Event()

    def heartbeat() -> None:
        wait = QUIET_SECONDS
        while not over.wait(wait):
            passed = time.monotonic() - started
            say(f"... {what}" if wait == QUIET_SECONDS else f"... {what}: {span(passed)} so far")
            wait = HEARTBEAT_SECONDS

    thread = threading.Thread(target=heartbeat, daemon=True)
    thread.start()
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        over.set()
        thread.join()
        say(f"{what}: {outcome} {span(time.monotonic() - started)}")


def tail(text: str, lines: int = 20) -> str:
    return "\n".join(text.rstrip().splitlines()[-lines:])


def run(
    argv: Sequence[str | Path],
    *,
    why: str,
    remedy: str = "",
    input: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    timeout: float | None = None,
) -> str:
    """Runs a command, with `input` as its stdin or none, and returns its stdout.

    With `log`, stdout and stderr go to that file instead, and the result is empty.
    Raises ClusterError with the last lines of output when the command is missing, fails or outlasts `timeout` seconds.
    """
    words = [str(word) for word in argv]
    advice = f"\n{remedy}" if remedy else ""
    try:
        with log.open("w") if log else nullcontext() as out:
            done = subprocess.run(
                words,
                input=input or "",
                stdout=out or subprocess.PIPE,
                stderr=subprocess.STDOUT if out else subprocess.PIPE,
                text=True,
                errors="replace",
                env=env,
                cwd=cwd,
                timeout=timeout,
                check=False,
            )
    except FileNotFoundError as missing:
        raise ClusterError(f"{why}: {words[0]} is not installed.{advice}") from missing
    except subprocess.TimeoutExpired as slow:
        raise ClusterError(f"{why}: {words[0]} did not end within {span(slow.timeout)}.{advice}") from slow
    if done.returncode:
        said = log.read_text(errors="replace") if log else f"{done.stdout}{done.stderr}"
        where = f"\nWhole log: {log}" if log else ""
        raise ClusterError(f"{why}: {words[0]} exited with {done.returncode}.\n{tail(said)}{where}{advice}")
    return done.stdout or ""
