"""OpenQASM 2 and a subset of 3 as a Cirq circuit: the steps of our own reader, each as Cirq's operation.

Cirq's importer is not asked: it reads `if` on a register's first qubit only, has no barrier, no functions of a gate's
parameter and no `include"..."`, and needs minutes for gates inside one another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cirq

from qee.circuits import Limits
from qee.documents.result import Register
from qee.sdk.cirq.gates import library_gate
from qee.sdk.cirq.program import Program, Written
from qee.sdk.openqasm.conditions import Condition
from qee.sdk.openqasm.reader import read
from qee.sdk.openqasm.steps import GATE, MEASURE, Step
from qee.sdk.source import MAX_BITS

_PHYSICAL = "$"


@dataclass(frozen=True)
class OwnGate(cirq.Gate):  # type: ignore[misc]
    """A call of a gate that the source defines, for pictures: it has a name and acts on nothing."""

    name: str
    qubits: int
    angles: tuple[float, ...] = ()

    def _num_qubits_(self) -> int:
        return self.qubits

    def _circuit_diagram_info_(self, args: cirq.CircuitDiagramInfoArgs) -> cirq.CircuitDiagramInfo:
        angles = f"({', '.join(args.format_radians(each) for each in self.angles)})" if self.angles else ""
        symbols = [f"{self.name}{angles}", *(f"#{place + 1}" for place in range(1, self.qubits))]
        return cirq.CircuitDiagramInfo(tuple(symbols))


@dataclass(frozen=True)
class BitCondition(cirq.Condition):  # type: ignore[misc]
    """A condition on classical bits. Bits that nothing was measured into are 0."""

    meant: Condition
    measured: tuple[tuple[int, cirq.MeasurementKey], ...]

    @property
    def keys(self) -> tuple[cirq.MeasurementKey, ...]:
        return tuple(key for _, key in self.measured)

    def replace_key(self, current: cirq.MeasurementKey, replacement: cirq.MeasurementKey) -> "BitCondition":
        renamed = tuple((bit, replacement if key == current else key) for bit, key in self.measured)
        return BitCondition(self.meant, renamed)

    def resolve(self, classical_data: cirq.ClassicalDataStoreReader) -> bool:
        bits = dict.fromkeys(self.meant.bits, 0)
        for bit, key in self.measured:
            bits[bit] = classical_data.records[key][-1][0]
        return self.meant.holds(bits)

    @property
    def qasm(self) -> str:
        return self.meant.text

    def __str__(self) -> str:
        return self.meant.text


def load_openqasm(
    source: str, format: str, max_operations: int, *, named: bool = False, own_gates_kept: bool = False
) -> Program:
    """The circuit with its qubits and classical registers in order of declaration.

    Bit i of register c has the measurement key `c_i`. `named`: each gate has the tag Written. `own_gates_kept`: gates
    that the source defines are not written out, so that the circuit can be drawn and not run. Raises RunnerError.
    """
    limits = Limits(
        max_qubits=MAX_BITS,
        max_classical_bits=MAX_BITS,
        max_operations=max_operations,
        max_bytes=max(len(source) * 4, 1),
        max_tokens=len(source) + 1,
    )
    found = read(source, format, limits, own_gates_kept)
    qubits = tuple(map(cirq.NamedQubit, _names(found.qubits)))
    keys = tuple(_names(found.registers))
    circuit = cirq.Circuit(_operations(found.steps, qubits, tuple(map(cirq.MeasurementKey, keys)), named))
    return Program(circuit, found.registers, qubits, tuple((key, 0) for key in keys), declared=found.qubits)


def _names(registers: Sequence[Register]) -> Iterator[str]:
    for register in registers:
        for number in range(register.size):
            yield f"${number}" if register.name == _PHYSICAL else f"{register.name}_{number}"


def _operations(
    steps: Sequence[Step], qubits: Sequence[cirq.Qid], keys: Sequence[cirq.MeasurementKey], named: bool
) -> Iterator[cirq.Operation]:
    measured: dict[int, cirq.MeasurementKey] = {}
    for step in steps:
        on = [qubits[number] for number in step.qubits]
        if step.kind == MEASURE:
            measured[step.bit] = keys[step.bit]
            yield cirq.GateOperation(cirq.MeasurementGate(1, key=keys[step.bit]), on)
            continue
        conditions = _conditions(step.conditions, measured)
        if conditions is None:
            continue
        if step.kind != GATE:
            operation: cirq.Operation = cirq.GateOperation(cirq.ResetChannel(), on)
        elif step.own:
            operation = cirq.GateOperation(OwnGate(step.name, len(on), step.angles), on)
        else:
            operation = cirq.GateOperation(library_gate(step.name, step.angles), on)
        if named and step.kind == GATE:
            operation = operation.with_tags(Written(step.name))
        yield operation.with_classical_controls(*conditions) if conditions else operation


def _conditions(
    given: Sequence[Condition], measured: Mapping[int, cirq.MeasurementKey]
) -> tuple[BitCondition, ...] | None:
    """None where one never holds: what reads only bits that nothing was measured into is known."""
    found = []
    for each in given:
        there = tuple((bit, measured[bit]) for bit in each.bits if bit in measured)
        if there:
            found.append(BitCondition(each, there))
        elif not each.holds(dict.fromkeys(each.bits, 0)):
            return None
    return tuple(found)
