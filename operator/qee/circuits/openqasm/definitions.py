"""Gates and subroutines that a program defines: one figure each, by a memo, never by expanding it.

Inside of itself a definition's name is unknown: there is no recursion.
"""

from qee.circuits.errors import quoted
from qee.circuits.openqasm.bounds import bound_definition
from qee.circuits.openqasm.declarations import designator, type_name
from qee.circuits.openqasm.flow import MAX_NESTING, block
from qee.circuits.openqasm.gates import Gate
from qee.circuits.openqasm.names import declare
from qee.circuits.openqasm.operands import operand
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Reader
from qee.circuits.openqasm.symbols import Bits, Parameter, Qubits, Subroutine, Symbol, Variable
from qee.circuits.openqasm.variables import assigned
from qee.circuits.tally import Tally

MAX_DEFINITION_DEPTH = 64  # definitions calling one another; Qiskit's OpenQASM 3 importer breaks between 100 and 200


def gate_definition(reader: Reader, program: Program) -> None:
    """`gate name(a, b) q, r { ... }`"""
    if program.in_gate or program.depth:
        reader.fail("a gate definition inside of another block; move it to the top")
    program.constructs.add("gate")
    at = reader.pos
    reader.pos += 1
    name = reader.name("the name of a gate")
    outer, program.tally, program.in_gate = program.tally, Tally(), True
    program.scope.enter()
    parameters, qubits = _signature(reader, program)
    reader.expect("{")
    while not reader.accept("}"):
        reader.dialect.gate_statement(reader, program)
    program.scope.leave()
    body, program.tally, program.in_gate = program.tally, outer, False
    bound_definition(reader, program, body, f"the definition of gate {quoted(name)}", at)
    if body.depth >= MAX_DEFINITION_DEPTH:
        reader.fail(f"gate definitions that call one another over more than {MAX_DEFINITION_DEPTH} levels", at=at)
    gate = Gate(
        name,
        len(parameters),
        len(qubits),
        body.clifford,
        operations=body.operations,
        multi_qubit=body.multi_qubit,
        work=body.work + 1 + (len(parameters) + len(qubits)) // 4,
        names=frozenset(body.names),
        basis=max(16, body.basis),
        uses=tuple(body.uses.get(p, 0) for p in parameters),
        terms=body.terms,
        depth=body.depth + 1,
    )
    declare(reader, program, name, gate, at + 1)


def opaque(reader: Reader, program: Program) -> None:
    """`opaque name(a) q;`"""
    program.constructs.add("opaque")
    at = reader.pos
    reader.pos += 1
    name = reader.name("the name of a gate")
    program.scope.enter()
    parameters, qubits = _signature(reader, program)
    program.scope.leave()
    reader.expect(";")
    declare(reader, program, name, Gate(name, len(parameters), len(qubits), opaque=True), at + 1)


def _signature(reader: Reader, program: Program) -> tuple[list[str], list[str]]:
    parameters: list[str] = []
    if reader.accept("(") and not reader.accept(")"):
        parameters = _names(reader, program, "a parameter", Parameter())
        reader.expect(")")
    return parameters, _names(reader, program, "a qubit", Qubits(None, argument=True))


def _names(reader: Reader, program: Program, wanted: str, symbol: Symbol) -> list[str]:
    names = []
    while True:
        at = reader.pos
        names.append(reader.name(wanted))
        declare(reader, program, names[-1], symbol, at)
        if not reader.accept(","):
            return names


def subroutine(reader: Reader, program: Program) -> None:
    """`def name(int a, qubit[2] q) -> bit { ... }`"""
    if program.depth or program.in_gate:
        reader.fail("a subroutine inside of another block; move it to the top")
    program.constructs.add("def")
    at = reader.pos
    reader.pos += 1
    name_at = reader.pos
    name = reader.name("the name of a subroutine")
    program.scope.enter()
    reader.expect("(")
    arguments = 0
    while not reader.accept(")"):
        if arguments:
            reader.expect(",")
        _argument(reader, program)
        arguments += 1
    if reader.accept("->"):
        type_name(reader)
    if reader.items[reader.pos] != "{":
        reader.unexpected("'{'")
    program.in_subroutine = program.repeated = True
    body = block(reader, program)
    program.in_subroutine = program.repeated = False
    program.scope.leave()
    bound_definition(reader, program, body, f"subroutine {quoted(name)}", at)
    declare(reader, program, name, Subroutine(arguments, body), name_at)


def _argument(reader: Reader, program: Program) -> None:
    kind = reader.items[reader.pos]
    symbol: Symbol = Variable()
    if kind in ("qubit", "qreg"):
        reader.pos += 1
        symbol = Qubits(designator(reader) if kind == "qubit" else None, alias=True, argument=True)
    elif kind in ("bit", "creg"):
        reader.pos += 1
        symbol = Bits(designator(reader) if kind == "bit" else None)
    else:
        type_name(reader)
    at = reader.pos
    name = reader.name("the name of an argument")
    if kind in ("qreg", "creg") and reader.items[reader.pos] == "[":
        size = designator(reader)
        symbol = Qubits(size, alias=True, argument=True) if kind == "qreg" else Bits(size)
    declare(reader, program, name, symbol, at)


def return_statement(reader: Reader, program: Program) -> None:
    if not program.in_subroutine:
        reader.fail("'return' outside of a subroutine")
    reader.pos += 1
    if not reader.accept(";"):
        assigned(reader, program, None)


def call_subroutine(reader: Reader, program: Program, name: str) -> bool:
    """Reads the arguments of a subroutine whose name was just taken; False if there is none of that name."""
    symbol = program.scope.names.get(name)
    if not isinstance(symbol, Subroutine) or program.in_gate:
        return False
    at = reader.pos - 1
    if program.calls >= MAX_NESTING:
        reader.fail(f"calls inside one another over more than {MAX_NESTING} levels; flatten them", at=at)
    program.calls += 1
    reader.expect("(")
    arguments = 0
    while not reader.accept(")"):
        if arguments:
            reader.expect(",")
        if isinstance(program.scope.names.get(reader.items[reader.pos]), Qubits):
            argument = operand(reader, program)
            program.usage.touch([argument])
            program.usage.use([argument], program.depth > 0)
        else:
            reader.expressions.value()
        arguments += 1
    program.calls -= 1
    if arguments != symbol.arguments:
        reader.fail(f"{quoted(name)} takes {symbol.arguments} arguments, {arguments} are given", at=at)
    program.tally.add(symbol.tally, 1)
    return True
