"""Conditions of OpenQASM 3 as Qiskit has them: one bit or one register with its value, else an expression.

qiskit-qasm3-import reads the former only, and a bit only beside `true` or `false`. What Qiskit's own exporter writes
(`if (a[0] ^ a[1])`, `if (c < 3)`) are expressions. Bits beside integers are 0 and 1, registers are unsigned.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from openqasm3 import ast
from qiskit.circuit import ClassicalRegister, Clbit
from qiskit.circuit.classical import expr
from qiskit.circuit.classical import types as kinds
from qiskit_qasm3_import import types

from qee.sdk.explain import invalid, unsupported
from qee.sdk.qiskit.openqasm3.values import Values, line_of

Condition: TypeAlias = tuple[Any, int] | expr.Expr

_COMPARISONS: dict[str, Callable[[Any, Any], expr.Expr]] = {
    "==": expr.equal,
    "!=": expr.not_equal,
    "<": expr.less,
    "<=": expr.less_equal,
    ">": expr.greater,
    ">=": expr.greater_equal,
}
_BITWISE: dict[str, Callable[[Any, Any], expr.Expr]] = {"&": expr.bit_and, "|": expr.bit_or, "^": expr.bit_xor}
_LOGICAL: dict[str, Callable[[Any, Any], expr.Expr]] = {"&&": expr.logic_and, "||": expr.logic_or}
_BOOLS = {"==": lambda a, b: expr.logic_not(expr.bit_xor(a, b)), "!=": expr.bit_xor}


class Conditions:
    """Reads one condition. `register` makes a classical register of loose bits."""

    def __init__(self, values: Values, register: Callable[[list[Clbit]], ClassicalRegister]) -> None:
        self._values = values
        self._register = register

    def read(self, node: ast.Expression) -> Condition:
        """Raises RunnerError with the line, and ConversionError for undefined names."""
        simple = self._simple(node)
        if simple is not None:
            return simple
        found = self._truth(self._read(node), node)
        if not isinstance(found, expr.Expr):  # two numbers
            raise unsupported("condition", line_of(node), "aer")
        return found

    def _simple(self, node: ast.Expression) -> Condition | None:
        """Qiskit's oldest form, which every device knows; None for what has none."""
        if isinstance(node, ast.UnaryExpression) and node.op.name in "!~":
            found = self._simple(node.expression)
            return (found[0], not found[1]) if isinstance(found, tuple) and isinstance(found[0], Clbit) else None
        if not isinstance(node, ast.BinaryExpression):
            found = self._leaf(node)
            return (found, True) if isinstance(found, Clbit) else None
        if node.op.name not in ("==", "!="):
            return None
        left, right = self._leaf(node.lhs), self._leaf(node.rhs)
        if isinstance(left, int):
            left, right = right, left
        if not isinstance(right, int):
            return None
        if isinstance(left, Clbit):
            return left, self._bit(right, node) != (node.op.name == "!=")
        if isinstance(left, ClassicalRegister) and node.op.name == "==":
            if not 0 <= right < 1 << len(left):
                raise invalid(f"a register of {len(left)} bits is never {right}", line_of(node))
            return left, int(right)
        return None

    def _leaf(self, node: ast.Expression) -> Any:
        """A bit, a register or a constant; None for what is composed."""
        if isinstance(node, ast.BinaryExpression | ast.FunctionCall | ast.Cast):
            return None
        if isinstance(node, ast.UnaryExpression) and node.op.name != "-":
            return None
        value, kind = self._values.visit(node)
        if isinstance(kind, types.Bit):
            return value
        if isinstance(kind, types.BitArray):
            return value if isinstance(value, ClassicalRegister) else self._register(list(value))
        if isinstance(kind, types.Bool | types.Int | types.Uint) and kind.const:
            return value
        raise unsupported("condition", line_of(node), "aer")

    def _read(self, node: ast.Expression) -> expr.Expr | int:
        """An expression of Qiskit, or a constant."""
        if isinstance(node, ast.UnaryExpression) and node.op.name in "!~":
            inner = self._read(node.expression)
            if isinstance(inner, int):
                raise unsupported("condition", line_of(node), "aer")
            if node.op.name == "!":
                return expr.logic_not(self._truth(inner, node))
            return expr.logic_not(inner) if inner.type.kind is kinds.Bool else expr.bit_not(inner)
        if isinstance(node, ast.BinaryExpression):
            return self._operation(node)
        if isinstance(node, ast.Cast):
            return self._cast(node)
        found = self._leaf(node)
        return expr.lift(found) if isinstance(found, Clbit | ClassicalRegister) else found

    def _operation(self, node: ast.BinaryExpression) -> expr.Expr:
        name, left, right = node.op.name, self._read(node.lhs), self._read(node.rhs)
        if name in _LOGICAL:
            return _LOGICAL[name](self._truth(left, node), self._truth(right, node))
        if isinstance(left, int) and isinstance(right, int):
            raise unsupported("condition", line_of(node), "aer")
        if name not in _COMPARISONS and name not in _BITWISE:
            raise unsupported("condition", line_of(node), "aer")
        sides = [side.type.kind for side in (left, right) if isinstance(side, expr.Expr)]
        if kinds.Bool in sides:
            known = _BOOLS.get(name) or _BITWISE.get(name)
            if known is None or kinds.Uint in sides:
                raise unsupported("condition", line_of(node), "aer")
            return known(self._truth(left, node), self._truth(right, node))
        width = max(side.type.width for side in (left, right) if isinstance(side, expr.Expr))
        for side in (left, right):
            if isinstance(side, bool):
                raise unsupported("condition", line_of(node), "aer")
            if isinstance(side, int):
                if side < 0:
                    raise invalid("a register of bits is compared with a negative number", line_of(node))
                width = max(width, side.bit_length())
        wide = [self._wide(side, width) for side in (left, right)]
        return (_COMPARISONS.get(name) or _BITWISE[name])(*wide)

    def _wide(self, side: expr.Expr | int, width: int) -> expr.Expr:
        kind = kinds.Uint(width)
        if isinstance(side, int):
            return expr.Value(side, kind)
        return side if side.type == kind else expr.cast(side, kind)

    def _cast(self, node: ast.Cast) -> expr.Expr | int:
        """`bool(c)`, and `uint[8](c)` where that loses no bit."""
        inner = self._read(node.argument)
        if isinstance(inner, expr.Expr):
            if isinstance(node.type, ast.BoolType):
                return self._truth(inner, node)
            if isinstance(node.type, ast.UintType | ast.BitType) and inner.type.kind is kinds.Uint:
                width = node.type.size.value if isinstance(node.type.size, ast.IntegerLiteral) else None
                if width is not None and width >= inner.type.width:
                    return self._wide(inner, width)
        raise unsupported("condition", line_of(node), "aer")

    def _truth(self, side: expr.Expr | int, node: ast.Expression) -> expr.Expr:
        """As a truth value: a register is true where it is not 0."""
        if isinstance(side, int):
            return expr.lift(bool(self._bit(side, node)))
        if side.type.kind is kinds.Bool:
            return side
        return expr.not_equal(side, expr.Value(0, side.type))

    def _bit(self, value: int, node: ast.Expression) -> bool:
        if value not in (0, 1):
            raise invalid(f"a bit is compared with {value}; it is 0 or 1", line_of(node))
        return bool(value)
