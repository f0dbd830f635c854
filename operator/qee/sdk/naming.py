"""Which circuit an error is about, and a reason for what an SDK raises for a bad one."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from qee.api.reasons import Reason
from qee.documents.run import CircuitRun
from qee.sdk.errors import RunnerError
from qee.sdk.explain import invalid


@contextmanager
def naming(circuit: CircuitRun, parsing: bool = False) -> Iterator[None]:
    """Puts the circuit's name in front of an error. `parsing`: whatever else is raised is the circuit's fault."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # an SDK's panic is no Exception
        refusal = _refusal(error, parsing)
        if refusal is None:
            raise
        raise RunnerError(refusal.reason, f"circuit {circuit.name}: {refusal.message}") from error


def _refusal(error: BaseException, parsing: bool) -> RunnerError | None:
    if isinstance(error, RunnerError):
        return error
    if isinstance(error, MemoryError):
        return RunnerError(
            Reason.INSUFFICIENT_MEMORY, "memory ran out; use fewer qubits or shots, or raise spec.resources"
        )
    if isinstance(error, RecursionError):
        return invalid("expressions or gates are nested too deeply; nest them less")
    if parsing:
        traceback.print_exception(error)
        return invalid("the engine's parser broke on this source; simplify it, or try the other engine")
    return None
