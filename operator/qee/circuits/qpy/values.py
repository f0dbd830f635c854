"""Values in QPY: parameters of instructions, their symbols and expressions, blocks and what loops go over."""

from collections.abc import Callable

from qee.circuits.errors import circuit_too_large
from qee.circuits.qpy.file import Reader, broken, check_array, refused
from qee.circuits.qpy.found import Found
from qee.circuits.report import Limits

MAX_NAMES = 1_048_576  # bytes of all parameters' names: a reference to a vector takes 19 bytes, its name up to 280
MAX_DEPTH = 16  # circuits inside one another; below it Qiskit's own bound on recursion
_VALUES = {b"i": 8, b"f": 8, b"c": 16, b"z": 0, b"d": 0}  # bytes of values of one size


class Values:
    """Checks values, and notes the names of the parameters in them.

    `block` walks the bytes of a circuit that is a value, so many levels deep.
    """

    def __init__(self, version: int, limits: Limits, block: Callable[[bytes, int], Found]) -> None:
        self._version = version
        self._limits = limits
        self._block = block
        self.names: dict[str, None] = {}
        self._named = 0  # bytes of them

    def vectors(self, reader: Reader) -> list[str]:
        names = []
        for _ in range(reader.fields("!H")[0]):
            length, size, _ = reader.fields("!HQ16s")
            self._check_vector(size)
            names.append(reader.name(length))
        return names

    def _check_vector(self, size: int) -> None:
        if size > self._limits.max_operations:
            raise circuit_too_large(f"a ParameterVector has more than {self._limits.max_operations} elements")

    def value(self, key: bytes, data: bytes, blocks: list[Found], depth: int, vectors: list[str]) -> int:
        """Checks a value and adds the circuits in it to `blocks`; returns the rounds of a loop over it, else 1."""
        reader = Reader(data)
        if key == b"q":
            blocks.append(self._block(data, depth))
            return 1
        if key in _VALUES:
            reader.take(_VALUES[key])
        elif key == b"n":
            check_array(data)
            return 1
        elif key == b"r":
            start, stop, step = reader.fields("!qqq")
            if not step:
                raise broken("a range without a step")
            return max(1, len(range(start, stop, step)) if abs(stop - start) < 1 << 62 else 1 << 62)
        elif key == b"t":
            return self._tuple(reader, blocks, depth, vectors)
        elif key in (b"p", b"v"):
            self._symbol(key, reader, vectors)
        elif key == b"e":
            self._expression(reader, blocks, depth, vectors)
        elif key in (b"s", b"R", b"x"):
            return 1  # text, a bit or register, a classical expression: Qiskit's reader is bounded by their bytes
        elif key == b"m":
            raise refused("a modifier", "use gate.control(annotated=False), or decompose() it")
        else:
            raise broken("a parameter is of no known kind")
        reader.end("a value")
        return 1

    def _tuple(self, reader: Reader, blocks: list[Found], depth: int, vectors: list[str]) -> int:
        (count,) = reader.fields("!Q")
        if count > reader.left():
            raise broken("a tuple is longer than its bytes")
        if depth > MAX_DEPTH:
            raise circuit_too_large(f"values are nested in more than {MAX_DEPTH} levels")
        for _ in range(count):
            self.value(*reader.typed(), blocks, depth + 1, vectors)
        reader.end("a tuple")
        return max(1, int(count))

    def _symbol(self, key: bytes, reader: Reader, vectors: list[str]) -> None:
        """Notes a parameter's name: its own, or its vector's with the index."""
        if key == b"p":
            length, _ = reader.fields("!H16s")
            name = reader.name(length)
        elif self._version >= 18:
            vector, index = reader.fields("!HQ")
            if vector >= len(vectors):
                raise broken("a parameter's vector is not in the table")
            name = f"{vectors[vector]}[{index}]"
        else:
            length, size, _, index = reader.fields("!HQ16sQ")
            self._check_vector(size)
            name = f"{reader.name(length)}[{index}]"
        if name in self.names:
            return
        self._named += len(name)
        if self._named > MAX_NAMES:
            raise circuit_too_large(f"its parameters' names have more than {MAX_NAMES} bytes in all")
        self.names[name] = None

    def _expression(self, reader: Reader, blocks: list[Found], depth: int, vectors: list[str]) -> None:
        """An expression's symbols. Its operations are a list that Qiskit replays on a stack."""
        symbols, size = reader.fields("!QQ")
        reader.take(size)
        if symbols > reader.left():
            raise broken("an expression names more symbols than it has")
        for _ in range(symbols):
            kind, key, length = reader.fields("!ccQ")
            if kind not in (b"p", b"v"):
                raise broken("an expression's symbol is of no known kind")
            self._symbol(kind, reader, vectors)
            value = reader.take(length)
            if key != kind:
                self.value(key, value, blocks, depth + 1, vectors)
