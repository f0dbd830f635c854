"""What a manifest's text may hold, so that who reads it on a screen, kubectl and QEE see the same.

Two kinds are refused wherever they stand, in comments too: characters that are not seen or that move what is seen, some
of which end a line to YAML 1.1 alone, and marks between documents at which readers part. An escape in double quotes,
"\\u2028", shows what it stands for and stays.
"""

import re
import unicodedata

from qee.cli.problem import Problem
from qee.cli.terminal import UNSAFE

_BYTE_ORDER_MARK = "\ufeff"
# What a terminal might act on, but for tabs and ends of lines, and letters that are drawn as nothing.
_UNSEEN = re.compile(
    r"\r(?!\n)|(?![\t\r\n])" + UNSAFE.pattern + r"|[\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufff0-\ufff8]"
)
# kubectl refuses "--- null", which PyYAML writes for an empty document: nobody reads it as something else.
_MARK = re.compile(r"^(?:---(?![ \t]*\r?$|[ \t]+#|[ \t]+null[ \t]*\r?$)|\.\.\.(?=\s|\Z)|%).*", re.MULTILINE)
READ_APART_TAG = "tag:qee.dev,2026:read-apart"
READ_APART_FIRST = "+-.0123456789yYnN"
# Plain values that PyYAML and kubectl read apart, or both otherwise than a person: octal and other bases, base 60,
# exponents, and y and n, which are true and false to kubectl.
READ_APART = re.compile(
    r"[-+]?(?:0_*[0-9][0-9_]*|0_*[xXbBoO][0-9a-fA-F_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)_*[eE]_*[-+]?[0-9_]+)$|[-+.]_[0-9_.]*$|[yYnN]$"
)


def has_unseen(text: str) -> bool:
    return _UNSEEN.search(text) is not None


def check_text(text: str, origin: str) -> None:
    """Raises Problem, with line and column, for a character or a mark that readers see differently."""
    start = 1 if text.startswith(_BYTE_ORDER_MARK) else 0
    if found := _UNSEEN.search(text, start):
        raise Problem(f"{_place(text, found.start(), origin)}: {_named(found[0])}")
    if found := _MARK.search(text):
        raise Problem(
            f"{_place(text, found.start(), origin)}: {found[0][:40].rstrip()!r} means different things to different "
            "readers; separate documents by a line --- alone"
        )


def not_yaml(error: Exception, origin: str, remedy: str = "") -> Problem:
    """For an error of PyYAML."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return Problem(f"{origin}{where}: not YAML: {str(problem or 'unreadable')[:120]}{remedy}")


def read_apart(text: str) -> str:
    """Why a plain value is refused, and what to write."""
    if text in "yYnN":
        return f"{text} is true or false to kubectl; write true or false, or put it in quotes if it is text"
    octal = re.fullmatch(r"0[0-7]+", text[:40])
    remedy = f"write {int(text, 8)} or {text.lstrip('0') or 0}, " if octal else "write it in decimal digits, "
    shown = f"{text}, which is octal {int(text, 8)} to kubectl," if octal else text[:40]
    return f"{shown} means different things to different readers; {remedy}or in quotes if it is text"


def _named(character: str) -> str:
    if character == "\r":
        return "a carriage return without a line feed, which ends a line for some readers; save the file with LF"
    name = unicodedata.name(character, "a control character")
    code = f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
    return (
        f"the character U+{ord(character):04X} ({name}) is not seen, or changes what is seen; remove it, or write it "
        f'as an escape in double quotes ("{code}")'
    )


def _place(text: str, at: int, origin: str) -> str:
    line = text.count("\n", 0, at) + 1
    return f"{origin}, line {line}, column {at - text.rfind(chr(10), 0, at)}"
