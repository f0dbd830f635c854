"""Calls of gates, measurements, resets and barriers."""

from collections.abc import Sequence
from typing import NoReturn

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.gates import Gate
from qee.circuits.openqasm.operands import Operands
from qee.circuits.openqasm.symbols import Operand
from qee.circuits.openqasm.values import Unknown, Value


class Operations(Operands):
    """Adds statements that do something, and counts what they do."""

    def apply(self, gate: Gate, values: Sequence[Value], operands: Sequence[Operand], at: int) -> None:
        """Adds a call of a gate to the tally."""
        if len(values) != gate.parameters:
            self.cursor.fail(
                f"gate {quoted(gate.name)} takes {gate.parameters} parameters, {len(values)} are given", at=at
            )
        if len(operands) != gate.qubits and not (gate.qubits == 0 and not operands):
            self.cursor.fail(f"gate {quoted(gate.name)} takes {gate.qubits} qubits, {len(operands)} are given", at=at)
        if gate.opaque:
            self.cursor.fail(
                f"gate {quoted(gate.name)} is opaque, so nothing can run it; define it",
                Reason.UNSUPPORTED_CONSTRUCT,
                at=at,
            )
        times = self.broadcast(operands, at) if operands else 1
        if self.measured:
            self.touch(operands)
        if not self.in_gate:
            self.use(operands)
        tally = self.tally
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
        if gate.multi_qubit and not self.in_gate:
            self._entangle(gate, operands, times)
        if values:
            self._add_terms(gate, values, times)

    def _entangle(self, gate: Gate, operands: Sequence[Operand], times: int) -> None:
        if self.nested:
            self.bonds.give_up()
            return
        low, high = self.limits.max_qubits, 0
        for _, index, _, position in operands:
            if position is None:
                self.bonds.give_up()
                return
            last = position + times - 1 if times > 1 and index is None else position
            if position < low:
                low = position
            if last > high:
                high = last
        self.bonds.add(gate, low, high, times)
        if gate.qubits == 2 or not gate.depth:  # a gate that is defined on more need not connect them all
            self._link(operands, times)

    def _link(self, operands: Sequence[Operand], times: int) -> None:
        """Notes which qubits a gate acts on; all positions are known."""
        for time in range(times):
            before: int | None = None
            for _, index, size, position in operands:
                if position is None:
                    return
                at = position + time if index is None and size is not None else position
                if before is not None:
                    self.links.add((before, at) if before < at else (at, before))
                before = at

    def _add_terms(self, gate: Gate, values: Sequence[Value], times: int) -> None:
        """Operands that the expressions of the gate's body have once the values are put in for its parameters."""
        tally = self.tally
        for value, uses in zip(values, gate.uses, strict=True):
            if isinstance(value, Unknown):
                tally.terms += value.terms * uses * times
                for name, count in value.uses.items():
                    tally.uses[name] = tally.uses.get(name, 0) + count * uses * times
            elif gate.depth:
                tally.terms += uses * times

    def values(self) -> list[Value]:
        """`(a, b)` at the cursor, or nothing."""
        cursor = self.cursor
        if not cursor.accept("("):
            return []
        found: list[Value] = []
        if not cursor.accept(")"):
            found.append(self.expressions.value())
            while cursor.accept(","):
                found.append(self.expressions.value())
            cursor.expect(")")
        return found

    def call(self) -> None:
        """`rz(pi/2) q[0];`, the name of the gate at the cursor."""
        cursor = self.cursor
        at = cursor.pos
        gate = self.scope.names.get(cursor.items[at])
        if type(gate) is not Gate:
            self.not_a_gate()
        cursor.pos = at + 1
        self.apply(gate, self.values() if cursor.items[at + 1] == "(" else (), self.operands(), at)

    def not_a_gate(self) -> NoReturn:
        name = self.name("a statement")
        if name in self.scope.names:
            self.cursor.fail(f"{quoted(name)} is not a gate", at=self.cursor.pos - 1)
        self.undefined(name, "gate", Gate)

    def count(self, construct: str, operations: int) -> None:
        self.constructs.add(construct)
        self.tally.operations += operations
        self.tally.work += operations
        self.tally.basis += operations

    def reset(self) -> None:
        self.cursor.pos += 1
        operand = self.operand()
        self.cursor.expect(";")
        self.touch([operand])
        self.reset_of(operand)
        self.count("reset", operand[2] or 1)

    def barrier(self) -> None:
        """`barrier q, r[0];` or, in OpenQASM 3, `barrier;`."""
        cursor = self.cursor
        cursor.pos += 1
        width = self.qubits
        if not (self.version == 3 and cursor.accept(";")):
            width = sum(1 if operand[2] is None else operand[2] for operand in self.operands())
            self.selected = 0
        self.tally.work += width
        self.count("barrier", 1)

    def measure_into(self, source: Operand, target: int | None, at: int) -> None:
        """Adds a measurement of an operand into `target` bits (None: the result is dropped)."""
        size = 1 if source[2] is None else source[2]
        if target is not None and size != target:
            self.cursor.fail(f"{size} qubits cannot be measured into {target} bits", at=at)
        if self.in_gate:
            self.cursor.fail("a measurement inside of a gate definition", at=at)
        if self.repeated:
            self.mid_circuit = True
        self.touch([source])
        self.use([source])
        name, index, _, _ = source
        if self.is_alias(name):
            self.measured_alias = True
        indices = self.measured.setdefault(name, set())
        if index is None:
            self.measured[name] = None
        elif indices is not None:
            indices.add(index)
        self.tally.operations += size
        self.tally.work += size
        self.tally.measurements += 1
