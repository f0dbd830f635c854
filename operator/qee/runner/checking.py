"""`python -m qee.runner.checking [MEMORY]`: what a run would refuse, without running it, for `qee lint`.

A process of its own, as for a run: only the runner hands a circuit to an SDK, and it denies itself the network before.
The run document comes on stdin. On stdout goes {"circuits": [{"name": ..., "method": ..., "shotByShot": ...}, ...]},
`method` null where the engine itself chooses as it runs; or {"reason": ..., "message": ...}, in the words of the run.
MEMORY: bytes that the run may have; absent: what is free here.
"""

import gc
import json
import os
import sys
import traceback
from typing import Any

from qee.api.reasons import Reason
from qee.documents.canonical import DocumentError
from qee.documents.run import RunDocument
from qee.runner import sandbox, sdk_log
from qee.runner.engines import load
from qee.runner.process import check_sources, limit_threads, options_of
from qee.sdk import limits
from qee.sdk.errors import RunnerError
from qee.sdk.naming import naming
from qee.sdk.outcomes import Task


def main(arguments: list[str]) -> int:
    gc.disable()  # as the runner does: importing an SDK makes garbage of nothing
    sandbox.close_inherited_files()
    answer = os.dup(1)
    os.dup2(2, 1)  # what an SDK prints must not mix with the answer
    data = sys.stdin.buffer.read()
    try:
        sandbox.deny_network(required=False)
        sandbox.limit_resources()
        sdk_log.keep()
        memory = int(arguments[0]) if arguments else limits.memory()
        said: dict[str, Any] = {"circuits": checked(RunDocument.from_bytes(data), memory)}
    except DocumentError as error:
        said = {"reason": Reason.INPUT_MISMATCH, "message": str(error)}
    except RunnerError as error:
        said = {"reason": error.reason, "message": error.message}
    except Exception:  # a bug; the run would end with the same
        traceback.print_exc()
        said = {"reason": Reason.RUNNER_FAILED, "message": "internal error; please report it"}
    with os.fdopen(answer, "w") as out:
        out.write(json.dumps(said))
    return 1 if "reason" in said else 0


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
