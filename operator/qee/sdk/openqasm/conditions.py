"""Conditions of OpenQASM on classical bits: `c == 3`, `c[0]`, `!c[1] && c < 2`, `m == "10"`.

A register is the unsigned integer whose lowest bit is element 0, as in both versions of the language.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from qee.circuits.openqasm.tokens import Cursor
from qee.sdk.explain import invalid, unsupported

_MAX_DEPTH = 100
_BINARY = {"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7}

Value = Callable[[Sequence[int]], int]


@dataclass(frozen=True)
class Condition:
    """`bits` are the classical bits that it reads, by number; `text` is how it is said, in the program's own names."""

    text: str
    bits: tuple[int, ...]
    value: Value

    def holds(self, bits: Sequence[int] | Mapping[int, int]) -> bool:
        """`bits`: 0 or 1 by the bit's number."""
        return bool(self.value(bits))  # type: ignore[arg-type]

    def negated(self) -> "Condition":
        inner = self.value
        return Condition(f"!({self.text})", self.bits, lambda bits: not inner(bits))


@dataclass(frozen=True)
class _Term:
    """`size` is the number of bits; None for a number, and 1 for what is true or false."""

    value: Value
    size: int | None
    number: int | None = None


class Conditions:
    """Reads conditions at the cursor. `bits_of` reads a name and its index there: the bits' numbers, None if the name
    is none of bits.
    """

    def __init__(self, cursor: Cursor, bits_of: Callable[[], tuple[int, ...] | None]) -> None:
        self._cursor = cursor
        self._bits_of = bits_of
        self._read: list[int] = []

    def read(self) -> Condition:
        """`(...)` at the cursor. Raises RunnerError for what is no condition on bits, or can never hold."""
        cursor = self._cursor
        cursor.expect("(")
        start = cursor.pos
        self._read = []
        found = self._binary(0, 0)
        end = cursor.pos
        if cursor.items[end] != ")" or found.size != 1 or not self._read:
            self._refuse(start)
        cursor.pos = end + 1
        text = _spelled(cursor.items[start:end])
        return Condition(text, tuple(sorted(set(self._read))), found.value)

    def _refuse(self, at: int) -> NoReturn:
        raise unsupported("condition", self._cursor.line(at), "cirq")

    def _binary(self, lowest: int, depth: int) -> _Term:
        cursor = self._cursor
        if depth > _MAX_DEPTH:
            self._refuse(cursor.pos)
        left = self._unary(depth)
        while (precedence := _BINARY.get(operator := cursor.items[cursor.pos])) is not None and precedence >= lowest:
            at = cursor.pos
            cursor.pos += 1
            right = self._binary(precedence + 1, depth + 1)
            left = self._joined(operator, left, right, at)
        return left

    def _unary(self, depth: int) -> _Term:
        cursor = self._cursor
        word, at = cursor.items[cursor.pos], cursor.pos
        if word == "!":
            cursor.pos += 1
            inner = self._unary(depth + 1) if depth < _MAX_DEPTH else self._refuse(at)
            if inner.size is None:
                self._refuse(at)
            value = inner.value
            return _Term(lambda bits: not value(bits), 1)
        if word == "(":
            cursor.pos += 1
            inner = self._binary(0, depth + 1)
            cursor.expect(")")
            return inner
        return self._primary()

    def _primary(self) -> _Term:
        cursor = self._cursor
        word, at = cursor.items[cursor.pos], cursor.pos
        if word in ("true", "false"):
            cursor.pos += 1
            truth = int(word == "true")
            return _Term(lambda _: truth, 1, truth)
        if word[:1] in ("'", '"') and word[1:-1].replace("_", "").strip("01") == "":
            cursor.pos += 1
            digits = word[1:-1].replace("_", "")
            number = int(digits, 2) if digits else self._refuse(at)
            return _Term(lambda _: number, len(digits), number)
        if word[:1].isdecimal():
            number = self._number(word, at)
            cursor.pos += 1
            return _Term(lambda _: number, None, number)
        found = self._bits_of()
        if found is None:
            self._refuse(at)
        self._read += found
        if len(found) == 1:
            only = found[0]
            return _Term(lambda bits: bits[only], 1)
        return _Term(lambda bits: sum(bits[bit] << place for place, bit in enumerate(found)), len(found))

    def _number(self, word: str, at: int) -> int:
        digits = word.replace("_", "").lower()
        base = {"0x": 16, "0b": 2, "0o": 8}.get(digits[:2], 10)
        if len(digits) > 4096:  # the bits of a program: more than that no register has
            self._refuse(at)
        try:
            return int(digits if base == 10 else digits[2:], base)
        except ValueError:
            self._refuse(at)

    def _joined(self, operator: str, left: _Term, right: _Term, at: int) -> _Term:
        one, other = left.value, right.value
        if operator in ("&&", "||"):
            if left.size is None or right.size is None:
                self._refuse(at)
            if operator == "&&":
                return _Term(lambda bits: bool(one(bits)) and bool(other(bits)), 1)
            return _Term(lambda bits: bool(one(bits)) or bool(other(bits)), 1)
        if operator in ("^", "&", "|"):
            if left.size is None or left.size != right.size:
                self._refuse(at)
            made: dict[str, Value] = {
                "^": lambda bits: one(bits) ^ other(bits),
                "&": lambda bits: one(bits) & other(bits),
                "|": lambda bits: one(bits) | other(bits),
            }
            return _Term(made[operator], left.size)
        if operator == "==":
            self._refuse_never(left, right, at)
            self._refuse_never(right, left, at)
        compared: dict[str, Value] = {
            "==": lambda bits: one(bits) == other(bits),
            "!=": lambda bits: one(bits) != other(bits),
            "<": lambda bits: one(bits) < other(bits),
            "<=": lambda bits: one(bits) <= other(bits),
            ">": lambda bits: one(bits) > other(bits),
            ">=": lambda bits: one(bits) >= other(bits),
        }
        return _Term(compared[operator], 1)

    def _refuse_never(self, bits: _Term, number: _Term, at: int) -> None:
        if bits.size is not None and bits.number is None and number.number is not None and number.number >> bits.size:
            raise invalid(
                f"a comparison of {bits.size} bits with {number.number}, which they never are", self._cursor.line(at)
            )


def _spelled(words: list[str]) -> str:
    text = " ".join(words)
    for tight in (" [", "[ "):
        text = text.replace(tight, "[")
    return text.replace(" ]", "]").replace("( ", "(").replace(" )", ")").replace("! ", "!")
