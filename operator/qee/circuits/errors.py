"""The scanner's only error."""

from functools import partial

from qee.api.reasons import Reason

MAX_QUOTED = 32


class ScanError(Exception):
    """A circuit that must not reach an engine.

    Attributes:
        reason: INVALID_CIRCUIT, UNSUPPORTED_CONSTRUCT or CIRCUIT_TOO_LARGE.
        message: what is wrong and what to do, in our words. Of the circuit it holds single tokens at most, each cut to
            32 printable ASCII characters, so that a status never carries a source line.
        line: 1-based line of the source, or None where a line means nothing.
    """

    def __init__(self, reason: Reason, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.reason = reason
        self.message = message
        self.line = line


invalid_circuit = partial(ScanError, Reason.INVALID_CIRCUIT)
unsupported_construct = partial(ScanError, Reason.UNSUPPORTED_CONSTRUCT)
circuit_too_large = partial(ScanError, Reason.CIRCUIT_TOO_LARGE)


def quoted(token: str) -> str:
    """A token of the circuit made safe for logs and status: printable ASCII, at most 32 characters, in quotes.

    Of a token that eats its line, such as a pragma, the first word.
    """
    if any(map(str.isspace, token)):
        token = f"{token.split(maxsplit=1)[0][:MAX_QUOTED]}..." if token.strip() else " "
    shown = "".join(c if " " < c < "\x7f" else "?" for c in token[:MAX_QUOTED])
    return f"'{shown}...'" if len(token) > MAX_QUOTED else f"'{shown}'"
