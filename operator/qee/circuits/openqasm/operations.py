"""Calls of gates, measurements, resets and barriers: what a program does, and counts of it."""

from collections.abc import Sequence

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.gates import Gate
from qee.circuits.openqasm.names import not_a_gate
from qee.circuits.openqasm.operands import broadcast, operand, operands, width
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Reader
from qee.circuits.openqasm.symbols import Operand
from qee.circuits.openqasm.values import Unknown, Value
from qee.circuits.tally import Tally


def call(reader: Reader, program: Program) -> None:
    """`rz(pi/2) q[0];`"""
    at = reader.pos
    gate = program.scope.names.get(reader.items[at])
    if type(gate) is not Gate:
        not_a_gate(reader, program)
    reader.pos = at + 1
    angles = values(reader) if reader.items[at + 1] == "(" else ()
    apply(reader, program, gate, angles, operands(reader, program), at)


def values(reader: Reader) -> list[Value]:
    """`(a, b)`, or nothing."""
    if not reader.accept("("):
        return []
    found: list[Value] = []
    if not reader.accept(")"):
        found.append(reader.expressions.value())
        while reader.accept(","):
            found.append(reader.expressions.value())
        reader.expect(")")
    return found


def apply(
    reader: Reader, program: Program, gate: Gate, values: Sequence[Value], operands: Sequence[Operand], at: int
) -> None:
    if len(values) != gate.parameters:
        reader.fail(f"gate {quoted(gate.name)} takes {gate.parameters} parameters, {len(values)} are given", at=at)
    if len(operands) != gate.qubits and not (gate.qubits == 0 and not operands):
        reader.fail(f"gate {quoted(gate.name)} takes {gate.qubits} qubits, {len(operands)} are given", at=at)
    if gate.opaque:
        reader.fail(
            f"gate {quoted(gate.name)} is opaque, so nothing can run it; define it", Reason.UNSUPPORTED_CONSTRUCT, at=at
        )
    times = broadcast(reader, program, operands, at) if operands else 1
    usage, tally = program.usage, program.tally
    usage.touch(operands)
    if not program.in_gate:
        usage.use(operands, program.depth > 0)
    tally.operations += gate.operations * times
    tally.work += gate.work * times
    tally.multi_qubit += gate.multi_qubit * times
    tally.basis += gate.basis * times
    if not gate.names <= tally.names:
        tally.names |= gate.names
    if tally.clifford and not (gate.clifford is True or gate.is_clifford(values)):
        tally.clifford = False
    if gate.depth:
        tally.depth = max(tally.depth, gate.depth)
        tally.terms += gate.terms * times
    if gate.multi_qubit and not program.in_gate:
        if program.depth:
            program.bonds.give_up()
        else:
            program.bonds.add(gate, operands, times)
    if values:
        _add_terms(tally, gate, values, times)


def _add_terms(tally: Tally, gate: Gate, values: Sequence[Value], times: int) -> None:
    """Operands that the expressions of the gate's body have once the values are put in for its parameters."""
    for value, uses in zip(values, gate.uses, strict=True):
        if isinstance(value, Unknown):
            tally.terms += value.terms * uses * times
            for name, count in value.uses.items():
                tally.uses[name] = tally.uses.get(name, 0) + count * uses * times
        elif gate.depth:
            tally.terms += uses * times


def reset(reader: Reader, program: Program) -> None:
    reader.pos += 1
    what = operand(reader, program)
    reader.expect(";")
    program.usage.reset(what, program.depth > 0)
    program.count("reset", what[2] or 1)


def barrier(reader: Reader, program: Program) -> None:
    """`barrier q, r[0];` or, in OpenQASM 3, `barrier;`."""
    reader.pos += 1
    wide = program.qubits
    if not (reader.version == 3 and reader.accept(";")):
        wide = sum(map(width, operands(reader, program)))
        program.usage.selected = 0
    program.tally.work += wide
    program.count("barrier", 1)


def delay(reader: Reader, program: Program) -> None:
    """`delay[100ns] q, r[0];`, without operands on all qubits."""
    reader.pos += 1
    reader.expect("[")
    reader.expressions.value()
    reader.expect("]")
    if reader.accept(";"):
        program.usage.use_all()
        program.count("delay", max(1, program.qubits))
    else:
        on = operands(reader, program)
        program.usage.use(on, program.depth > 0)
        program.count("delay", sum(map(width, on)))


def measure_into(reader: Reader, program: Program, source: Operand, target: int | None, at: int) -> None:
    """Adds a measurement of an operand into `target` bits (None: the result is dropped)."""
    size = width(source)
    if target is not None and size != target:
        reader.fail(f"{size} qubits cannot be measured into {target} bits", at=at)
    if program.in_gate:
        reader.fail("a measurement inside of a gate definition", at=at)
    program.usage.measure(source, program.depth > 0, program.repeated)
    program.tally.operations += size
    program.tally.work += size
    program.tally.measurements += 1
