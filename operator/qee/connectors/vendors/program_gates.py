"""Gates of a program as it is sent, counted without an SDK: what a connector checks a stated usage against.

Each gives the gates on one qubit, and those on more; ValueError for a program with anything that is not surely a gate,
a measurement or a declaration. Those that QEE's own compilers write have nothing else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_ARGUMENTS = r"(?:\([^()]*\))?"
_QASM_GATE = re.compile(rf"[a-z]\w*\s*{_ARGUMENTS}\s+(q\[\d+\](?:\s*,\s*q\[\d+\])*)")
_QASM_OTHER = re.compile(
    r'OPENQASM 2\.0|include "qelib1\.inc"|[qc]reg [qc]\[\d+\]|barrier\b[^;]*|measure q\[\d+\] -> c\[\d+\]'
)
_QASM_KEYWORDS = ("gate", "opaque", "if", "reset")
_QUIL_GATE = re.compile(rf"[A-Z]\w*{_ARGUMENTS}((?: \d+)+)")
_QUIL_OTHER = re.compile(r"DECLARE ro BIT\[\d+\]|MEASURE \d+ ro\[\d+\]")
_QUIL_KEYWORDS = ("DEFGATE", "DEFCIRCUIT", "HALT", "LABEL", "JUMP", "RESET", "PRAGMA")


def ionq(instructions: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """`ionq.circuit.v1`."""
    return _counted(
        len(each.get("targets") or [each["target"]])
        + len(each.get("controls") or ([each["control"]] if "control" in each else []))
        for each in instructions
    )


def openqasm2(text: str) -> tuple[int, int]:
    """With one quantum register `q`."""
    return _counted(_qubits(text.split(";"), _QASM_GATE, _QASM_OTHER, _QASM_KEYWORDS, "q["))


def quil(text: str) -> tuple[int, int]:
    """One instruction in a line."""
    return _counted(_qubits(text.split("\n"), _QUIL_GATE, _QUIL_OTHER, _QUIL_KEYWORDS, " "))


def _qubits(
    parts: Iterable[str], gate: re.Pattern[str], other: re.Pattern[str], keywords: Sequence[str], mark: str
) -> Iterable[int]:
    for part in map(str.strip, parts):
        if not part or other.fullmatch(part):
            continue
        found = gate.fullmatch(part)
        if found is None or re.split(r"\W", part, maxsplit=1)[0] in keywords:
            raise ValueError(f"{part[:40]!a} is no gate that QEE's compiler writes")
        yield found[1].count(mark)


def _counted(sizes: Iterable[int]) -> tuple[int, int]:
    ones = twos = 0
    for size in sizes:
        ones, twos = (ones + 1, twos) if size == 1 else (ones, twos + 1)
    return ones, twos
