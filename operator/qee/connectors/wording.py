"""What a provider, or its SDK, has said, fit for status, Events and logs: one line, bounded, without credentials.

The one place for it. The types of `qee.connectors.protocol` pass every text through `clean` as they are made, so an
adapter cannot forget it; the worker, which alone holds the credential, takes out the credential's own words as well.
What is hidden is replaced by ***. Linear in the text, of which no more than MAX_READ characters are looked at.

Standard library only, and `one_line`, which is such.
"""

import re
from itertools import pairwise
from pathlib import Path

from qee.api.messages import one_line

HIDDEN = "***"
MAX_READ = 4096
_LONG = 16  # of a value in JSON, most of which are no secrets
_SHORTEST = 6  # of a credential's word: a shorter one, "true" or a region, would hide half of every message

_WORDS = (
    r"(?:sig|signature|secret|token|password|passwd|pwd|credentials?|authorization|assertion|cookie"
    r"|(?:api|access|account|shared|shared[-_ ]?access|primary|private|subscription)[-_ ]?key(?:[-_ ]?id)?)"
)
_NAMES = _WORDS + r"""[\w-]{0,16}"""
_QUOTES = r"""[\\"']{0,2}"""
_VALUE = r"""[^\s"'\\&;,)}]"""
_PLAIN = r"(?-i:[A-Z]?[a-z]+(?![^\s.,;:)]))"  # a word of a sentence, such as "expired"
_SCHEME = r"(?:auth\w*|tokens?|schemes?|credentials?|headers?|errors?|realm|is|was|or|and|has)\b"
_RULES: tuple[tuple[str, str], ...] = (
    (r"-----BEGIN .*?(?:-----END [A-Z ]*-----|\Z)", HIDDEN),
    (r"\beyJ[\w-]{5,}(?:\.[\w-]*)*", HIDDEN),  # a JWT, or its head
    (rf"\b(bearer|apikey|sharedkey)(\s+|%20)(?!{_SCHEME})[\w.~+/=:%-]{{4,}}", rf"\1 {HIDDEN}"),
    (r"\b(basic|digest)(\s+|%20)(?=\S*\d|\S{20})[\w.~+/=:%-]{6,}", rf"\1 {HIDDEN}"),
    # name=value, as in queries and connection strings; "name": value; name: value that is no word of a sentence
    (rf"((?:{_NAMES}|\bkey){_QUOTES}\s{{0,2}}(?:=|%3D)\s{{0,2}}{_QUOTES}){_VALUE}+", rf"\1{HIDDEN}"),
    (rf"""({_NAMES}\\?["']\s{{0,2}}:\s{{0,2}}{_QUOTES}){_VALUE}+""", rf"\1{HIDDEN}"),
    (rf"({_NAMES}\s{{0,2}}:\s{{0,2}}{_QUOTES})(?!{_PLAIN}){_VALUE}{{6,}}", rf"\1{HIDDEN}"),
    (rf"({_WORDS}\s{{1,2}}{_QUOTES})(?=\S*\d)[\w.~+/=-]{{16,}}", rf"\1{HIDDEN}"),
    # Keys that say whose they are: AWS, Google, GitHub, GitLab, Slack, and the sk- of many.
    (
        r"\b(?:A[KS]IA[A-Z0-9]{8,}|AIza[\w-]{20,}|ya29\.[\w.-]+|gh[a-z]_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]+)",
        HIDDEN,
    ),
    (r"\bsk-[\w-]{16,}", HIDDEN),
)
_PATTERNS = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), instead) for pattern, instead in _RULES]
# Of an address the host is enough: user, path and query of presigned ones hold what opens them.
_ADDRESS = re.compile(
    r"""\b([a-z][a-z0-9+.-]{1,15}://)(?:[^\s/@?#"'<>]*@)?([^\s/?#"'<>,;)]+)[^\s"'<>]*""", re.IGNORECASE
)
_OPAQUE = re.compile(r"[A-Za-z0-9+_=~/-]{24,}")


def clean(text: object, most: int = 1024) -> str:
    """`text` on one line of at most `most` characters, without what looks like a credential. Idempotent."""
    line = str(text)[:MAX_READ]
    for word in _known:
        line = line.replace(word, HIDDEN)
    line = one_line(line)
    line = _ADDRESS.sub(_host, line)
    for pattern, instead in _PATTERNS:
        line = pattern.sub(instead, line)
    return _OPAQUE.sub(_opaque, line)[:most]


def quoted(text: str, secret: str = "", most: int = 200) -> str:
    """Somebody's words within a message: in brackets, with a space before; empty for none. `secret` is cut out."""
    found = clean(text.replace(secret, HIDDEN) if secret else text, most).strip()
    return f" ({found})" if found else ""


def _host(found: re.Match[str]) -> str:
    whole, bare = found[0], f"{found[1]}{found[2]}"
    return bare if whole in (bare, f"{bare}/") else f"{bare}/{HIDDEN}"


def _opaque(found: re.Match[str]) -> str:
    """Where capitals, small letters and digits mix at random it is a key; ids and digests are in one case."""
    parts = re.split("(/)", found[0]) if "/" in found[0] and not _mixed(found[0].replace("/", "")) else [found[0]]
    return "".join(HIDDEN if len(part) >= 24 and _mixed(part) else part for part in parts)


def _mixed(run: str) -> bool:
    """Changes between capitals, small letters and digits: many in what was drawn at random, few in names of things."""
    kinds = [0 if each.isdigit() else 1 if each.isupper() else 2 if each.islower() else 3 for each in run]
    letters = [kind for kind in kinds if kind != 3]
    changes = sum(a != b for a, b in pairwise(letters))
    return {0, 1, 2} <= set(letters) and changes * 3 >= len(letters)


_known: list[str] = []


def hide(credentials: str) -> None:
    """From now on `clean` hides the words of this mounted Secret too, however they are spelled around."""
    _known[:] = sorted(words_of(credentials), key=len, reverse=True)


def words_of(credentials: str) -> frozenset[str]:
    """Of a mounted Secret's files: whole ones, their lines, long values in JSON, values in connection strings."""
    found: set[str] = set()
    for path in sorted(Path(credentials).glob("*")) if credentials else ():
        try:
            text = path.read_text(errors="replace")[: 64 * 1024].strip()
        except OSError:
            continue
        values = (each for each in re.findall(r'"([^"\\]*)"', text) if len(each) >= _LONG)
        found.update(each.strip() for each in (text, *text.splitlines(), *values))
        found.update(part.partition("=")[2] for part in text.split(";") if "=" in part)
    return frozenset(word for word in found if len(word) >= _SHORTEST)
