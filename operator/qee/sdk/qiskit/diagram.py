"""A Qiskit circuit as a diagram."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import (
    CircuitInstruction,
    Clbit,
    ControlFlowOp,
    ControlledGate,
    Delay,
    ForLoopOp,
    IfElseOp,
    SwitchCaseOp,
)
from qiskit.circuit.tools import pi_check

from qee.documents.result import Register
from qee.sdk.diagram import Diagram, Operation, labels, listed, refuse_many, short

_KINDS = {"measure": "measure", "reset": "reset", "barrier": "barrier"}
_BLOCKS = {"if_else": "if", "while_loop": "while", "for_loop": "for", "switch_case": "switch"}

_Places = Mapping[Any, int]  # of qubits and of bits, each numbered from 0


def diagram(circuit: QuantumCircuit, registers: tuple[Register, ...], declared: Sequence[Register]) -> Diagram:
    """The circuit as it is written; what acts on no qubit, as a global phase, is left out.

    `declared` are the source's quantum registers: Qiskit loses the name of a single qubit. Where they are not known in
    full, Qiskit's own names are taken. Raises RunnerError for a circuit that is too large.
    """
    refuse_many(len(circuit.data))
    names = labels(declared)
    if len(names) != circuit.num_qubits:
        names = tuple(_name(circuit, qubit) for qubit in circuit.qubits)
    places = {bit: number for bits in (circuit.qubits, circuit.clbits) for number, bit in enumerate(bits)}
    bits = labels(registers)
    steps = tuple(_operation(each, places, registers, bits) for each in circuit.data if each.qubits)
    return Diagram(tuple(map(short, names)), registers, steps)


def _name(circuit: QuantumCircuit, qubit: Any) -> str:
    found = circuit.find_bit(qubit)
    if not found.registers:
        return f"qubit {found.index}"
    register, index = found.registers[0]
    return f"{register.name}[{index}]"


def _operation(
    each: CircuitInstruction, places: _Places, registers: Sequence[Register], bits: Sequence[str]
) -> Operation:
    if isinstance(each.operation, ControlFlowOp):
        return _block(each, places, registers, bits)
    operation = each.operation
    wires = [places[qubit] for qubit in each.qubits]
    name, label, controls = str(operation.name), getattr(operation, "label", None), 0
    kind = _KINDS.get(name, "gate")
    if isinstance(operation, ControlledGate):
        controls, base = operation.num_ctrl_qubits, operation.base_gate
        name, label = str(base.name), base.label
    state = operation.ctrl_state if controls else 0  # the first control is its lowest bit
    return Operation(
        kind,
        short(str(label) if label and kind == "gate" else name),
        tuple(wires[controls:]),
        controls=tuple(wire for number, wire in enumerate(wires[:controls]) if state >> number & 1),
        anticontrols=tuple(wire for number, wire in enumerate(wires[:controls]) if not state >> number & 1),
        clbits=tuple(places[bit] for bit in each.clbits),
        parameters=_parameters(operation),
    )


def _parameters(operation: Any) -> tuple[str, ...]:
    if isinstance(operation, Delay):
        return (short(f"{operation.duration} {operation.unit}"),)
    numbers = [each for each in operation.params if not isinstance(each, np.ndarray)]  # a matrix says nothing in a box
    return listed([each if isinstance(each, str) else str(pi_check(each, ndigits=4)) for each in numbers])


def _block(each: CircuitInstruction, places: _Places, registers: Sequence[Register], bits: Sequence[str]) -> Operation:
    """A single gate under an `if` is a gate with a condition; all other control flow is one box."""
    operation = each.operation
    clbits = tuple(places[bit] for bit in each.clbits)
    text = _condition(operation, places, registers, bits)
    condition = text and short(text)
    blocks = operation.blocks
    alternatives = isinstance(operation, IfElseOp) and len(blocks) > 1
    if isinstance(operation, IfElseOp) and not alternatives and len(blocks[0].data) == 1:
        (only,) = blocks[0].data
        if only.qubits and not only.clbits and not isinstance(only.operation, ControlFlowOp):
            outer = zip((*blocks[0].qubits, *blocks[0].clbits), (*each.qubits, *each.clbits), strict=True)
            within = {inner: places[bit] for inner, bit in outer}
            return replace(_operation(only, within, registers, bits), clbits=clbits, condition=condition)
    count = sum(len(block.data) for block in blocks)
    return Operation(
        "block",
        _BLOCKS.get(operation.name, short(operation.name)),
        tuple(places[qubit] for qubit in each.qubits),
        clbits=clbits,
        parameters=(f"{count} operation{'' if count == 1 else 's'}{', with else' if alternatives else ''}",),
        condition=condition,
    )


def _condition(operation: Any, places: _Places, registers: Sequence[Register], bits: Sequence[str]) -> str:
    """What decides over the block, in the names of the source."""
    if isinstance(operation, ForLoopOp):
        return f"{len(operation.params[0])} rounds"
    if isinstance(operation, SwitchCaseOp):
        return _subject(operation.target, places, registers, bits)
    condition = getattr(operation, "condition", None)
    if not isinstance(condition, tuple):
        return "" if condition is None else "an expression"
    subject, value = condition
    return f"{_subject(subject, places, registers, bits)} == {int(value)}"


def _subject(subject: Any, places: _Places, registers: Sequence[Register], bits: Sequence[str]) -> str:
    if isinstance(subject, Clbit):
        return bits[places[subject]]
    try:
        numbers = [places[bit] for bit in subject]
    except TypeError:
        return "an expression"
    start = 0
    for register in registers:
        if numbers == list(range(start, start + register.size)):
            return register.name
        start += register.size
    return str(subject.name)
