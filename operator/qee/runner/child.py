"""A child process that answers about a run document: what `checking` and `drawing` have in common.

A process of its own, as for a run: only the runner hands a circuit to an SDK, and it denies itself the network before.
The document comes on stdin; JSON goes to stdout: the answer, or {"reason": ..., "message": ...} in the words of a run.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from qee.api.reasons import Reason
from qee.documents.canonical import DocumentError
from qee.documents.run import RunDocument
from qee.runner import sandbox, sdk_log
from qee.sdk.errors import RunnerError


def answered(of: Callable[[RunDocument], dict[str, Any]]) -> int:
    """Answers what `of` gives for the document. Returns the exit code."""
    sandbox.close_inherited_files()
    answer = os.dup(1)
    os.dup2(2, 1)  # what an SDK prints must not mix with the answer
    data = sys.stdin.buffer.read()
    try:
        sandbox.deny_network(required=False)
        sandbox.limit_resources()
        sdk_log.keep()
        said = of(RunDocument.from_bytes(data))
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
