"""Programs that qiskit-qasm3-import 0.6 accepts and reads otherwise than they are meant.

- A range that ends at a negative index, or beyond its register, becomes shorter or empty: its gates are dropped.
- One qubit measured into a whole register is measured into each of its bits.
- An angle 1/2 is the integer 0, as OpenQASM 3 has it, but other engines read 0.5: such angles are refused by all.
"""

from collections.abc import Iterator
from typing import Any

from openqasm3 import ast

from qee.runner.explain import invalid, unsupported


def refuse_what_the_importer_misreads(program: ast.Program) -> None:
    """Raises RunnerError with the line of the statement."""
    sizes, loop_variables = _declared(program)
    for node in _nodes(program):
        line = node.span.start_line if node.span else None
        if isinstance(node, ast.RangeDefinition) and isinstance(node.end, ast.UnaryExpression):
            raise unsupported("negative-range", line, "aer")
        if isinstance(node, ast.BinaryExpression) and node.op.name == "/" and _loses_a_remainder(node, loop_variables):
            raise unsupported("integer-division", line, "aer")
        if isinstance(node, ast.IndexedIdentifier):
            _check_range(node.name, node.indices, sizes, line)
        if isinstance(node, ast.IndexExpression):
            _check_range(node.collection, [node.index], sizes, line)
        if isinstance(node, ast.QuantumMeasurementStatement) and node.target is not None:
            qubits, bits = _width(node.measure.qubit, sizes), _width(node.target, sizes)
            if qubits is not None and bits is not None and qubits != bits:
                raise invalid(f"a measurement of {qubits} qubits into {bits} bits", line)


def _declared(program: ast.Program) -> tuple[dict[str, int], set[str]]:
    """Sizes of registers that are written as numbers (1 for single bits), and the names of integer loop variables."""
    sizes: dict[str, int] = {}
    variables: set[str] = set()
    for node in _nodes(program):
        if isinstance(node, ast.QubitDeclaration):
            name, size = node.qubit.name, node.size
        elif isinstance(node, ast.ClassicalDeclaration) and isinstance(node.type, ast.BitType):
            name, size = node.identifier.name, node.type.size
        else:
            if isinstance(node, ast.ForInLoop) and isinstance(node.type, ast.IntType | ast.UintType):
                variables.add(node.identifier.name)
            continue
        if size is None or isinstance(size, ast.IntegerLiteral):
            sizes[name] = size.value if size else 1
    return sizes, variables


def _check_range(collection: Any, indices: list[Any], sizes: dict[str, int], line: int | None) -> None:
    size = sizes.get(collection.name) if isinstance(collection, ast.Identifier) else None
    if size is None or len(indices) != 1 or not isinstance(indices[0], list) or len(indices[0]) != 1:
        return
    span = indices[0][0]
    if not isinstance(span, ast.RangeDefinition):
        return
    start = _literal(span.start, 0)
    end = _literal(span.end, size - 1)
    step = _literal(span.step, 1)
    if start is None or end is None or step is None or step <= 0:
        return
    if end >= size or start >= size:
        raise invalid("a range lies outside of its register", line)
    if start > end:
        raise invalid("a range is empty", line)


def _literal(node: Any, default: int) -> int | None:
    if node is None:
        return default
    return node.value if isinstance(node, ast.IntegerLiteral) else None


def _width(node: Any, sizes: dict[str, int]) -> int | None:
    """How many bits an operand has, where that is plain to see."""
    if isinstance(node, ast.Identifier):
        return sizes.get(node.name)
    if isinstance(node, ast.IndexedIdentifier) and len(node.indices) == 1:
        index = node.indices[0]
        if isinstance(index, list) and len(index) == 1 and isinstance(index[0], ast.IntegerLiteral):
            return 1
    return None


def _nodes(node: Any) -> Iterator[Any]:
    """Every node of a syntax tree, parents first."""
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, ast.QASMNode):
            yield each
            pending += [value for name, value in vars(each).items() if name != "span"]
        elif isinstance(each, list | tuple):
            pending += each


def _loses_a_remainder(node: ast.BinaryExpression, integers: set[str]) -> bool:
    left, right = _integer(node.lhs, integers), _integer(node.rhs, integers)
    return (
        left is not None
        and right is not None
        and (left == [] or right == [] or right[0] == 0 or left[0] % right[0] != 0)
    )


def _integer(node: ast.Expression, integers: set[str]) -> list[int] | None:
    """None for what is no integer, [] for an integer of unknown value, otherwise [value]."""
    if isinstance(node, ast.IntegerLiteral):
        return [node.value]
    if isinstance(node, ast.Identifier):
        return [] if node.name in integers else None
    if isinstance(node, ast.UnaryExpression) and node.op.name == "-":
        inner = _integer(node.expression, integers)
        return None if inner is None else [-value for value in inner]
    if isinstance(node, ast.BinaryExpression) and node.op.name in "+-*/":
        left, right = _integer(node.lhs, integers), _integer(node.rhs, integers)
        if left is None or right is None:
            return None
        if not left or not right:
            return []
        a, b = left[0], right[0]
        if node.op.name == "/":
            return [a // b] if b else []
        return [{"+": a + b, "-": a - b, "*": a * b}[node.op.name]]
    return None
