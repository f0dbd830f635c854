"""From a parsed circuit to one that Aer executes, and what a result records of it.

Without `transpile` in the spec a simulator needs translation only: no layout, no routing, no optimisation. Full
`qiskit.transpile` costs a tenth of a second for a Bell circuit; here nothing is done unless a gate is foreign to Aer.
"""

import math

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp
from qiskit.qasm2 import QASM2Error
from qiskit_aer import AerSimulator

from qee.runner.engines.aer.conditions import narrowed
from qee.runner.engines.aer.loops import distinct
from qee.sdk.errors import unsupported_construct
from qee.sdk.explain import invalid, unsupported
from qee.sdk.qiskit.circuits import ALWAYS, instructions, refuse_expansion

_FUSED_QUBITS = range(14, 40)  # from AerSimulator's fusion_threshold to more than any state vector has


def lowered(circuit: QuantumCircuit, simulator: AerSimulator, memory: int) -> QuantumCircuit:
    """An equivalent circuit of the simulator's gates. Raises RunnerError if there is none, or it is too large."""
    found = _lowered(circuit, simulator, memory)
    for each in instructions(found):
        if any(isinstance(angle, float) and not math.isfinite(angle) for angle in each.operation.params):
            raise invalid(f"an angle of gate {each.operation.name} is infinite or no number; write one that is finite")
    return found


def _lowered(circuit: QuantumCircuit, simulator: AerSimulator, memory: int) -> QuantumCircuit:
    circuit = distinct(narrowed(circuit))
    basis = simulator.configuration().basis_gates
    known = ALWAYS.union(basis)
    try:
        refuse_expansion(circuit, known, memory)
    except QASM2Error as error:  # Qiskit computes the definition of a gate when somebody asks for it
        raise invalid("a gate that the source defines takes another number of parameters") from error
    foreign = {each.operation.name for each in instructions(circuit)} - known
    if not foreign:
        return _in_order(circuit)
    if "box" in foreign:
        raise unsupported("box", engine="aer")
    from qiskit import transpile
    from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
    from qiskit.converters import circuit_to_dag, dag_to_circuit
    from qiskit.exceptions import QiskitError
    from qiskit.transpiler.passes import BasisTranslator, UnrollCustomDefinitions

    library = SessionEquivalenceLibrary
    try:
        try:
            # A PassManager would first copy every gate with all that it is made of, level by level.
            dag = circuit_to_dag(circuit, copy_operations=False)
            dag = UnrollCustomDefinitions(library, basis_gates=basis).run(dag)
            dag = BasisTranslator(library, target_basis=basis).run(dag)
            return dag_to_circuit(dag, copy_operations=False)
        except QiskitError:  # what has no definition but a synthesis
            return transpile(circuit, simulator, optimization_level=0)
    except QiskitError as error:
        opaque = sorted(each.operation.name for each in instructions(circuit) if _is_opaque(each, known))
        if opaque:
            raise unsupported("opaque", engine="aer") from error
        raise unsupported_construct(
            "gates of the circuit cannot be expressed in those of simulator.method; set simulator.method: automatic"
        ) from error


def _in_order(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same circuit in the order in which `qiskit.transpile` hands one over: qubit by qubit, as far as gates allow.

    Aer fuses neighbours in the order of the list; of the author's order, pair by pair, it makes a fifth more matrices
    (docs/benchmarks.md). Smaller circuits are not fused, larger ones are no state vectors.
    """
    if circuit.num_qubits not in _FUSED_QUBITS:
        return circuit
    from qiskit.converters import circuit_to_dag, dag_to_circuit

    return dag_to_circuit(circuit_to_dag(circuit, copy_operations=False), copy_operations=False)


def _is_opaque(instruction: CircuitInstruction, known: frozenset[str]) -> bool:
    operation = instruction.operation
    return operation.name not in known and not isinstance(operation, ControlFlowOp) and operation.definition is None
