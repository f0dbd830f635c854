"""`python -m qee.runner.checking [MEMORY]`: what a run would refuse, without running it, for `qee lint`.

The run document comes on stdin. On stdout goes {"circuits": [{"name": ..., "method": ..., "shotByShot": ...}, ...]},
`method` null where the engine itself chooses as it runs; or a refusal: see `child`.
MEMORY: bytes that the run may have; absent: what is free here.
"""

import gc
import sys
from typing import Any

from qee.documents.run import RunDocument
from qee.runner.child import answered
from qee.runner.engines import load
from qee.runner.process import check_sources, limit_threads, options_of
from qee.sdk import limits
from qee.sdk.naming import naming
from qee.sdk.outcomes import Task


def main(arguments: list[str]) -> int:
    gc.disable()  # as the runner does: importing an SDK makes garbage of nothing
    return answered(
        lambda document: {"circuits": checked(document, int(arguments[0]) if arguments else limits.memory())}
    )


def checked(document: RunDocument, memory: int) -> list[dict[str, Any]]:
    """Of each circuit what is foreseen. Raises RunnerError, as the run would.

    Each is parsed and compiled as for a run. What depends on the values of parameters is looked at for the first row.
    """
    limit_threads(1)
    check_sources(document)
    engine = load(document.engine, options_of(document), limits.Room(1, memory))
    parsed = []
    for circuit in document.circuits:
        with naming(circuit, parsing=True):
            parsed.append(engine.parse(circuit))
    found = []
    for circuit, program in zip(document.circuits, parsed, strict=True):
        with naming(circuit):
            values = circuit.row(0) if circuit.parameters else {}
            method, alone = engine.foreseen(program, Task(circuit.shots, document.seed, values))
        found.append({"name": circuit.name, "method": method, "shotByShot": alone})
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
