"""Loops over values of which one comes twice, `for int i in {3, 1, 3}`: Aer 0.18 names a round by its value, and fails.

A loop whose body does not read its variable counts its rounds instead. Any other becomes several, each over values that
differ, which is the same unless the body can leave the loop.
"""

from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import BreakLoopOp, CircuitInstruction, ControlFlowOp, ForLoopOp, WhileLoopOp

from qee.sdk.explain import unsupported


def distinct(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same with no value twice in a loop. Raises RunnerError for a loop with `break` that would have to be cut."""
    if not any(map(_repeats, circuit.data)):
        return circuit
    changed = circuit.copy_empty_like()
    for each in circuit.data:
        for operation in _cut(each.operation):
            changed.append(operation, each.qubits, each.clbits)
    return changed


def _repeats(instruction: CircuitInstruction) -> bool:
    operation = instruction.operation
    if not isinstance(operation, ControlFlowOp):
        return False
    if isinstance(operation, ForLoopOp) and len(set(operation.params[0])) < len(operation.params[0]):
        return True
    return any(_repeats(each) for block in operation.blocks for each in block.data)


def _cut(operation: Any) -> list[Any]:
    """The operation, or the loops that it becomes."""
    if not isinstance(operation, ControlFlowOp):
        return [operation]
    blocks = [distinct(block) for block in operation.blocks]
    if not isinstance(operation, ForLoopOp):
        return [operation.replace_blocks(blocks)]
    values, variable, _ = operation.params
    (body,) = blocks
    if variable is None or variable not in body.parameters:
        return [ForLoopOp(range(len(values)), None, body, label=operation.label)]
    runs: list[list[int]] = [[]]
    for value in values:
        if value in runs[-1]:
            runs.append([])
        runs[-1].append(value)
    if len(runs) > 1 and _leaves(body):
        raise unsupported("loop-set", engine="aer")
    return [ForLoopOp(run, variable, body.copy(), label=operation.label) for run in runs]


def _leaves(body: QuantumCircuit) -> bool:
    """Whether a `break` of this loop, not of one inside of it, is in its body."""
    for each in body.data:
        operation = each.operation
        if isinstance(operation, BreakLoopOp):
            return True
        inside = isinstance(operation, ControlFlowOp) and not isinstance(operation, ForLoopOp | WhileLoopOp)
        if inside and any(map(_leaves, operation.blocks)):
            return True
    return False
