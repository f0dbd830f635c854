"""Conditions on wide registers, bit by bit: Aer 0.18 computes expressions of more than 31 bits wrongly, or not at all.

Of 33 bits it reads the first as if it were the last too, and an integer of more than 64 bits it cannot hold. A register
that is compared with one integer (Qiskit's oldest condition) is right at any width.
"""

from collections.abc import Callable
from functools import reduce
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp, IfElseOp, WhileLoopOp
from qiskit.circuit.classical import expr
from qiskit.circuit.classical.types import Bool

from qee.sdk.explain import unsupported

_MOST_BITS = 31
_Op = expr.Binary.Op
_BITWISE: dict[Any, Callable[[Any, Any], expr.Expr]] = {
    _Op.BIT_AND: expr.bit_and,
    _Op.BIT_OR: expr.bit_or,
    _Op.BIT_XOR: expr.bit_xor,
}


def narrowed(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same with every condition in what Aer computes rightly. Raises RunnerError where there is no such form."""
    if not any(map(_has_wide, circuit.data)):
        return circuit
    changed = circuit.copy_empty_like()
    for each in circuit.data:
        operation = each.operation
        if isinstance(operation, ControlFlowOp):
            blocks = [narrowed(block) for block in operation.blocks]
            condition = getattr(operation, "condition", None)
            if not isinstance(condition, expr.Expr):
                operation = operation.replace_blocks(blocks)
            elif isinstance(operation, IfElseOp):
                operation = IfElseOp(_truth(condition), *blocks, label=operation.label)
            else:
                operation = WhileLoopOp(_truth(condition), *blocks, label=operation.label)
        changed.append(operation, each.qubits, each.clbits)
    return changed


def _has_wide(instruction: CircuitInstruction) -> bool:
    operation = instruction.operation
    if not isinstance(operation, ControlFlowOp):
        return False
    condition = getattr(operation, "condition", None)
    if isinstance(condition, expr.Expr) and _is_wide(condition):
        return True
    return any(_has_wide(each) for block in operation.blocks for each in block.data)


def _is_wide(node: Any) -> bool:
    if node.type.kind is not Bool and getattr(node.type, "width", 0) > _MOST_BITS:
        return True
    return any(_is_wide(inner) for name in ("left", "right", "operand") if (inner := getattr(node, name, None)))


def _truth(node: Any) -> expr.Expr:
    """An expression of truth values for one."""
    if not _is_wide(node):
        return node
    if isinstance(node, expr.Unary):
        return expr.logic_not(_truth(node.operand))
    if isinstance(node, expr.Cast):
        return _tree(expr.logic_or, _bits(node.operand))
    if not isinstance(node, expr.Binary):
        raise unsupported("condition", engine="aer")
    if node.left.type.kind is Bool:
        return expr.Binary(node.op, _truth(node.left), _truth(node.right), node.type)
    left, right = _bits(node.left), _bits(node.right)
    match node.op:
        case _Op.EQUAL:
            return _tree(expr.logic_and, [_same(*pair) for pair in zip(left, right, strict=True)])
        case _Op.NOT_EQUAL:
            return expr.logic_not(_tree(expr.logic_and, [_same(*pair) for pair in zip(left, right, strict=True)]))
        case _Op.LESS:
            return _less(left, right)
        case _Op.GREATER:
            return _less(right, left)
        case _Op.LESS_EQUAL:
            return expr.logic_not(_less(right, left))
        case _Op.GREATER_EQUAL:
            return expr.logic_not(_less(left, right))
    raise unsupported("condition", engine="aer")


def _bits(node: Any) -> list[expr.Expr]:
    """The truth values of an unsigned integer's bits, the lowest first."""
    if isinstance(node, expr.Value):
        return [expr.lift(bool(node.value >> place & 1)) for place in range(node.type.width)]
    if isinstance(node, expr.Var) and not node.standalone:
        return [expr.lift(bit) for bit in node.var]
    if isinstance(node, expr.Unary) and node.op is expr.Unary.Op.BIT_NOT:
        return [expr.logic_not(bit) for bit in _bits(node.operand)]
    if isinstance(node, expr.Binary) and node.op in _BITWISE:
        return [_BITWISE[node.op](*pair) for pair in zip(_bits(node.left), _bits(node.right), strict=True)]
    if isinstance(node, expr.Cast):
        found = [_truth(node.operand)] if node.operand.type.kind is Bool else _bits(node.operand)
        return [*found, *[expr.lift(False)] * node.type.width][: node.type.width]
    raise unsupported("condition", engine="aer")


def _less(left: list[expr.Expr], right: list[expr.Expr]) -> expr.Expr:
    if len(left) == 1:
        return expr.logic_and(expr.logic_not(left[0]), right[0])
    half = len(left) // 2
    same = _tree(expr.logic_and, [_same(*pair) for pair in zip(left[half:], right[half:], strict=True)])
    return expr.logic_or(_less(left[half:], right[half:]), expr.logic_and(same, _less(left[:half], right[:half])))


def _same(left: expr.Expr, right: expr.Expr) -> expr.Expr:
    return expr.logic_not(expr.bit_xor(left, right))


def _tree(join: Callable[[Any, Any], expr.Expr], nodes: list[expr.Expr]) -> expr.Expr:
    """Balanced, for Aer walks over it by recursion."""
    while len(nodes) > 1:
        nodes = [reduce(join, nodes[place : place + 2]) for place in range(0, len(nodes), 2)]
    return nodes[0]
