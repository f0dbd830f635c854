"""`python -m qee.runner.drawing WIDTH|diagram`: reads the circuits of a run document, for `qee draw`.

A process of its own, as for a run: only the runner hands a circuit to an SDK, and it denies itself the network before.
The document comes on stdin. On stdout goes {"drawings": [[name, text], ...]}, lines folded at WIDTH; or, of the first
circuit, {"diagram": {...}}, from which a picture is painted; or {"reason": ..., "message": ...}.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

from qee.api.reasons import Reason
from qee.documents.canonical import DocumentError
from qee.documents.run import CircuitRun, RunDocument
from qee.runner import sandbox, sdk_log
from qee.runner.engines import Engine, load
from qee.sdk import limits
from qee.sdk.diagram import DIAGRAM, Answer, Diagram
from qee.sdk.errors import RunnerError
from qee.sdk.explain import invalid
from qee.sdk.outcomes import Options
from qee.sdk.registers import check_conditions
from qee.sdk.source import LIBRARIES, check_source

_Shown = TypeVar("_Shown")


def main(form: str) -> int:
    sandbox.close_inherited_files()
    answer = os.dup(1)
    os.dup2(2, 1)  # what an SDK prints must not mix with the answer
    data = sys.stdin.buffer.read()
    try:
        sandbox.deny_network(required=False)
        sandbox.limit_resources()
        sdk_log.keep()
        document = RunDocument.from_bytes(data)
        if form == DIAGRAM:
            text = json.dumps(Answer(diagram(document)).as_json())
        else:
            text = json.dumps({"drawings": drawings(document, int(form))})
        code = 0
    except DocumentError as error:
        text, code = json.dumps({"reason": Reason.INPUT_MISMATCH, "message": str(error)}), 1
    except RunnerError as error:
        text, code = json.dumps({"reason": error.reason, "message": error.message}), 1
    with os.fdopen(answer, "w") as out:
        out.write(text)
    return code


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
        if circuit.format in LIBRARIES:
            check_source(circuit.source, circuit.format)
            check_conditions(circuit.source)
        return by(circuit)
    except RunnerError as error:
        raise RunnerError(error.reason, f"circuit {circuit.name}: {error.message}") from error
    except Exception as error:  # an SDK's parser or drawer broke on this circuit
        traceback.print_exception(error)
        raise invalid(f"circuit {circuit.name}: the engine could not draw it; try the other engine") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
