"""Values in OpenQASM 3 as qiskit-qasm3-import resolves them, with what it misreads set right or refused.

- A range that ends at a negative index, or beyond its register, would become shorter or empty: its gates would be
  dropped. Python's negative indexes would reach other bits.
- An angle 1/2 is the integer 0, as OpenQASM 3 has it, but other engines read 0.5: such angles are refused by all.
"""

from typing import Any

from openqasm3 import ast
from qiskit.circuit import ParameterExpression
from qiskit_qasm3_import import types
from qiskit_qasm3_import.exceptions import raise_from_node
from qiskit_qasm3_import.expression import ValueResolver

from qee.sdk.explain import invalid, unsupported

_INTEGERS = (types.Int, types.Uint)


def line_of(node: Any) -> int | None:
    return node.span.start_line if node.span else None


class Values(ValueResolver):
    """Raises ConversionError, and RunnerError with the line for what it adds."""

    def visit_BinaryExpression(self, node: ast.BinaryExpression) -> tuple[Any, Any]:
        if node.op.name == "/":
            (left, left_type), (right, right_type) = self.visit(node.lhs), self.visit(node.rhs)
            if isinstance(left_type, _INTEGERS) and isinstance(right_type, _INTEGERS):
                known = left_type.const and right_type.const
                if not known or right == 0 or left % right:
                    raise unsupported("integer-division", line_of(node), "aer")
        return super().visit_BinaryExpression(node)  # type: ignore[no-any-return]

    def visit_IndexedIdentifier(self, node: ast.IndexedIdentifier) -> tuple[Any, Any]:
        found, kind = self.visit(node.name)
        for index in node.indices:
            found, kind = self._selected(found, kind, index, node)
        return found, kind

    def visit_IndexExpression(self, node: ast.IndexExpression) -> tuple[Any, Any]:
        return self._selected(*self.visit(node.collection), node.index, node)

    def _selected(self, collection: Any, kind: Any, index: Any, node: Any) -> tuple[Any, Any]:
        """One bit or qubit, or those of a range or set; `kind` is the collection's type."""
        line = line_of(node)
        if not isinstance(kind, types.BitArray | types.QubitArray):
            raise_from_node(node, f"only indexing (qu)bit arrays is supported, not '{kind.pretty()}'")
        single = types.Bit() if isinstance(kind, types.BitArray) else types.Qubit()
        if isinstance(index, ast.DiscreteSet):
            chosen = [self._integer(each, line) for each in index.values]
        elif len(index) != 1:
            raise_from_node(node, "only 1D indexers are supported")
        elif isinstance(index[0], ast.RangeDefinition):
            chosen = self._range(index[0], len(collection), line)
        else:
            return collection[self._inside(self._integer(index[0], line), len(collection), line)], single
        bits = [collection[self._inside(each, len(collection), line)] for each in chosen]
        return bits, type(kind)(len(bits))

    def _range(self, node: ast.RangeDefinition, size: int, line: int | None) -> list[int]:
        """Both ends belong to it; one that is left out is the register's."""
        step = 1 if node.step is None else self._integer(node.step, line)
        if step == 0:
            raise invalid("a range has the step 0", line)
        first, last = (0, size - 1) if step > 0 else (size - 1, 0)
        start = first if node.start is None else self._integer(node.start, line)
        end = last if node.end is None else self._integer(node.end, line)
        for bound in (start, end):
            if not -size <= bound < size:
                raise invalid("a range lies outside of its register", line)
        start, end = start % size, end % size
        found = list(range(start, end + (1 if step > 0 else -1), step))
        if not found:
            raise invalid("a range is empty", line)
        return found

    def _inside(self, index: int, size: int, line: int | None) -> int:
        if not -size <= index < size:
            raise invalid("an index lies outside of its register", line)
        return index % size

    def _integer(self, node: ast.Expression, line: int | None) -> int:
        value, kind = self.visit(node)
        if isinstance(value, ParameterExpression):  # of a loop
            raise unsupported("loop-index", line, "aer")
        if not isinstance(kind, _INTEGERS) or not kind.const:
            raise invalid("an integer is required here", line)
        return int(value)


class Numbers(Values):
    """Angles, indexes and numbers of rounds. A string of bits is there 2π times a fraction, or nothing at all."""

    def visit_BitstringLiteral(self, node: ast.BitstringLiteral) -> tuple[Any, Any]:
        raise unsupported("bit-string-angle", line_of(node), "aer")
