"""What brings names: includes and registers, with the sizes and types in their declarations."""

from typing import NoReturn

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.bounds import too_large
from qee.circuits.openqasm.expressions import type_keywords
from qee.circuits.openqasm.gates import INCLUDES, PAPER
from qee.circuits.openqasm.names import declare
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Reader
from qee.circuits.openqasm.symbols import Bits, Qubits


def include(reader: Reader, program: Program) -> None:
    reader.pos += 1
    word = reader.items[reader.pos]
    if len(word) < 2 or word[0] not in "\"'":
        reader.unexpected("the name of a file in quotes")
    name = word[1:-1]
    library = INCLUDES[reader.version].get(name)
    if library is None:
        _refuse_include(reader, name)
    for gate in library.values():
        if reader.version == 2 and gate.name not in PAPER:
            program.scope.offer(gate.name, gate)
        elif not program.scope.declare(gate.name, gate):
            reader.fail(f"{quoted(gate.name)} of {name} is already defined; include it once, and first")
    program.includes.append(name)
    reader.pos += 1
    reader.expect(";")


def _refuse_include(reader: Reader, name: str) -> NoReturn:
    allowed, other = INCLUDES[reader.version], 5 - reader.version
    if name in INCLUDES[other]:
        reader.fail(
            f"{quoted(name)} is the library of OpenQASM {other}; set the circuit's format to openqasm{other}, "
            f'or include "{next(iter(allowed))}"',
            Reason.UNSUPPORTED_CONSTRUCT,
        )
    only = " or ".join(f'"{n}"' for n in allowed)
    reader.fail(
        f"include of {quoted(name)}: only {only} can be included; write other definitions into the source",
        Reason.UNSUPPORTED_CONSTRUCT,
    )


def add_qubits(reader: Reader, program: Program, name: str, size: int | None, at: int) -> None:
    start = program.qubits
    program.qubits += 1 if size is None else size
    _bound(reader, "qubits", program.qubits, program.limits.max_qubits, at)
    declare(reader, program, name, Qubits(size, start), at)


def add_bits(reader: Reader, program: Program, name: str, size: int | None, at: int) -> None:
    program.bits += 1 if size is None else size
    _bound(reader, "classical bits", program.bits, program.limits.max_classical_bits, at)
    declare(reader, program, name, Bits(size), at)
    program.registers.append((name, 1 if size is None else size))


def _bound(reader: Reader, what: str, number: int, limit: int, at: int) -> None:
    if number > limit:
        too_large(reader, f"{number} {what} are declared up to here, at most {limit} are allowed", at)


def old_register(reader: Reader, program: Program) -> None:
    """`qreg q[2];` or `creg c[2];`"""
    add = add_qubits if reader.items[reader.pos] == "qreg" else add_bits
    reader.pos += 1
    at = reader.pos
    name = reader.name("the name of a register")
    size: int | None = None
    if reader.version == 2 or reader.items[reader.pos] == "[":
        reader.expect("[")
        size = reader.expressions.integer("the size of a register", 1)
        reader.expect("]")
    reader.expect(";")
    add(reader, program, name, size, at)


def qubit(reader: Reader, program: Program) -> None:
    """`qubit q;` or `qubit[2] q;`"""
    reader.pos += 1
    size = designator(reader)
    at = reader.pos
    name = reader.name("the name of a qubit or register")
    reader.expect(";")
    add_qubits(reader, program, name, size, at)


def designator(reader: Reader) -> int | None:
    """`[n]` as a number of qubits or bits, None if there is none."""
    if not reader.accept("["):
        return None
    size = reader.expressions.integer("a size", 1)
    reader.expect("]")
    return size


def type_name(reader: Reader) -> None:
    """Reads a classical type such as `int`, `float[64]`, `bit[4]`, `complex[float[32]]`."""
    keyword = reader.items[reader.pos]
    if keyword not in type_keywords:
        if keyword in ("array", "readonly", "mutable"):
            reader.fail("arrays run on no engine; use registers of bits", Reason.UNSUPPORTED_CONSTRUCT)
        reader.unexpected("a type")
    reader.pos += 1
    if reader.accept("["):
        if keyword == "complex":
            if reader.items[reader.pos] != "float":
                reader.unexpected("'float'")
            type_name(reader)
        else:
            reader.expressions.integer("the width of a type", 1)
        reader.expect("]")
