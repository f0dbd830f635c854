"""Qiskit circuits: bound, measured, counted. No simulator: compilers for QPUs share this."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp, ForLoopOp, ParameterExpression
from qiskit.circuit.classical import expr

from qee.documents.provenance import Size
from qee.sdk.errors import circuit_too_large

MAX_OPERATIONS = 2_000_000
_OPERATION_BYTES = 8192  # of one unrolled operation in Qiskit and Aer, measured at 6 KiB
ALWAYS = frozenset({"measure", "barrier", "reset"})


def bound(circuit: QuantumCircuit, values: Mapping[Any, float]) -> QuantumCircuit:
    """The circuit with these values; one that has lost a parameter, as x - x, takes no value for it."""
    if not values:
        return circuit
    return circuit.assign_parameters(values, strict=False)


def size_of(circuit: QuantumCircuit) -> Size:
    """Depth and two-qubit gates, a block of control flow counted once."""
    return Size(circuit.depth(), two_qubit_gates(circuit))


def refuse_expansion(circuit: QuantumCircuit, known: frozenset[str], memory: int) -> None:
    """Raises CircuitTooLarge if loops and nested gates expand to more operations than `memory` (bytes) holds.

    452 bytes of nested gates are 65,536 operations; counted with a memo, expanding them is never begun.
    """
    allowed = max(len(circuit.data), min(MAX_OPERATIONS, memory // _OPERATION_BYTES))
    count = _operations(circuit, known, {})
    if count > allowed:
        raise circuit_too_large(
            f"loops and gate definitions expand to {count} operations, {allowed} are allowed; "
            "reduce the loops' bounds or the nesting of gates"
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


def without_fresh_resets(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without resets of qubits to which nothing has happened yet; the same object where it has none.

    `reset q;` is how many OpenQASM 3 programs begin. Aer would simulate them shot by shot, and not every QPU resets.
    Blocks of control flow keep theirs: they may run twice.
    """
    used: set[Any] = set()
    fresh = []
    for position, each in enumerate(circuit.data):
        if each.operation.name == "reset" and used.isdisjoint(each.qubits):
            fresh.append(position)
        elif each.operation.name != "barrier":
            used.update(each.qubits)
    if not fresh:
        return circuit
    dropped = frozenset(fresh)
    kept = circuit.copy_empty_like()
    for position, each in enumerate(circuit.data):
        if position not in dropped:
            kept.append(each, copy=False)
    return kept


def two_qubit_gates(circuit: QuantumCircuit) -> int:
    """Gates on exactly two qubits; each block of control flow counts once."""
    return sum(
        len(each.qubits) == 2 and not each.clbits and each.operation.name not in ALWAYS
        for each in instructions(circuit)
        if not isinstance(each.operation, ControlFlowOp)
    )


def digest(circuit: QuantumCircuit) -> str:
    """SHA-256 of the executed operations with their parameters and bits, as lowercase hexadecimal digits."""
    sha = hashlib.sha256(f"{circuit.num_qubits} {circuit.num_clbits} {_parameter(circuit.global_phase)}\n".encode())
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
            parameters = [_parameter(each) for each in operation.params]
            sha.update(f"{operation.name} {parameters} {bits}\n".encode())


def _parameter(value: Any) -> Any:
    if isinstance(value, ParameterExpression):
        return str(value)  # its repr is where it lies in memory
    return value.tobytes() if hasattr(value, "tobytes") else repr(value)


def _condition(operation: ControlFlowOp, position: dict[Any, int]) -> str:
    if isinstance(operation, ForLoopOp):
        return repr(operation.params[0])
    condition = getattr(operation, "condition", None)
    if isinstance(condition, expr.Expr):
        return _expression(condition, position)
    if not isinstance(condition, tuple):
        return ""
    subject, value = condition
    bits = [subject] if subject in position else list(subject)
    return f"{[position.get(bit) for bit in bits]} {value!r}"


def _expression(node: Any, position: dict[Any, int]) -> str:
    """An expression by the positions of its bits: the representation of a loose bit is where it lies in memory."""
    if isinstance(node, expr.Var):
        bits = [node.var] if node.var in position else list(node.var) if not node.standalone else []
        return f"{[position.get(bit) for bit in bits]}"
    if isinstance(node, expr.Value):
        return repr(node.value)
    inner = [getattr(node, name) for name in ("left", "right", "operand", "target", "index") if hasattr(node, name)]
    return f"{getattr(node, 'op', '')} {node.type} ({', '.join(_expression(each, position) for each in inner)})"
