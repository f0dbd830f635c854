"""Gates that a source defines itself under the name of one of Qiskit's: `gate rzz(t) a, b { ... }`.

Aer and Qiskit's transpiler know gates by name: they would take such a gate for their own, whatever the source says it
does. Under another name it is expanded into what it was defined as.
"""

from functools import cache

from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp, Gate, Instruction, Operation

from qee.sdk.qiskit.circuits import refuse_expansion


def told_apart(circuit: QuantumCircuit, memory: int) -> QuantumCircuit:
    """The circuit with such gates renamed; the same object where it has none.

    Raises CircuitTooLarge where what it expands to does not fit into `memory` (bytes): each definition is looked at.
    """
    own: dict[str, Operation] = {}
    _look(circuit, own)
    if not own:
        return circuit
    standard = known_names()
    colliding = standard.intersection(own)
    if not colliding:
        return circuit
    refuse_expansion(circuit, standard - colliding, memory)
    return _renamed(circuit, colliding, {})


@cache
def known_names() -> frozenset[str]:
    """Names that Qiskit or Aer take for something of their own."""
    # Here: to import them takes a quarter of a second, and most sources define no gate.
    from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
    from qiskit.circuit.library import get_standard_gate_name_mapping

    library = {key.name for key in SessionEquivalenceLibrary.keys()}  # noqa: SIM118
    return frozenset({*get_standard_gate_name_mapping(), *library, *_OF_AER, *_OF_QISKIT})


# Names that Aer executes itself and that are no gates of Qiskit's library by these names.
_OF_AER = (
    *("u", "U", "CX", "mcx", "mcy", "mcz", "mcp", "mcu", "mcu1", "mcu2", "mcu3", "mcsx", "mcswap", "mcphase"),
    *("mcr", "mcrx", "mcry", "mcrz", "pauli", "unitary", "diagonal", "multiplexer", "initialize", "kraus", "roerror"),
    *("superop", "set_statevector", "set_stabilizer", "set_density_matrix", "set_matrix_product_state"),
    *("quantum_channel", "delay", "id", "nop", "mark", "jump", "qerror_loc"),
)
# What Qiskit handles by name and is no gate.
_OF_QISKIT = (
    *("if_else", "for_loop", "while_loop", "switch_case", "break_loop", "continue_loop", "box", "store"),
    *("measure", "reset", "barrier", "snapshot", "global_phase"),
)


def _own(operation: Operation) -> bool:
    """A gate with a definition of the source: not of a class of Qiskit's library, whose definitions are costly."""
    if not isinstance(operation, Instruction) or isinstance(operation, ControlFlowOp):
        return False
    kind = operation.base_class
    if kind not in (Gate, Instruction) and kind.__module__.startswith("qiskit.circuit."):
        return False
    return operation.definition is not None


def _look(circuit: QuantumCircuit, own: dict[str, Operation]) -> None:
    """Each name once, so that nested definitions are not expanded."""
    for each in circuit.data:
        operation = each.operation
        if isinstance(operation, ControlFlowOp):
            for block in operation.blocks:
                _look(block, own)
        elif operation.name not in own and _own(operation):
            own[operation.name] = operation
            _look(operation.definition, own)


def _renamed(circuit: QuantumCircuit, colliding: frozenset[str], done: dict[str, QuantumCircuit]) -> QuantumCircuit:
    """`done` are definitions by name and parameters: nested ones are renamed once."""
    changed = circuit.copy_empty_like()
    for each in circuit.data:
        operation = each.operation
        if isinstance(operation, ControlFlowOp):
            operation = operation.replace_blocks([_renamed(block, colliding, done) for block in operation.blocks])
        elif _own(operation):
            name = f"own_{operation.name}" if operation.name in colliding else operation.name
            kind = Gate if isinstance(operation, Gate) else Instruction
            sizes = (operation.num_qubits,) if kind is Gate else (operation.num_qubits, operation.num_clbits)
            again = kind(name, *sizes, list(operation.params))
            known = f"{operation.name} {operation.params!r}"
            if known not in done:
                done[known] = _renamed(operation.definition, colliding, done)
            again.definition = done[known].copy()  # to each its own: parameters get their values in place
            operation = again
        changed.append(operation, each.qubits, each.clbits, copy=False)
    return changed
