"""Are the divisions in OpenQASM 3 angles meant as they are written?

OpenQASM 3 cuts off the quotient of two integers: `rx(1/2)` turns by 0. Engines disagree about it, and hardly anybody
means it, so a division of integers that leaves a remainder is refused by all of them.
"""

import re

from qee.sdk.explain import unsupported
from qee.sdk.source import statements

_GATE = re.compile(r"(?:if ?\([^)]*\) ?)?[A-Za-z_]\w* ?\((.*)\)[^()]*")
_TOKEN = re.compile(r"\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+|[A-Za-z_]\w*|\*\*|\S")


def check_integer_divisions(source: str, engine: str) -> None:
    """Raises UnsupportedConstruct for an angle such as `1/2` or `(1+2)/4*pi`."""
    for statement in statements(source):
        found = _GATE.fullmatch(statement.text)
        if found and "/" in found[1] and _Angles(_TOKEN.findall(found[1])).lose_a_remainder():
            raise unsupported("integer-division", statement.line, engine)


class _Angles:
    """Evaluates the integer parts of a comma-separated list of expressions; None stands for a real number."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0
        self._lost = False

    def lose_a_remainder(self) -> bool:
        while self._tokens[self._at]:
            self._sum()
            self._at += 1  # a comma, or what no expression begins with
            if self._at >= len(self._tokens):
                break
        return self._lost

    def _next(self) -> str:
        return self._tokens[self._at]

    def _take(self) -> str:
        token = self._tokens[self._at]
        if token:
            self._at += 1
        return token

    def _sum(self) -> int | None:
        value = self._product()
        while self._next() in ("+", "-"):
            sign = 1 if self._take() == "+" else -1
            right = self._product()
            value = None if value is None or right is None else value + sign * right
        return value

    def _product(self) -> int | None:
        value = self._unary()
        while self._next() in ("*", "/"):
            operator = self._take()
            right = self._unary()
            if value is None or right is None:
                value = None
            elif operator == "*":
                value *= right
            elif right == 0 or value % right:
                self._lost = True
                return None
            else:
                value //= right
        return value

    def _unary(self) -> int | None:
        if self._next() in ("+", "-"):
            sign = 1 if self._take() == "+" else -1
            value = self._unary()
            return None if value is None else sign * value
        value = self._atom()
        if self._next() in ("^", "**"):
            self._take()
            self._unary()
            return None
        return value

    def _atom(self) -> int | None:
        first = self._take()
        if first == "(":
            value = self._sum()
            if self._next() == ")":
                self._take()
            return value
        if self._next() == "(" and first.isidentifier():
            self._take()
            self._sum()
            if self._next() == ")":
                self._take()
            return None
        return int(first) if first.isdigit() else None
