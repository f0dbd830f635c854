"""Source text to tokens in one pass, and the cursor that walks over them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NoReturn

from qee.api.reasons import Reason
from qee.circuits.errors import ScanError, circuit_too_large, invalid_circuit, quoted

# Every repetition that could fail after having matched is possessive or anchored by what follows, so the pass is linear
# whatever the input; `\Z` ends it, else trailing blanks would be tried again from each of their positions.
_GRAMMAR = r"""
    (?> [ \t\r\n]++ | //[^\n]*+ BLOCK_COMMENT )*+
    (
      \#?pragma\b[^\n]*+                                      # eats its line, as in the OpenQASM 3 grammar
    | [^\W\d]\w*+
    | [\[\](),;{}]
    | (?: 0[xX][0-9a-fA-F_]++ | 0[oO][0-7_]++ | 0[bB][01_]++
        | (?: [0-9][0-9_]*+ (?: \.[0-9_]*+ )? | \.[0-9][0-9_]*+ ) (?: [eE][+-]?[0-9][0-9_]*+ )?
      ) (?: (?: ns | us | µs | μs | ms | s | dt | im ) \b )?
    | \$[0-9]++
    | @[^\W\d][^\n]*+                                         # an annotation eats its line too
    | "[^"\r\n]*+" | '[^'\r\n]*+'
    | -> | \+\+ | \*\*=? | == | != | <<=? | >>=? | <= | >= | && | \|\|
    | [-+*/%&|^~]=
    | /\*(?s:.*)                                              # a comment without end, or one in OpenQASM 2
    | (?s:.)
    | \Z
    )
"""
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@cache
def _pattern(version: int) -> re.Pattern[str]:
    """Compiled when it is needed: two take the runner 15 ms."""
    return re.compile(_GRAMMAR.replace("BLOCK_COMMENT", r"| /\*(?s:.*?)\*/" if version == 3 else ""), re.VERBOSE)


def read_text(source: str | bytes, max_bytes: int) -> str:
    """The source as text, or ScanError for what cannot be a program: too large, empty, binary, not UTF-8."""
    if isinstance(source, str):
        try:
            data = source.encode()
        except UnicodeEncodeError:
            raise invalid_circuit("the source is not valid Unicode; save it as UTF-8") from None
    elif isinstance(source, bytes):
        data = source
    else:
        raise invalid_circuit("the source is neither text nor bytes")
    if len(data) > max_bytes:
        raise circuit_too_large(
            f"the source has {len(data)} bytes, at most {max_bytes} are possible, for a ConfigMap holds no more; write "
            "what repeats as a gate or a loop, round angles, leave out comments and spaces, or split it"
        )
    if data.startswith(_BOMS):
        raise invalid_circuit("the source begins with a byte order mark; save it as UTF-8 without one", 1)
    nul = data.find(b"\0")
    if nul >= 0:
        raise invalid_circuit("a NUL byte: this is not text; check spec.format", data.count(b"\n", 0, nul) + 1)
    try:
        return data.decode() if isinstance(source, bytes) else source
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise invalid_circuit("the source is not valid UTF-8; save it as UTF-8", line) from None


def placed(source: str, version: int) -> Iterator[tuple[int, str]]:
    """The tokens with their positions in the source; the last is the empty string."""
    for match in _pattern(version).finditer(source):
        yield match.start(1), match[1]


class Cursor:
    """The tokens of a source and a position among them. The last token is the empty string, and stays."""

    __slots__ = ("items", "pos", "source", "version")

    def __init__(self, source: str, version: int, max_tokens: int) -> None:
        self.source = source
        self.version = version
        self.items: list[str] = _pattern(version).findall(source)
        self.items.append("")
        self.pos = 0
        if len(self.items) > max_tokens:
            raise circuit_too_large(f"the source has more than {max_tokens} tokens; split it", self.line(max_tokens))

    def line(self, index: int | None = None) -> int:
        """The line of a token, found by a second pass: only errors need it."""
        wanted = self.pos if index is None else index
        for i, (start, _) in enumerate(placed(self.source, self.version)):
            if i == wanted:
                return self.source.count("\n", 0, start) + 1
        return self.source.count("\n") + 1

    def fail(self, message: str, reason: Reason = Reason.INVALID_CIRCUIT, at: int | None = None) -> NoReturn:
        raise ScanError(reason, message, self.line(at))

    def unexpected(self, wanted: str) -> NoReturn:
        """Fails at the present token, which is not what the grammar wants here."""
        word = self.items[self.pos]
        if not word:
            self.fail(f"the program ends where {wanted} should follow")
        if word.startswith("/*"):
            self.fail(
                "/* opens no comment in OpenQASM 2; use //"
                if self.version == 2
                else "a comment is opened by /* and never closed"
            )
        if word in "\"'":
            self.fail("a string is opened and not closed on its line")
        self.fail(f"{quoted(word)} where {wanted} should be")

    def accept(self, token: str) -> bool:
        if self.items[self.pos] == token:
            self.pos += 1
            return True
        return False

    def expect(self, token: str) -> None:
        if self.items[self.pos] != token:
            self.unexpected(quoted(token))
        self.pos += 1

    def identifier(self, wanted: str) -> str:
        """Takes a name; `wanted` says of what, for the error."""
        word = self.items[self.pos]
        if not word.isidentifier():
            self.unexpected(wanted)
        self.pos += 1
        return word
