"""`qee draw`: circuits as text, or one as a picture. The engine's SDK reads them, in a runner of its own."""

from dataclasses import replace
from typing import Any

from qee.cli import exits, terminal
from qee.cli.files import write
from qee.cli.here import asking, given, local
from qee.cli.problem import Problem, listed, needed
from qee.documents import DocumentError, RunDocument
from qee.sdk.diagram import DIAGRAM, Answer

MAX_WIDTH = 200


def draw(
    path: str,
    job: str | None,
    namespace: str | None,
    circuit: str | None,
    engine: str | None,
    config_maps: list[str],
    png: str | None,
) -> int:
    document = local.described(given.read(path, config_maps, values=False), job, namespace, engine)
    chosen = tuple(each for each in document.circuits if circuit in (None, each.name))
    if not chosen:
        there = listed([each.name for each in document.circuits])
        raise Problem(f"--circuit {circuit}: the job has no such circuit; it has {there}")
    if png is not None:
        return _picture(replace(document, circuits=chosen), png)
    width = max(40, min(MAX_WIDTH, terminal.width(100)))
    for name, text in _asked(replace(document, circuits=chosen).to_bytes(), str(width))["drawings"]:
        if len(document.circuits) > 1:
            terminal.out(f"{terminal.printable(str(name))}:")
        terminal.out("\n".join(terminal.printable(line).rstrip() for line in str(text).splitlines()))
    return exits.OK


def _picture(document: RunDocument, file: str) -> int:
    try:
        from qee.cli.show import circuit_picture
    except ImportError:
        raise needed("--png", "matplotlib") from None
    if len(document.circuits) > 1:
        names = ", ".join(each.name for each in document.circuits[:8])
        raise Problem(f"--png: a picture shows one circuit, the job has {names}; choose one with --circuit")
    answer = _asked(document.to_bytes(), DIAGRAM)
    try:
        diagram = Answer.from_json(answer).diagram
    except DocumentError as error:
        raise Problem(f"the runner's diagram cannot be read: {error}; please report it", exits.BUG) from None
    with terminal.spinner("painting"):
        picture = circuit_picture.png(diagram)
    write(file, picture, replace=True, what="--png")
    terminal.note(f"wrote {terminal.printable(file)}")
    return exits.OK


def _asked(document: bytes, form: str) -> dict[str, Any]:
    """The runner's answer. Raises Problem where it is a refusal."""
    try:
        answer = asking.asked("qee.runner.drawing", [form], document, "drawing")
    except TimeoutError as error:
        raise Problem(f"{error}; choose a smaller circuit", exits.TIMEOUT) from None
    except asking.NoAnswer as error:
        raise Problem(f"{error}; choose one circuit with --circuit, or a smaller one", exits.FAILED) from None
    if "reason" in answer:
        raise Problem(f"{answer['reason']}: {answer.get('message')}", exits.FAILED)
    return answer
