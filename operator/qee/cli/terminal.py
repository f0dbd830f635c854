"""Where text goes and how: results to stdout, everything else to stderr, nothing from a cluster unescaped."""

import os
import re
import shutil
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

# C0 and C1 controls, soft hyphen, bidirectional and other invisible format characters, line and paragraph separators,
# lone surrogates: what moves a cursor, hides text or reorders it (Unicode categories Cc, Cf, Zl, Zp, Cs).
UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
COLOURS = {"green": "32", "red": "31", "yellow": "33", "cyan": "36", "dim": "2"}


def printable(text: str) -> str:
    """The text on one line, with every character that a terminal might act on escaped as in Python (`\\x1b`)."""
    return UNSAFE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def printable_json(text: str) -> str:
    """JSON, line breaks kept, with the other unsafe characters as `\\uXXXX`: still the same JSON."""

    def escaped(found: re.Match[str]) -> str:
        units = found[0].encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))

    return UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else escaped(found), text)


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def may_colour(stream: TextIO) -> bool:
    """Colours only for people: on a terminal, and not where NO_COLOR is set (no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def coloured(text: str, colour: str, stream: TextIO | None = None) -> str:
    if not may_colour(stream or sys.stdout):
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def out(text: str) -> None:
    """One line, or several, of the result."""
    _write(sys.stdout, text)


def note(text: str) -> None:
    """One line beside the result."""
    _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()


def draws(stream: TextIO, characters: str = "█▏") -> bool:
    """Whether the stream's encoding has these characters, such as blocks."""
    try:
        characters.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def width(otherwise: int) -> int:
    """Columns of the terminal that stdout is, if it is one."""
    return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else otherwise


def console() -> Any:
    """rich's, on stderr; None where that is no terminal."""
    if not is_terminal(sys.stderr):
        return None
    from rich.console import Console

    return Console(stderr=True, no_color=not may_colour(sys.stderr), highlight=False)


def spinner(text: str) -> AbstractContextManager[object]:
    """On stderr while something takes its time; nothing where that is no terminal."""
    found = console()
    return found.status(text) if found else nullcontext()
