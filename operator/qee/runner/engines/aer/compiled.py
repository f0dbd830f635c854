"""A circuit as engine aer executes it, and where its qubits went. No import of the transpiler: most jobs need none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp

from qee.documents.provenance import Size


@dataclass(frozen=True)
class Compiled:
    """A circuit as it is executed, noise apart.

    `layout` has for each qubit of the source the qubit of `circuit` that holds its state at the end. `physical` has for
    each qubit of `circuit` the device's, None without a device. `source` is the size before, None where the spec asks
    for no transpilation. `equivalent` is one of EQUIVALENCES, None where no check was asked for.
    """

    circuit: QuantumCircuit
    layout: tuple[int, ...]
    physical: tuple[int, ...] | None = None
    source: Size | None = None
    equivalent: str | None = None


def as_written(circuit: QuantumCircuit) -> Compiled:
    """A circuit that nothing was done to."""
    return Compiled(circuit, tuple(range(circuit.num_qubits)))


def of_active_qubits(compiled: Compiled) -> Compiled:
    """Without the qubits to which nothing is done but barriers, for drawing samples: each would double the state.

    Qubits are in the same order; `layout` is not carried over.
    """
    circuit = compiled.circuit
    touched = {qubit for each in circuit.data if each.operation.name != "barrier" for qubit in each.qubits}
    if not touched or len(touched) == circuit.num_qubits:
        return compiled
    kept = [position for position, qubit in enumerate(circuit.qubits) if qubit in touched]
    reduced = QuantumCircuit([circuit.qubits[position] for position in kept], circuit.clbits)
    reduced.global_phase = circuit.global_phase
    for register in circuit.cregs:
        reduced.add_register(register)
    for each in circuit.data:
        if each.operation.name != "barrier":
            reduced.append(each, copy=False)
        elif left := [qubit for qubit in each.qubits if qubit in touched]:
            reduced.barrier(left)
    physical = compiled.physical
    return replace(
        compiled,
        circuit=reduced,
        layout=(),
        physical=None if physical is None else tuple(physical[position] for position in kept),
    )


def apply_layout(label: str, compiled: Compiled) -> str:
    """A Pauli label for the compiled circuit's qubits, the highest leftmost: idle and helping qubits get I."""
    letters = ["I"] * compiled.circuit.num_qubits
    for qubit, letter in enumerate(reversed(label)):
        letters[compiled.layout[qubit]] = letter
    return "".join(reversed(letters))


def placed(circuit: QuantumCircuit, qubits: Sequence[int] | None = None) -> Iterator[tuple[Any, list[int]]]:
    """Every operation with its qubits' indexes in the outermost circuit; blocks of control flow once each."""
    wires = dict(zip(circuit.qubits, range(circuit.num_qubits) if qubits is None else qubits, strict=True))
    for each in circuit.data:
        on = [wires[qubit] for qubit in each.qubits]
        if isinstance(each.operation, ControlFlowOp):
            for block in each.operation.blocks:
                yield from placed(block, on)
        else:
            yield each.operation, on
