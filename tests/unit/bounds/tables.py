"""Hostile tables of parameters, as functions of a size in bytes."""

from collections.abc import Callable


def _within(piece: str, opened: str = '{"a": [', closed: str = "]}") -> Callable[[int], bytes]:
    return lambda size: (opened + ",".join([piece] * max(1, size // (len(piece) + 1))) + closed).encode()


def _columns(size: int) -> bytes:
    return ("{" + ",".join(f'"c{n}":["1"]' for n in range(size // 14)) + "}").encode()


def _wide(size: int) -> bytes:
    """As many columns as fit, in two rows."""
    names = ",".join(f"c{n}" for n in range(size // 10))
    return f"{names}\n{','.join(['1'] * (names.count(',') + 1))}\n".encode()


TABLES: dict[str, Callable[[int], bytes]] = {
    "JSON, lists": _within("[]"),
    "JSON, objects": _within("{}"),
    "JSON, lists in lists": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    "JSON, numbers": _within("12"),
    "JSON, text": _within('"12"'),
    "JSON, one long number": lambda size: b'{"a": [' + b"1" * size + b"]}",
    "JSON, one long fraction": lambda size: b'{"a": [0.' + b"1" * size + b"]}",
    "JSON, exponents": _within("1e999"),
    "JSON, columns": _columns,
    "JSON, one column again and again": _within('"a": ["1"]', "{", "}"),
    "CSV, commas": lambda size: b"," * size,
    "CSV, lines": lambda size: b"\n" * size,
    "CSV, carriage returns": lambda size: b"\r" * size,
    "CSV, quotes": lambda size: b'"' * size,
    "CSV, rows": lambda size: b"a\n" + b"1\n" * (size // 2),
    "CSV, columns": _wide,
    "CSV, one long field": lambda size: b"a\n" + b"1" * size,
    "CSV, blanks": lambda size: b"a\n" + b" " * size + b"1\n",
}
