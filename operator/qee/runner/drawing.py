"""`python -m qee.runner.drawing WIDTH|diagram`: reads the circuits of a run document, for `qee draw`.

The document comes on stdin. On stdout goes {"drawings": [[name, text], ...]}, lines folded at WIDTH; or, of the first
circuit, {"diagram": {...}}, from which a picture is painted; or a refusal: see `child`.
"""

import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

from qee.documents.run import CircuitRun, RunDocument
from qee.runner.child import answered
from qee.runner.engines import Engine, load
from qee.runner.process import check_source_of
from qee.sdk import limits
from qee.sdk.diagram import DIAGRAM, Answer, Diagram
from qee.sdk.errors import RunnerError
from qee.sdk.explain import invalid
from qee.sdk.outcomes import Options

_Shown = TypeVar("_Shown")


def main(form: str) -> int:
    if form == DIAGRAM:
        return answered(lambda document: Answer(diagram(document)).as_json())
    return answered(lambda document: {"drawings": drawings(document, int(form))})


def drawings(document: RunDocument, width: int) -> list[tuple[str, str]]:
    """Each circuit's name and drawing. Raises RunnerError."""
    engine = _engine(document)
    return [(each.name, _read(each, lambda one: engine.drawn(one, width))) for each in document.circuits]


def diagram(document: RunDocument) -> Diagram:
    """Of the first circuit. Raises RunnerError."""
    return _read(document.circuits[0], _engine(document).diagram)


def _engine(document: RunDocument) -> Engine:
    return load(document.engine, Options(), limits.room())


def _read(circuit: CircuitRun, by: Callable[[CircuitRun], _Shown]) -> _Shown:
    try:
        check_source_of(circuit)
        return by(circuit)
    except RunnerError as error:
        raise RunnerError(error.reason, f"circuit {circuit.name}: {error.message}") from error
    except Exception as error:  # an SDK's parser or drawer broke on this circuit
        traceback.print_exception(error)
        raise invalid(f"circuit {circuit.name}: the engine could not draw it; try the other engine") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
