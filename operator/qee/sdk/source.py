"""A bounded look at OpenQASM text, before and after an SDK looks at it: statements with lines, includes, sizes.

This is no parser. It splits the text into statements, which is enough to refuse what must not reach an SDK and to name
the construct on which an SDK's parser stopped.
"""

import re
from dataclasses import dataclass

from qee.api.reasons import Reason
from qee.sdk.errors import RunnerError

MAX_NESTING = 500  # of brackets: a parser needs a quarter of a minute to fail on 20,000
MAX_BITS = 10_000  # qubits and classical bits each; an SDK needs seconds and gigabytes for ten million declared qubits
LIBRARIES = {"openqasm2": "qelib1.inc", "openqasm3": "stdgates.inc"}

# A pragma eats its line, and no comment begins in it. A comment that is not closed reaches to the end: were it none,
# each that is opened would be followed to the end anew.
_STRING_OR_COMMENT = re.compile(
    r"""(?<!\w)\#?pragma\b[^\n]*|"[^"\n]*"|'[^'\n]*'|//[^\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL
)
_INCLUDE = re.compile(r"""\binclude\s*["']([^"'\n]*)["']""")
_VERSION = re.compile(r"OPENQASM\s+(\d+)(?:\.\d+)?")
_SIZED = re.compile(r"\b(?:(qreg|creg)\s+\w+\s*\[\s*(\d[\d_]*)|(qubit|bit)\s*\[\s*(\d[\d_]*))")


@dataclass(frozen=True)
class Statement:
    """Text between `;`, `{` and `}` without comments, and the line (from 1) on which it begins."""

    line: int
    text: str


def without_comments(source: str) -> str:
    """The source with every comment blanked and every line still in its place."""

    def blank(match: re.Match[str]) -> str:
        text = match[0]
        comment = text.startswith("//") or (text.startswith("/*") and text.endswith("*/"))
        return re.sub(r"[^\n]", " ", text) if comment else text

    return _STRING_OR_COMMENT.sub(blank, source)


def statements(source: str) -> list[Statement]:
    """The statements of the program in order, those inside braces included."""
    found = []
    line = 1
    for piece in re.split(r"([;{}])", without_comments(source)):
        text = piece.strip()
        if text and text not in ";{}":
            lead = len(piece) - len(piece.lstrip())
            found.append(Statement(line + piece.count("\n", 0, lead), " ".join(text.split())))
        line += piece.count("\n")
    return found


def check_source(source: str, format: str) -> None:
    """Raises RunnerError for another version than `format`'s, a foreign include, too many bits or too deep nesting."""
    text = without_comments(source)
    wanted = format[-1]
    if (version := _VERSION.search(text)) and version[1] != wanted:
        raise RunnerError(
            Reason.INVALID_CIRCUIT,
            f"line {_line_of(text, version.start())}: it declares OPENQASM {version[1]}, the format is {format}; "
            "make them agree",
        )
    for include in _INCLUDE.finditer(text):
        if include[1] != LIBRARIES[format]:
            raise RunnerError(
                Reason.INVALID_CIRCUIT,
                f"line {_line_of(text, include.start())}: only {LIBRARIES[format]} can be included; "
                "copy the gates of other files into the source",
            )
    _check_nesting(text)
    declared = {"quantum": 0, "classical": 0}
    for match in _SIZED.finditer(text):
        keyword, size = match[1] or match[3], (match[2] or match[4]).replace("_", "")
        kind = "quantum" if keyword.startswith("q") else "classical"
        declared[kind] += int(size) if len(size) < 10 else MAX_BITS + 1
        if declared[kind] > MAX_BITS:
            raise RunnerError(
                Reason.CIRCUIT_TOO_LARGE,
                f"line {_line_of(text, match.start())}: more than {MAX_BITS} {kind} bits are declared; declare fewer",
            )


def _check_nesting(text: str) -> None:
    depth = 0
    for bracket in re.finditer(r"[(\[{]|[)\]}]", text):
        depth += 1 if bracket[0] in "([{" else -1
        if depth > MAX_NESTING:
            raise RunnerError(
                Reason.INVALID_CIRCUIT,
                f"line {_line_of(text, bracket.start())}: brackets are nested deeper than {MAX_NESTING}; nest less",
            )


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
