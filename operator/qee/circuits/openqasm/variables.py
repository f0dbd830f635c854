"""Bits, constants, variables, inputs, outputs and aliases of OpenQASM 3, and what is assigned to them."""

from qee.circuits.errors import quoted
from qee.circuits.openqasm.bounds import too_large
from qee.circuits.openqasm.declarations import add_bits, designator, type_name
from qee.circuits.openqasm.names import declare
from qee.circuits.openqasm.operands import operand
from qee.circuits.openqasm.operations import measure_into
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Reader
from qee.circuits.openqasm.selections import read_selections
from qee.circuits.openqasm.symbols import Bits, Constant, Qubits, Symbol, Variable
from qee.circuits.openqasm.values import Unknown

_ASSIGNMENTS = frozenset(("=", "+=", "-=", "*=", "/=", "&=", "|=", "~=", "^=", "<<=", ">>=", "%=", "**="))


def bit(reader: Reader, program: Program) -> None:
    """`bit[2] c;`, `bit c = measure q;`"""
    reader.pos += 1
    size = designator(reader)
    at = reader.pos
    name = reader.name("the name of a bit or register")
    if program.depth:
        program.constructs.add("variable")
    add_bits(reader, program, name, size, at)
    if reader.accept("="):
        if reader.items[reader.pos] != "measure":
            program.constructs.add("initial value")
        assigned(reader, program, 1 if size is None else size)
    else:
        reader.expect(";")


def const(reader: Reader, program: Program) -> None:
    program.constructs.add("const")
    reader.pos += 1
    kind = reader.items[reader.pos]
    type_name(reader)
    at = reader.pos
    name = reader.name("the name of a constant")
    reader.expect("=")
    value = reader.expressions.value()
    reader.expect(";")
    if isinstance(value, Unknown):
        declare(reader, program, name, Variable(), at)
        return
    if kind in ("float", "angle"):
        value = float(value)
    elif kind in ("int", "uint") and (isinstance(value, (bool, float)) or (kind == "uint" and value < 0)):
        reader.fail(f"the constant {quoted(name)} is not of its type {kind}", at=at)
    declare(reader, program, name, Constant(value), at)


def variable(reader: Reader, program: Program) -> None:
    program.constructs.add("variable")
    type_name(reader)
    at = reader.pos
    name = reader.name("the name of a variable")
    if reader.accept("="):
        assigned(reader, program, None)
    else:
        reader.expect(";")
    declare(reader, program, name, Variable(), at)


def input(reader: Reader, program: Program) -> None:
    program.constructs.add("input")
    reader.pos += 1
    if reader.accept("bit"):
        designator(reader)
    else:
        type_name(reader)
    at = reader.pos
    name = reader.name("the name of an input")
    reader.expect(";")
    declare(reader, program, name, Variable(input=True), at)
    program.inputs.append(name)


def output(reader: Reader, program: Program) -> None:
    program.constructs.add("output")
    reader.pos += 1
    (bit if reader.items[reader.pos] == "bit" else variable)(reader, program)


def alias(reader: Reader, program: Program) -> None:
    """`let a = q[0:2] ++ r;`"""
    program.constructs.add("alias")
    reader.pos += 1
    at = reader.pos
    name = reader.name("the name of an alias")
    reader.expect("=")
    parts = [_alias_part(reader, program)]
    while reader.accept("++"):
        parts.append(_alias_part(reader, program))
    reader.expect(";")
    kind, size = parts[0]
    if any(each is not kind for each, _ in parts):
        reader.fail("an alias of qubits and bits together", at=at)
    if len(parts) > 1:
        size = sum(1 if each is None else each for _, each in parts)
    elements = size or 1
    limit = program.limits.max_qubits if kind is Qubits else program.limits.max_classical_bits
    if elements > limit:  # a ++ a, line after line, doubles
        too_large(reader, f"an alias of {elements} elements, at most {limit} are allowed", at)
    program.tally.work += elements
    declare(reader, program, name, Qubits(size, alias=True) if kind is Qubits else Bits(size), at)


def _alias_part(reader: Reader, program: Program) -> tuple[type, int | None]:
    symbol = program.scope.names.get(reader.items[reader.pos])
    if not isinstance(symbol, Bits):
        size = operand(reader, program)[2]
        program.usage.selected = 0
        return Qubits, size
    reader.pos += 1
    if symbol.size is not None and reader.items[reader.pos] == "[":
        return Bits, read_selections(reader, reader.expressions, symbol.size)[1]
    return Bits, symbol.size


def assignment(reader: Reader, program: Program, symbol: Bits | Variable) -> None:
    """`c[0] = measure q;`, `n += 1;`"""
    target = _target(reader, symbol)
    operator = reader.items[reader.pos]
    if operator not in _ASSIGNMENTS:
        reader.unexpected("'='")
    reader.pos += 1
    if operator != "=" or reader.items[reader.pos] != "measure":
        program.constructs.add("assignment")
    assigned(reader, program, target)


def assigned(reader: Reader, program: Program, target: int | None) -> None:
    """Reads the right side of an assignment to `target` bits (None: unknown) and its semicolon."""
    at = reader.pos
    if reader.accept("measure"):
        source = operand(reader, program)
        reader.expect(";")
        measure_into(reader, program, source, target, at)
    else:
        reader.expressions.value()
        reader.expect(";")


def measure(reader: Reader, program: Program) -> None:
    """`measure q -> c;` or `measure q;`"""
    at = reader.pos
    reader.pos += 1
    source = operand(reader, program)
    target: int | None = None
    if reader.accept("->"):
        target = _target(reader, program.scope.names.get(reader.items[reader.pos]))
    else:
        program.constructs.add("measure without target")
    reader.expect(";")
    measure_into(reader, program, source, target, at)


def _target(reader: Reader, symbol: Symbol | None) -> int | None:
    """Reads what is assigned to, `c` or `c[0:2]`: its number of bits, None if it is a variable."""
    name = reader.name("a bit, register or variable")
    if isinstance(symbol, Bits):
        if reader.items[reader.pos] != "[":
            return 1 if symbol.size is None else symbol.size
        if symbol.size is None:
            reader.fail(f"{quoted(name)} is a single bit and has no index")
        number = read_selections(reader, reader.expressions, symbol.size)[1]
        return 1 if number is None else number
    if not isinstance(symbol, Variable) or symbol.input:
        reader.fail(f"{quoted(name)} cannot be assigned to", at=reader.pos - 1)
    while reader.items[reader.pos] == "[":
        reader.expressions.skip_index()
    return None
