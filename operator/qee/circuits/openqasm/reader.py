"""Where a scan stands: the tokens, the position among them, and the dialect that they are read in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qee.circuits.errors import quoted
from qee.circuits.openqasm.expressions import Expressions
from qee.circuits.openqasm.gates import Gate
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.tokens import Cursor

MAX_NAME = 256

Statement = Callable[["Reader", Program], None]


@dataclass(frozen=True)
class Dialect:
    """A version of OpenQASM.

    Attributes:
        keywords: what may not be a name.
        foreign: keywords of the other version that begin a statement.
        version_line: reads `OPENQASM 3.0;`, which version 3 may leave out.
        statement: reads one statement, whose first word is at the reader's position.
        gate_statement: the same inside of a gate's definition.
    """

    version: int
    keywords: frozenset[str]
    builtin: Mapping[str, Gate]
    version_line: Statement
    statement: Statement
    gate_statement: Statement
    foreign: frozenset[str] = frozenset()


class Reader(Cursor):
    """Reads names and values; what is more than that is read by a function for each statement."""

    __slots__ = ("dialect", "expressions")
    expressions: Expressions

    def __init__(self, source: str, dialect: Dialect, max_tokens: int) -> None:
        super().__init__(source, dialect.version, max_tokens)
        self.dialect = dialect

    def name(self, wanted: str) -> str:
        """Takes a new or used name, which may not be a keyword of the dialect."""
        word = self.items[self.pos]
        if word in self.dialect.keywords:
            self.fail(f"the keyword {quoted(word)} where {wanted} should be")
        if len(word) > MAX_NAME:
            self.fail(f"a name of {len(word)} characters; at most {MAX_NAME} are possible")
        self.identifier(wanted)
        if self.version == 2 and not (word.isascii() and word[0].islower()):
            self.fail(f"{quoted(word)}: names of OpenQASM 2 begin with a lower-case letter", at=self.pos - 1)
        return word
