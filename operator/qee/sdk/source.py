"""A bounded look at OpenQASM, before and after an SDK looks at it: statements with lines, includes, sizes.

This is no parser. It goes by the scanner's tokens, which is enough to refuse what must not reach an SDK and to name the
construct on which an SDK's parser stopped.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from qee.api.reasons import Reason
from qee.circuits.openqasm.tokens import Cursor, placed
from qee.sdk.errors import RunnerError

MAX_NESTING = 500  # of brackets: a parser needs a quarter of a minute to fail on 20,000
MAX_BITS = 10_000  # qubits and classical bits each; an SDK needs seconds and gigabytes for ten million declared qubits
LIBRARIES = {"openqasm2": "qelib1.inc", "openqasm3": "stdgates.inc"}
_VERSION = 3  # whose tokens are taken for both: what is a comment in 3 alone, no program of 2 can hold
_ENDS = frozenset((";", "{", "}", ""))


@dataclass(frozen=True)
class Statement:
    """What stands between `;`, `{` and `}`, and the line (from 1) on which it begins.

    `text` has no comments, and one blank where there are any; `words` are its tokens.
    """

    line: int
    text: str
    words: Sequence[str] = field(default=(), compare=False)


def statements(source: str) -> list[Statement]:
    """The statements of the program in order, those inside braces included."""
    found: list[Statement] = []
    words: list[str] = []
    text = ""
    line, counted, end = 1, 0, 0
    for start, word in placed(source, _VERSION):
        if word not in _ENDS:
            if not words:
                line += source.count("\n", counted, start)
                counted = start
            text += f" {word}" if words and start > end else word
            words.append(word)
        elif words:
            found.append(Statement(line, text, words))
            words, text = [], ""
        end = start + len(word)
    return found


def check_source(source: str, format: str) -> None:
    """Raises RunnerError for another version than `format`'s, a foreign include, too many bits or too deep nesting."""
    cursor = Cursor(source, _VERSION, sys.maxsize)
    words = cursor.items
    for at, word in enumerate(words):
        if word == "OPENQASM" and (version := _digits(words[at + 1])):
            if version != format[-1]:
                message = f"it declares OPENQASM {version}, the format is {format}; make them agree"
                raise _refusal(cursor, at, message)
            break
    for at, word in enumerate(words):
        if word == "include" and words[at + 1][:1] in ('"', "'") and words[at + 1][1:-1] != LIBRARIES[format]:
            message = f"only {LIBRARIES[format]} can be included; copy the gates of other files into the source"
            raise _refusal(cursor, at, message)
    depth = 0
    for at, word in enumerate(words):
        depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
        if depth > MAX_NESTING:
            raise _refusal(cursor, at, f"brackets are nested deeper than {MAX_NESTING}; nest less")
    declared = {"quantum": 0, "classical": 0}
    for at, word in enumerate(words):
        opening = at + _BEFORE_SIZE.get(word, len(words))
        if opening < len(words) - 1 and words[opening] == "[" and (size := _digits(words[opening + 1])):
            kind = "quantum" if word.startswith("q") else "classical"
            declared[kind] += int(size) if len(size) < 10 else MAX_BITS + 1
            if declared[kind] > MAX_BITS:
                message = f"more than {MAX_BITS} {kind} bits are declared; declare fewer"
                raise _refusal(cursor, at, message, Reason.CIRCUIT_TOO_LARGE)


_BEFORE_SIZE = {"qreg": 2, "creg": 2, "qubit": 1, "bit": 1}  # tokens from the keyword to the bracket of its size


def _digits(word: str) -> str:
    """Those with which a number begins."""
    return "".join(takewhile(str.isdigit, word.replace("_", "")))


def _refusal(cursor: Cursor, at: int, message: str, reason: Reason = Reason.INVALID_CIRCUIT) -> RunnerError:
    return RunnerError(reason, f"line {cursor.line(at)}: {message}")
