"""OpenQASM 2 (arXiv:1707.03429)."""

from collections.abc import Mapping

from qee.circuits.errors import quoted
from qee.circuits.openqasm.declarations import include, old_register
from qee.circuits.openqasm.definitions import gate_definition, opaque
from qee.circuits.openqasm.gates import BUILTIN_2
from qee.circuits.openqasm.names import undefined
from qee.circuits.openqasm.operands import operand
from qee.circuits.openqasm.operations import barrier, call, measure_into, reset
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Dialect, Reader, Statement
from qee.circuits.openqasm.symbols import Bits

_OF_OPENQASM_3 = (
    "qubit bit input output const let def extern for while switch box delay ctrl negctrl inv pow gphase int uint float"
    " angle bool complex duration stretch array cal defcal defcalgrammar return end"
)
_KEYWORDS = "OPENQASM include qreg creg gate opaque measure reset barrier if U CX pi sin cos tan exp ln sqrt"


def _version_line(reader: Reader, program: Program) -> None:
    if not reader.accept("OPENQASM"):
        if reader.items[0] in reader.dialect.foreign or "stdgates.inc" in reader.items[1]:
            reader.fail("the program is OpenQASM 3; set the circuit's format to openqasm3")
        reader.unexpected("OPENQASM 2.0;")
    version = reader.items[reader.pos]
    if version.split(".")[0] == "3":
        reader.fail("the program is OpenQASM 3; set the circuit's format to openqasm3")
    if version not in ("2.0", "2"):
        reader.fail(f"OpenQASM version {quoted(version)}; 2.0 is known")
    reader.pos += 1
    reader.expect(";")
    program.version = "2.0"


def _statement(reader: Reader, program: Program) -> None:
    word = reader.items[reader.pos]
    if word == ";":
        reader.pos += 1
    else:
        _STATEMENTS.get(word, call)(reader, program)


def _gate_statement(reader: Reader, program: Program) -> None:
    (barrier if reader.items[reader.pos] == "barrier" else call)(reader, program)


def _if(reader: Reader, program: Program) -> None:
    """`if (c == 3) x q[0];`"""
    reader.pos += 1
    reader.expect("(")
    _, register = _register(reader, program)
    reader.expect("==")
    program.tally.work += register.size or 1  # Cirq makes a condition of every bit
    reader.expressions.wide_integer("the value of a condition", program.limits.max_classical_bits)
    reader.expect(")")
    program.constructs.add("if")
    program.feed_forward = True
    _CONDITIONAL.get(reader.items[reader.pos], call)(reader, program)


def _measure(reader: Reader, program: Program) -> None:
    """`measure q -> c;` or `measure q[0] -> c[0];`"""
    at = reader.pos
    reader.pos += 1
    source = operand(reader, program)
    reader.expect("->")
    name, target = _register(reader, program)
    size = target.size or 1
    if reader.accept("["):
        reader.expressions.integer(f"the index of {quoted(name)}", 0, size - 1)
        reader.expect("]")
        size = 1
    reader.expect(";")
    measure_into(reader, program, source, size, at)


def _register(reader: Reader, program: Program) -> tuple[str, Bits]:
    name = reader.name("a classical register")
    found = program.scope.names.get(name)
    if not isinstance(found, Bits):
        undefined(reader, program, name, "classical register", Bits)
    return name, found


_CONDITIONAL: Mapping[str, Statement] = {"measure": _measure, "reset": reset}
_STATEMENTS: Mapping[str, Statement] = {
    **_CONDITIONAL,
    "include": include,
    "qreg": old_register,
    "creg": old_register,
    "gate": gate_definition,
    "opaque": opaque,
    "if": _if,
    "barrier": barrier,
}
QASM2 = Dialect(
    version=2,
    keywords=frozenset(_KEYWORDS.split(" ")),
    builtin=BUILTIN_2,
    version_line=_version_line,
    statement=_statement,
    gate_statement=_gate_statement,
    foreign=frozenset(_OF_OPENQASM_3.split(" ")),
)
