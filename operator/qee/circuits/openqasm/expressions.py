"""Expressions of OpenQASM 2 and 3: a tiny evaluator of bounded constants.

A value is a Python int, float or bool where the expression is constant, else an `Unknown`, which still tells how often
each parameter of the surrounding gate definition occurs: substituting parameters into parameters can grow without any
growth in gates (`gate g1(t) a { g0(t*t+t) a; }`, twelve levels deep, costs Cirq nine seconds).
"""

import math
from collections.abc import Callable

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.tokens import Cursor
from qee.circuits.openqasm.values import MAX_INTEGER, UNKNOWN, Number, Unknown, Value, bounded_integer, literal

MAX_DEPTH = 100  # parentheses and operators inside one another
MAX_OPERATORS = 200  # in one expression; Qiskit's OpenQASM 3 importer recurses over them and breaks between 200 and 300

type_keywords = frozenset({"int", "uint", "float", "angle", "bool", "bit", "duration", "complex"})
_SIZED = type_keywords - {"bool", "duration"}

_LEFT_3 = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10, "**": 12,
}  # fmt: skip
_LEFT_2 = {"==": 6, "+": 9, "-": 9, "*": 10, "/": 10, "^": 12}
_POWER = 12
_CONSTANTS_3 = {
    "pi": math.pi, "π": math.pi, "tau": math.tau, "τ": math.tau, "euler": math.e, "ℇ": math.e,
    "true": True, "false": False,
}  # fmt: skip
_FUNCTIONS_2: dict[str, Callable[[float], float]] = {
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "exp": math.exp, "ln": math.log, "sqrt": math.sqrt,
    "acos": math.acos, "atan": math.atan, "asin": math.asin,
}  # fmt: skip
_FUNCTIONS_3: dict[str, Callable[[float], float]] = {
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "exp": math.exp, "log": math.log, "sqrt": math.sqrt,
    "arccos": math.acos, "arctan": math.atan, "arcsin": math.asin, "ceiling": math.ceil, "floor": math.floor,
}  # fmt: skip
_OPAQUE_FUNCTIONS_3 = frozenset({"mod", "popcount", "pow", "rotl", "rotr", "sizeof", "real", "imag"})


class Expressions:
    """Reads expressions at the cursor.

    `resolve` gives the value of a name and fails on an undefined one; `call` reads the arguments of a subroutine that
    the program defines and returns whether there is one of that name.
    """

    def __init__(
        self, cursor: Cursor, version: int, resolve: Callable[[str], Value], call: Callable[[str], bool]
    ) -> None:
        self._cursor = cursor
        self._resolve = resolve
        self._call = call
        self._precedence = _LEFT_3 if version == 3 else _LEFT_2
        self._functions = _FUNCTIONS_3 if version == 3 else _FUNCTIONS_2
        self._constants = _CONSTANTS_3 if version == 3 else {"pi": math.pi}
        self._version = version
        self._operators = 0
        self._most = MAX_INTEGER

    def value(self) -> Value:
        """Reads one expression. Errors: ScanError for bad grammar, undefined names, depth and magnitude."""
        cursor = self._cursor
        items, pos = cursor.items, cursor.pos
        if items[pos + 1] in "),]:" and items[pos]:  # most are a single number
            number = literal(cursor, items[pos], self._most)
            if number is not None:
                cursor.pos += 1
                return number
        self._operators = 0
        return self._binary(0, 0)

    def integer(self, what: str, low: int, high: int | None = None) -> int:
        """Reads a constant integer; `what` names it in errors."""
        at = self._cursor.pos
        value = self.value()
        if isinstance(value, bool) or not isinstance(value, int):
            self._cursor.fail(f"{what} must be a constant integer; write the number itself", at=at)
        if value < low:
            self._cursor.fail(f"{what} is {value}, at least {low} is possible", at=at)
        if high is not None and value > high:
            self._cursor.fail(f"{what} is {value}, at most {high} is possible", at=at)
        return value

    def wide_value(self, bits: int) -> Value:
        """As `value`, of a condition: a register of so many bits holds more than any size or index."""
        self._most = 1 << bits
        value = self.value()
        self._most = MAX_INTEGER
        return value

    def wide_integer(self, what: str, bits: int) -> int:
        """As `integer`, from 0, compared with a register of at most so many bits."""
        self._most = 1 << bits
        value = self.integer(what, 0)
        self._most = MAX_INTEGER
        return value

    def _binary(self, lowest: int, depth: int) -> Value:
        cursor = self._cursor
        left = self._unary(depth)
        while True:
            operator = cursor.items[cursor.pos]
            precedence = self._precedence.get(operator)
            if precedence is None or precedence < lowest:
                return left
            self._operators += 1
            if self._operators > MAX_OPERATORS or depth >= MAX_DEPTH:
                cursor.fail("an expression of more than 200 operators or 100 levels; simplify it")
            cursor.pos += 1
            right = self._binary(precedence + (precedence != _POWER), depth + 1)
            left = self._apply(operator, left, right)

    def _unary(self, depth: int) -> Value:
        cursor = self._cursor
        signs: list[str] = []
        while cursor.items[cursor.pos] in ("-", "!", "~") or (self._version == 2 and cursor.items[cursor.pos] == "+"):
            signs.append(cursor.items[cursor.pos])
            cursor.pos += 1
            if len(signs) > MAX_DEPTH:
                cursor.fail("an expression of more than 200 operators or 100 levels; simplify it")
        value = self._primary(depth)
        if signs and cursor.items[cursor.pos] == ("**" if self._version == 3 else "^"):  # binds closer than a sign
            cursor.pos += 1
            self._operators += 1
            if self._operators > MAX_OPERATORS or depth >= MAX_DEPTH:
                cursor.fail("an expression of more than 200 operators or 100 levels; simplify it")
            value = self._apply("**", value, self._binary(_POWER, depth + 1))
        for sign in reversed(signs):
            if isinstance(value, Unknown):
                break
            if sign == "-":
                value = -value
            elif sign in "!~":
                value = UNKNOWN
        return value

    def _primary(self, depth: int) -> Value:
        cursor = self._cursor
        word = cursor.items[cursor.pos]
        if not word:
            cursor.unexpected("a value")
        number = literal(cursor, word, self._most)
        if number is not None:
            cursor.pos += 1
            return number
        if depth >= MAX_DEPTH:
            cursor.fail("an expression of more than 200 operators or 100 levels; simplify it")
        if word == "(":
            cursor.pos += 1
            value = self._binary(0, depth + 1)
            cursor.expect(")")
            return value
        if word[0] in "\"'" and len(word) > 1 and self._version == 3:
            if word[1:-1].strip("01_"):
                cursor.fail("a string where a value should be; bit strings hold only 0, 1 and _")
            cursor.pos += 1
            return UNKNOWN
        if word in type_keywords and self._version == 3:
            return self._cast(word, depth)
        name = cursor.identifier("a value")
        if cursor.items[cursor.pos] == "(":
            return self._function(name, depth)
        constant = self._constants.get(name)
        value = self._resolve(name) if constant is None else constant
        while cursor.items[cursor.pos] == "[" and self._version == 3:
            self.skip_index(depth + 1)
            value = UNKNOWN
        return value

    def _cast(self, keyword: str, depth: int) -> Value:
        cursor = self._cursor
        cursor.pos += 1
        if keyword in _SIZED and cursor.accept("["):
            self._binary(0, depth + 1)
            cursor.expect("]")
        cursor.expect("(")
        value = self._binary(0, depth + 1)
        cursor.expect(")")
        if isinstance(value, Unknown):
            return value
        if keyword == "float":
            return float(value)
        return value if isinstance(value, int) and keyword in ("int", "uint") else UNKNOWN

    def _function(self, name: str, depth: int) -> Value:
        cursor = self._cursor
        if name not in self._functions and not (self._version == 3 and name in _OPAQUE_FUNCTIONS_3):
            if self._call(name):
                return UNKNOWN
            cursor.pos -= 1
            cursor.fail(f"the function {quoted(name)} is not defined")
        cursor.pos += 1
        arguments = [self._binary(0, depth + 1)]
        while cursor.accept(","):
            arguments.append(self._binary(0, depth + 1))
        cursor.expect(")")
        if name not in self._functions:
            return _join(arguments)
        if len(arguments) != 1:
            cursor.fail(f"the function {name} takes one argument, {len(arguments)} are given")
        argument = arguments[0]
        if isinstance(argument, Unknown):
            return argument
        try:
            return self._functions[name](argument)
        except (ValueError, OverflowError):
            cursor.fail(f"the function {name} is not defined for its argument")

    def skip_index(self, depth: int = 0) -> None:
        """Reads `[...]` behind a classical value: expressions, ranges or a set."""
        cursor = self._cursor
        cursor.expect("[")
        closing = "]"
        if cursor.accept("{"):
            closing = "}"
        while True:
            if cursor.items[cursor.pos] not in (":", "]", ",", "}"):
                self._binary(0, depth + 1)
            if not cursor.accept(":") and not cursor.accept(","):
                break
        cursor.expect(closing)
        if closing == "}":
            cursor.expect("]")

    def _apply(self, operator: str, left: Value, right: Value) -> Value:
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return _join([left, right])
        try:
            result = self._fold(operator, left, right)
        except (OverflowError, ZeroDivisionError, ValueError):
            self._cursor.fail(f"the constant at {quoted(operator)} overflows or divides by zero")
        if type(result) is int:
            return bounded_integer(self._cursor, result)
        if isinstance(result, float) and math.isinf(result):
            self._cursor.fail(f"the constant at {quoted(operator)} overflows or divides by zero")
        return UNKNOWN if isinstance(result, complex) or result != result else result

    def quotient(self, left: int, right: int) -> int:
        """Of integers in OpenQASM 3, which cuts off the rest."""
        if left % right and (left < 0) != (right < 0):
            self._cursor.fail("a negative division of integers that leaves a rest; engines round it differently")
        return left // right

    def _fold(self, operator: str, left: Number, right: Number) -> Value | complex:
        integers = isinstance(left, int) and isinstance(right, int)
        if operator == "+":
            return left + right
        if operator == "-":
            return left - right
        if operator == "*":
            return left * right
        if operator == "/":
            return self.quotient(int(left), int(right)) if integers and self._version == 3 else left / right
        if operator in ("**", "^") and (operator == "**" or self._version == 2):
            if integers and abs(left) > 1 and right * int(abs(left)).bit_length() > 130:
                self._cursor.fail("a power of 64 bits or more", Reason.CIRCUIT_TOO_LARGE)
            return left**right
        if isinstance(left, int) and isinstance(right, int):
            if operator == "%" and left >= 0 and right > 0:
                return left % right
            if operator == "<<" and 0 <= right <= 63:
                return left << right
            if operator == ">>" and right >= 0:
                return left >> right
        return UNKNOWN


def _join(values: list[Value]) -> Unknown:
    """The uses of several values together, added up in the largest of their dicts: each is used once only."""
    symbolic = [v for v in values if isinstance(v, Unknown) and (v.uses or v.terms)]
    if not symbolic:
        return UNKNOWN
    total = max(symbolic, key=lambda v: len(v.uses))
    total.terms += len(values) - len(symbolic)
    for value in symbolic:
        if value is not total:
            total.terms += value.terms
            for name, count in value.uses.items():
                total.uses[name] = total.uses.get(name, 0) + count
    return total
