"""Gates that a source defines itself under the name of one of Qiskit's: `gate rzz(t) a, b { ... }`.

Qiskit's transpiler knows gates by name: it would take such a gate for its own, whatever the source says it does. Under
another name it is expanded into what it was defined as. No vendor's SDK here.
"""

from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Instruction, Operation
from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
from qiskit.circuit.library import get_standard_gate_name_mapping

from qee.runner.engines.qiskit_circuits import refuse_expansion


def told_apart(circuit: QuantumCircuit, known: frozenset[str], memory: int) -> QuantumCircuit:
    """The circuit with such gates renamed; the same object where it has none. Raises CircuitTooLarge as
    `refuse_expansion` does, of which `known` and `memory` are arguments."""
    names: dict[str, bool] = {}
    _look(circuit, names, frozenset(get_standard_gate_name_mapping()))
    colliding = frozenset(name for name, collides in names.items() if collides)
    if not colliding:
        return circuit
    refuse_expansion(circuit, known - colliding, memory)
    return _renamed(circuit, colliding)


def _own(operation: Operation) -> bool:
    """A gate with a definition of the source: not of a class of Qiskit's library."""
    if not isinstance(operation, Instruction) or operation.definition is None:
        return False
    kind = operation.base_class
    return kind in (Gate, Instruction) or not kind.__module__.startswith("qiskit.circuit.")


def _look(circuit: QuantumCircuit, names: dict[str, bool], standard: frozenset[str]) -> None:
    """Each name once, so that nested definitions are not expanded."""
    for each in circuit.data:
        operation = each.operation
        if not names.get(operation.name) and _own(operation):
            seen = operation.name in names
            names[operation.name] = operation.name in standard or SessionEquivalenceLibrary.has_entry(operation)
            if not seen:
                _look(operation.definition, names, standard)


def _renamed(circuit: QuantumCircuit, colliding: frozenset[str]) -> QuantumCircuit:
    changed = circuit.copy_empty_like()
    for each in circuit.data:
        operation = each.operation
        if _own(operation):
            name = f"own_{operation.name}" if operation.name in colliding else operation.name
            kind = Gate if isinstance(operation, Gate) else Instruction
            sizes = (operation.num_qubits,) if kind is Gate else (operation.num_qubits, operation.num_clbits)
            again = kind(name, *sizes, list(operation.params))
            again.definition = _renamed(operation.definition, colliding)
            operation = again
        changed.append(operation, each.qubits, each.clbits, copy=False)
    return changed
