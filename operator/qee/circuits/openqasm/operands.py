"""What gates and measurements act on."""

from collections.abc import Sequence

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.bounds import too_large
from qee.circuits.openqasm.names import undefined
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Reader
from qee.circuits.openqasm.selections import read_selections
from qee.circuits.openqasm.symbols import Operand, Qubits


def operand(reader: Reader, program: Program) -> Operand:
    """A qubit or register: `q`, `q[3]`, and in OpenQASM 3 `q[0:2]`, `q[{0, 2}]`, `$3`."""
    items, pos = reader.items, reader.pos
    name = items[pos]
    symbol = program.scope.names.get(name)
    if type(symbol) is not Qubits or (program.in_gate and not symbol.argument):
        return _undeclared(reader, program, name)
    if items[pos + 1] != "[":
        reader.pos = pos + 1
        return name, None, symbol.size, None if symbol.alias else symbol.start
    if items[pos + 3] == "]":
        known = symbol.elements.get(items[pos + 2])
        if known is not None:
            reader.pos = pos + 4
            return known
    reader.pos = pos + 1
    if symbol.size is None:
        reader.fail(f"{quoted(name)} is a single qubit and has no index")
    index, size, elements = _index(reader, symbol.size)
    if index is not None and index >= symbol.size:
        reader.fail(f"{quoted(name)} has {symbol.size} qubits, so there is no index {index}", at=pos + 2)
    if index is None:
        program.usage.select(elements, symbol)
    found = name, index, size, None if index is None or symbol.alias else symbol.start + index
    if reader.pos == pos + 4 and items[pos + 2].isdecimal():
        symbol.elements[items[pos + 2]] = found
    return found


def _index(reader: Reader, size: int) -> tuple[int | None, int | None, int]:
    """`[...]`: (index, None), or for a selection (None, number selected), and their bits."""
    if reader.version == 3:
        return read_selections(reader, reader.expressions, size)
    reader.expect("[")
    index = reader.expressions.integer("an index", 0)
    reader.expect("]")
    return index, None, 0


def _undeclared(reader: Reader, program: Program, name: str) -> Operand:
    """What is no declared qubit: in OpenQASM 3 perhaps a physical one, else an error."""
    if reader.version == 3:
        if name == "[":
            reader.fail("a gate with a duration runs on no engine; remove the brackets", Reason.UNSUPPORTED_CONSTRUCT)
        if name.startswith("$") and len(name) > 1 and not program.in_gate:
            return _physical(reader, program, name)
    symbol = program.scope.names.get(name)
    if isinstance(symbol, Qubits):
        reader.fail(f"{quoted(name)} is not an argument of this gate definition, so it cannot be used in it")
    if symbol is not None:
        reader.fail(f"{quoted(name)} is not a qubit or quantum register")
    undefined(reader, program, reader.name("a qubit or quantum register"), "qubit or register", Qubits)


def _physical(reader: Reader, program: Program, name: str) -> Operand:
    if program.qubits:
        reader.fail("physical qubits and declared qubits in one program; use one kind")
    limit = program.limits.max_qubits
    number = int(name[1:]) if len(name) < 10 else limit
    if number >= limit:
        too_large(reader, f"the physical qubit {quoted(name)}; at most {limit} qubits are allowed")
    program.constructs.add("physical qubit")
    program.physical = max(program.physical, number + 1)
    reader.pos += 1
    return "$", number, None, number


def operands(reader: Reader, program: Program) -> list[Operand]:
    """Comma separated operands up to `;`, which is taken."""
    found = [operand(reader, program)]
    while reader.items[reader.pos] == ",":
        reader.pos += 1
        found.append(operand(reader, program))
    reader.expect(";")
    return found


def width(operand: Operand) -> int:
    return 1 if operand[2] is None else operand[2]


def broadcast(reader: Reader, program: Program, operands: Sequence[Operand], at: int) -> int:
    """How often a statement with these operands applies. Errors: unequal registers, a qubit given twice."""
    times = operands[0][2] if len(operands) == 1 else _common_size(reader, operands, at)
    if times is None:
        return 1
    if times > 1:
        program.constructs.add("broadcast")
    return times


def _common_size(reader: Reader, operands: Sequence[Operand], at: int) -> int | None:
    if len(operands) == 2 and operands[0][2] is None and operands[1][2] is None:  # as most are
        if operands[0] == operands[1] and operands[0][3] is not None:
            reader.fail("a qubit is given twice to one gate", at=at)
        return None
    times: int | None = None
    whole: set[str] = set()
    for name, index, size, position in operands:
        if size is not None:
            if times is not None and times != size:
                reader.fail(f"registers of {times} and {size} qubits cannot be broadcast together", at=at)
            times = size
            if position is not None and index is None:
                whole.add(name)
    if len(set(operands)) < len(operands) or whole:
        known = [operand for operand in operands if operand[3] is not None]
        overlaps = any(name in whole for name, index, _, _ in known if index is not None)
        if overlaps or len(set(known)) < len(known):
            reader.fail("a qubit is given twice to one gate", at=at)
    return times
