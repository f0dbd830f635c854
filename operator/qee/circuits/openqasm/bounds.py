"""The bounds that every part of a program keeps."""

from typing import NoReturn

from qee.api.reasons import Reason
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Reader
from qee.circuits.tally import Tally

# For each operation allowed, engines may also build so many rounds of loops, levels of calls, operands of barriers...
WORK_PER_OPERATION = 4
TERMS_PER_OPERATION = 8  # ... and so many operands in parameter expressions: Cirq needs 17 µs for one


def bound(reader: Reader, program: Program, tally: Tally, what: str, at: int) -> None:
    """Fails when the operations of a tally, or what an engine would build for them, are over the limit."""
    limit = program.limits.max_operations
    if tally.operations > limit:
        too_large(
            reader,
            f"{what} expands to {_figure(tally.operations)} operations, at most {limit} are allowed; reduce loop"
            " bounds, gate nesting or registers",
            at,
        )
    if tally.work > WORK_PER_OPERATION * limit:
        too_large(
            reader,
            f"{what} makes an engine build {_figure(tally.work)} objects (operations, rounds, calls, operands"
            f" of barriers), at most {WORK_PER_OPERATION * limit} are allowed; reduce loop bounds and gate nesting",
            at,
        )
    terms = tally.terms + sum(tally.uses.values())
    if terms > TERMS_PER_OPERATION * limit:
        too_large(
            reader,
            f"{what} expands to parameter expressions of {_figure(terms)} operands, at most"
            f" {TERMS_PER_OPERATION * limit} are allowed; compute parameters outside of gate definitions",
            at,
        )


def bound_definition(reader: Reader, program: Program, body: Tally, what: str, at: int) -> None:
    """Bounds a definition and all definitions together: engines build each of them, used or not."""
    bound(reader, program, body, what, at)
    program.definitions += body.work + 1
    allowed = WORK_PER_OPERATION * program.limits.max_operations
    if program.definitions > allowed:
        too_large(
            reader,
            f"the definitions up to {what} make an engine build {_figure(program.definitions)} objects, at most"
            f" {allowed} are allowed; define fewer or smaller gates",
            at,
        )


def too_large(reader: Reader, message: str, at: int | None = None) -> NoReturn:
    reader.fail(message, Reason.CIRCUIT_TOO_LARGE, at=at)


def _figure(number: int) -> str:
    return str(number) if number < 10**15 else "more than 10^15"
