"""Hostile results: what a pod may print in place of its result, as functions of a size in bytes."""

import json
from collections.abc import Callable

from tests import builders

from qee.documents import CircuitRun, JobReference, RunDocument
from qee.documents.frame import MARK, encode

UID, RUN = "u-1", "u-1.1"
OF = RunDocument(
    JobReference("default", "bell", UID), "aer", "aer", 1, False, (CircuitRun("c", "openqasm3", "qubit q;", 1000),)
)


def framed(document: bytes) -> bytes:
    return encode(document, RUN, 0).encode()


def _within(piece: str) -> Callable[[int], bytes]:
    """A field of a whole result document that holds `piece` again and again."""
    whole = json.loads(builders.result_of(OF))

    def make(size: int) -> bytes:
        whole["results"] = ["?"]
        text = json.dumps(whole)
        return text.replace('"?"', ",".join([piece] * max(1, size // (len(piece) + 1)))).encode()

    return make


def _counts(size: int) -> bytes:
    """As many outcomes as fit: valid, but that they are more than the shots."""
    whole = json.loads(builders.result_of(OF))
    counts = {format(n, "020b"): 1 for n in range(size // 60)}
    whole["results"][0] |= {"counts": counts, "registerCounts": {"c": counts}, "registers": [{"name": "c", "size": 20}]}
    return json.dumps(whole).encode()


def _memory(size: int) -> bytes:
    whole = json.loads(builders.result_of(OF))
    whole["results"][0] |= {"memory": ["00"] * (size // 6)}
    return json.dumps(whole).encode()


def _registers(size: int) -> bytes:
    """Each register's marginals are taken from all outcomes."""
    whole = json.loads(builders.result_of(OF))
    registers = [{"name": f"r{n}", "size": 1} for n in range(size // 60)]
    whole["results"][0] |= {"registers": registers, "counts": {"0" * len(registers): 1000}}
    whole["results"][0]["registerCounts"] = {each["name"]: {"0": 1000} for each in registers}
    return json.dumps(whole).encode()


def _registers_and_outcomes(size: int) -> bytes:
    """A thousand outcomes of as many registers as fit."""
    width = size // 1100
    registers = [{"name": f"r{n}", "size": 1} for n in range(width)]
    whole = json.loads(builders.result_of(OF))
    counts = {format(n, f"0{width}b"): 1 for n in range(1000)}
    whole["results"][0] |= {"registers": registers, "counts": counts, "registerCounts": {}}
    return json.dumps(whole).encode()


DOCUMENTS: dict[str, Callable[[int], bytes]] = {
    "empty lists": _within("[]"),
    "empty objects": _within("{}"),
    "lists in lists": lambda size: (b"[" * (size // 2)) + b"]" * (size // 2),
    "lists of lists of lists": _within("[[[[[[[[]]]]]]]]"),
    "objects in objects": lambda size: b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6),
    "objects of one field": _within('{"a":1}'),
    "small numbers": _within("1"),
    "large numbers": _within("12345678901"),
    "one huge number": lambda size: b'{"a":' + b"9" * size + b"}",
    "many digits": _within("9" * 4000),
    "short text": _within('"ab"'),
    "escapes": _within('"\\u0041"'),
    "one field again and again": lambda size: b"{" + b",".join([b'"a":1'] * (size // 6)) + b"}",
    "fields": lambda size: b"{" + b",".join(b'"%d":1' % n for n in range(size // 12)) + b"}",
    "fractions": _within("1.5"),
    "text that is not closed": lambda size: b'{"' + b"a" * size,
    "blanks": lambda size: b"{" + b" " * size + b"}",
    "bytes that are no text": lambda size: b"\xff" * size,
    "zeros": lambda size: bytes(size),
    "outcomes": _counts,
    "shots in order": _memory,
    "registers": _registers,
    "registers and outcomes": _registers_and_outcomes,
}


def _lines(line: str) -> Callable[[int], bytes]:
    return lambda size: (line * (size // len(line))).encode()


LOGS: dict[str, Callable[[int], bytes]] = {
    "empty lines": _lines("\n"),
    "short lines": _lines("a\n"),
    "marks": _lines(f"{MARK}\n"),
    "half marks": _lines(f"\n{MARK[:-1]}"),
    "marks without a line": _lines(MARK),
    "data": _lines(f"{MARK} data 0 A\n"),
    "data without a number": _lines(f"{MARK} data\n"),
    "beginnings": _lines(f"{MARK} begin {{}}\n"),
    "ends": _lines(f"{MARK} end {{}}\n"),
    "a beginning of lists": lambda size: f"{MARK} begin {'[],' * (size // 3)}\n".encode(),
    "a beginning of brackets": lambda size: f"{MARK} begin {'[' * size}\n".encode(),
    "one long line": lambda size: f"{MARK} data 0 {'A' * size}\n".encode(),
    "no line's end": lambda size: b"a" * size,
    "carriage returns": _lines("\r"),
    "not ASCII": lambda size: f"{MARK} data 0 ".encode() + b"\xff" * size + b"\n",
}
