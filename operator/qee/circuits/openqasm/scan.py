"""One pass over a program of OpenQASM 2 or 3: its tokens to a Scan."""

from functools import partial

from qee.circuits.errors import invalid_circuit
from qee.circuits.openqasm.bounds import bound
from qee.circuits.openqasm.definitions import call_subroutine
from qee.circuits.openqasm.expressions import Expressions
from qee.circuits.openqasm.names import resolve
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.qasm2 import QASM2
from qee.circuits.openqasm.qasm3 import QASM3
from qee.circuits.openqasm.reader import Reader
from qee.circuits.openqasm.symbols import Scope
from qee.circuits.openqasm.usage import Usage
from qee.circuits.report import Limits, Scan

_DIALECTS = {"openqasm2": QASM2, "openqasm3": QASM3}


def scan_openqasm(format: str, source: str, limits: Limits) -> Scan:
    dialect = _DIALECTS[format]
    scope = Scope(dialect.builtin)
    program = Program(limits, scope, Usage(scope))
    reader = Reader(source, dialect, limits.max_tokens)
    reader.expressions = Expressions(
        reader, dialect.version, partial(resolve, reader, program), partial(call_subroutine, reader, program)
    )
    if not reader.items[0]:
        raise invalid_circuit("the source is empty", 1)
    dialect.version_line(reader, program)
    tally, statement = program.tally, dialect.statement
    while reader.items[reader.pos]:
        at = reader.pos
        statement(reader, program)
        if tally.work > limits.max_operations:
            bound(reader, program, tally, "the program up to here", at)
    bound(reader, program, tally, "the program", reader.pos)
    if not program.qubits + program.physical:
        reader.fail("the program declares no qubits")
    return program.report(format)
