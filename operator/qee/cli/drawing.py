"""`qee draw`: circuits as text, drawn by the engine's SDK in a runner of its own."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

from qee.api.documents import RunDocument
from qee.cli import exits, local, terminal
from qee.cli.problem import Problem

SECONDS = 60.0
MAX_WIDTH = 200
MAX_BYTES = 8 * 1_048_576  # of drawings: what a terminal may be given at once


def draw(
    file: str, job: str | None, namespace: str | None, circuit: str | None, engine: str | None, config_maps: list[str]
) -> int:
    data, _ = local.prepared(file, job, namespace, engine, config_maps)
    document = RunDocument.from_bytes(data)
    chosen = tuple(each for each in document.circuits if circuit in (None, each.name))
    if not chosen:
        there = ", ".join(each.name for each in document.circuits[:8]) + (", ..." if len(document.circuits) > 8 else "")
        raise Problem(f"--circuit {circuit}: the job has no such circuit; it has {there}")
    for name, text in _drawings(replace(document, circuits=chosen).to_bytes(), _width()):
        if len(document.circuits) > 1:
            terminal.out(f"{terminal.printable(name)}:")
        terminal.out("\n".join(terminal.printable(line).rstrip() for line in text.splitlines()))
    return exits.OK


def _width() -> int:
    columns = shutil.get_terminal_size().columns if terminal.is_terminal(sys.stdout) else 100
    return max(40, min(MAX_WIDTH, columns))


def _drawings(document: bytes, width: int) -> list[tuple[str, str]]:
    command = [sys.executable, "-P", "-m", "qee.runner.drawing", str(width)]
    try:
        with terminal.spinner("drawing"):
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                command, input=document, capture_output=True, timeout=SECONDS, check=False
            )
    except subprocess.TimeoutExpired:
        raise Problem(f"drawing took more than {SECONDS:.0f} s; choose a smaller circuit", exits.TIMEOUT) from None
    if len(done.stdout) > MAX_BYTES:
        raise Problem("the drawing is too large for a terminal; choose one with --circuit", exits.FAILED)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise Problem("the runner ended without a drawing; it may have run out of memory", exits.FAILED) from None
    if "drawings" not in answer:
        raise Problem(f"{answer.get('reason')}: {answer.get('message')}", exits.FAILED)
    return [(str(name), str(text)) for name, text in answer["drawings"]]
