"""OpenQASM 3 (openqasm.com, version 3.1 of the language)."""

from collections.abc import Mapping
from typing import NoReturn

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.declarations import include, old_register, qubit
from qee.circuits.openqasm.definitions import gate_definition, return_statement, subroutine
from qee.circuits.openqasm.expressions import type_keywords
from qee.circuits.openqasm.flow import box, end, for_statement, if_statement, jump, plain_block, switch, while_statement
from qee.circuits.openqasm.gates import BUILTIN_3, Gate
from qee.circuits.openqasm.modifiers import MODIFIERS, modified_call
from qee.circuits.openqasm.names import not_a_gate
from qee.circuits.openqasm.operations import barrier, call, delay, reset
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Dialect, Reader, Statement
from qee.circuits.openqasm.symbols import Bits, Subroutine, Variable
from qee.circuits.openqasm.variables import alias, assignment, bit, const, input, measure, output, variable

_REFUSED = {
    "cal": "calibration blocks (cal) are pulse-level",
    "defcal": "calibrations (defcal) are pulse-level",
    "defcalgrammar": "calibration grammars are pulse-level",
    "extern": "extern functions live outside of the circuit",
    "array": "arrays run on no engine",
    "nop": "nop is not part of OpenQASM 3.0",
}
_KEYWORDS = (
    "OPENQASM include qubit qreg creg const input output gate def let if else for while switch case default break"
    " continue end return box delay barrier reset measure in ctrl negctrl inv pow stretch readonly mutable void pi tau"
    " euler true false"
)


def _version_line(reader: Reader, program: Program) -> None:
    program.version = "3.0"
    if not reader.accept("OPENQASM"):
        return
    version = reader.items[reader.pos]
    if version.split(".")[0] == "2":
        reader.fail("the program is OpenQASM 2; set the circuit's format to openqasm2")
    if version not in ("3", "3.0", "3.1"):
        reader.fail(f"OpenQASM version {quoted(version)}; 3.0 and 3.1 are known")
    program.version = version if "." in version else "3.0"
    reader.pos += 1
    reader.expect(";")


def _statement(reader: Reader, program: Program) -> None:
    word = reader.items[reader.pos]
    symbol = program.scope.names.get(word)
    if type(symbol) is Gate and word != "gphase":
        call(reader, program)
        return
    statement = _STATEMENTS.get(word)
    if statement is not None:
        if program.in_gate and word not in _IN_GATES:
            reader.fail(f"{quoted(word)} inside of a gate definition; only gates may be there")
        statement(reader, program)
    elif isinstance(symbol, (Bits, Variable)) and not program.in_gate:
        assignment(reader, program, symbol)
    elif isinstance(symbol, Subroutine):
        reader.expressions.value()
        reader.expect(";")
    elif word == "{" and not program.in_gate:
        plain_block(reader, program)
    elif word.startswith("@") and len(word) > 1:
        program.constructs.add("annotation")
        reader.pos += 1
    elif word.startswith(("pragma", "#pragma")):
        program.constructs.add("pragma")
        reader.pos += 1
    else:
        not_a_gate(reader, program)


def _refuse(reader: Reader, program: Program) -> NoReturn:
    reader.fail(f"{_REFUSED[reader.items[reader.pos]]}; remove it", Reason.UNSUPPORTED_CONSTRUCT)


def _at_the_top(statement: Statement) -> Statement:
    def checked(reader: Reader, program: Program) -> None:
        if program.depth:
            reader.fail(f"{quoted(reader.items[reader.pos])} inside of a block; move it to the top")
        statement(reader, program)

    return checked


_GLOBAL: Mapping[str, Statement] = {
    "include": include,
    "qubit": qubit,
    "qreg": old_register,
    "creg": old_register,
    "input": input,
    "output": output,
}
_STATEMENTS: Mapping[str, Statement] = {
    **{word: _at_the_top(statement) for word, statement in _GLOBAL.items()},
    "bit": bit,
    "const": const,
    "gate": gate_definition,
    "def": subroutine,
    "let": alias,
    "if": if_statement,
    "for": for_statement,
    "while": while_statement,
    "switch": switch,
    "break": jump,
    "continue": jump,
    "end": end,
    "return": return_statement,
    "box": box,
    "delay": delay,
    "barrier": barrier,
    "reset": reset,
    "measure": measure,
    **dict.fromkeys(type_keywords - {"bit"}, variable),
    **dict.fromkeys(MODIFIERS | {"gphase"}, modified_call),
    **dict.fromkeys(_REFUSED, _refuse),
}
_IN_GATES = frozenset({"for", "barrier", "delay", "gphase", *MODIFIERS, *_REFUSED})
QASM3 = Dialect(
    version=3,
    keywords=type_keywords | frozenset(_REFUSED) | frozenset(_KEYWORDS.split(" ")),
    builtin=BUILTIN_3,
    version_line=_version_line,
    statement=_statement,
    gate_statement=_statement,
)
