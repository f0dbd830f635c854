"""From a parsed circuit to one that Aer executes, and what a result records of it.

Without `transpile` in the spec a simulator needs translation only: no layout, no routing, no optimisation. Full
`qiskit.transpile` costs a tenth of a second for a Bell circuit; here nothing is done unless a gate is foreign to Aer.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp, ForLoopOp
from qiskit.qasm2 import QASM2Error
from qiskit_aer import AerSimulator

from qee.api.reasons import Reason
from qee.runner.errors import RunnerError
from qee.runner.explain import invalid, unsupported

MAX_OPERATIONS = 2_000_000
_OPERATION_BYTES = 8192  # of one unrolled operation in Qiskit and Aer, measured at 6 KiB
_ALWAYS = frozenset({"measure", "barrier", "reset"})


def lowered(circuit: QuantumCircuit, simulator: AerSimulator, memory: int) -> QuantumCircuit:
    """An equivalent circuit of the simulator's gates. Raises RunnerError if there is none, or it is too large."""
    basis = simulator.configuration().basis_gates
    known = _ALWAYS.union(basis)
    try:
        refuse_expansion(circuit, known, memory)
    except QASM2Error as error:  # Qiskit computes the definition of a gate when somebody asks for it
        raise invalid("a gate that the source defines takes another number of parameters") from error
    foreign = {each.operation.name for each in instructions(circuit)} - known
    if not foreign:
        return circuit
    if "box" in foreign:
        raise unsupported("box", engine="aer")
    from qiskit import transpile
    from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
    from qiskit.exceptions import QiskitError
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import BasisTranslator, UnrollCustomDefinitions

    library = SessionEquivalenceLibrary
    translation = PassManager(
        [UnrollCustomDefinitions(library, basis_gates=basis), BasisTranslator(library, target_basis=basis)]
    )
    try:
        try:
            return translation.run(circuit)
        except QiskitError:  # what has no definition but a synthesis
            return transpile(circuit, simulator, optimization_level=0)
    except QiskitError as error:
        opaque = sorted(each.operation.name for each in instructions(circuit) if _is_opaque(each, known))
        if opaque:
            raise unsupported("opaque", engine="aer") from error
        raise RunnerError(
            Reason.UNSUPPORTED_CONSTRUCT,
            "gates of the circuit cannot be expressed in those of simulator.method; set simulator.method: automatic",
        ) from error


def _is_opaque(instruction: CircuitInstruction, known: frozenset[str]) -> bool:
    operation = instruction.operation
    return operation.name not in known and not isinstance(operation, ControlFlowOp) and operation.definition is None


def refuse_expansion(circuit: QuantumCircuit, known: frozenset[str], memory: int) -> None:
    """Raises CircuitTooLarge if loops and nested gates expand to more operations than `memory` (bytes) holds.

    452 bytes of nested gates are 65,536 operations; counted with a memo, expanding them is never begun.
    """
    allowed = max(len(circuit.data), min(MAX_OPERATIONS, memory // _OPERATION_BYTES))
    count = _operations(circuit, known, {})
    if count > allowed:
        raise RunnerError(
            Reason.CIRCUIT_TOO_LARGE,
            f"loops and gate definitions expand to {count} operations, {allowed} are allowed; "
            "reduce the loops' bounds or the nesting of gates",
        )


def _operations(circuit: QuantumCircuit, known: frozenset[str], memo: dict[str, int]) -> int:
    total = 0
    for each in circuit.data:
        operation = each.operation
        if isinstance(operation, ControlFlowOp):
            times = len(operation.params[0]) if isinstance(operation, ForLoopOp) else 1
            total += times * sum(_operations(block, known, memo) for block in operation.blocks)
        elif operation.name in known:
            total += 1
        else:
            if operation.name not in memo:
                definition = operation.definition
                memo[operation.name] = 1 if definition is None else _operations(definition, known, memo)
            total += memo[operation.name]
    return total


def instructions(circuit: QuantumCircuit) -> Iterator[CircuitInstruction]:
    """Every instruction, those in the blocks of control flow included."""
    for each in circuit.data:
        yield each
        if isinstance(each.operation, ControlFlowOp):
            for block in each.operation.blocks:
                yield from instructions(block)


def two_qubit_gates(circuit: QuantumCircuit) -> int:
    """Gates on exactly two qubits; each block of control flow counts once."""
    return sum(
        len(each.qubits) == 2 and not each.clbits and each.operation.name not in _ALWAYS
        for each in instructions(circuit)
        if not isinstance(each.operation, ControlFlowOp)
    )


def digest(circuit: QuantumCircuit) -> str:
    """SHA-256 of the executed operations with their parameters and bits, as lowercase hexadecimal digits."""
    sha = hashlib.sha256(f"{circuit.num_qubits} {circuit.num_clbits} {circuit.global_phase!r}\n".encode())
    _update(sha, circuit)
    return sha.hexdigest()


def _update(sha: Any, circuit: QuantumCircuit) -> None:
    position = {bit: number for bits in (circuit.qubits, circuit.clbits) for number, bit in enumerate(bits)}
    for each in circuit.data:
        operation = each.operation
        bits = [position[bit] for bit in (*each.qubits, *each.clbits)]
        if isinstance(operation, ControlFlowOp):
            sha.update(f"{operation.name} {_condition(operation, position)} {bits}\n".encode())
            for block in operation.blocks:
                sha.update(b"{\n")
                _update(sha, block)
                sha.update(b"}\n")
        else:
            parameters = [each.tobytes() if hasattr(each, "tobytes") else repr(each) for each in operation.params]
            sha.update(f"{operation.name} {parameters} {bits}\n".encode())


def _condition(operation: ControlFlowOp, position: dict[Any, int]) -> str:
    if isinstance(operation, ForLoopOp):
        return repr(operation.params[0])
    condition = getattr(operation, "condition", None)
    if not isinstance(condition, tuple):
        return ""
    subject, value = condition
    bits = [subject] if subject in position else list(subject)
    return f"{[position.get(bit) for bit in bits]} {value!r}"
