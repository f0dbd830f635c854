"""What goes wrong in a call of a vendor's SDK, as errors of the protocol: one way, with a table for each vendor.

A table's row is what the SDK raises and what that means. An answer that is no success means what HTTP says of its
status, unless the vendor documents something else. Standard library only.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from qee.connectors.protocol import (
    AlreadyEnded,
    Ambiguous,
    Gone,
    ProviderError,
    Rejected,
    Throttled,
    Unauthorized,
    Unreachable,
)

Meaning = Callable[[str, Any], ProviderError]
"""Of a call, and what was raised in it."""
Row = tuple[type[Exception] | tuple[type[Exception], ...], Meaning]
Kinds = Mapping[int, type[ProviderError]]
"""By status."""
RETRY_AFTER = 60.0


@contextmanager
def mapped(call: str, *table: Row) -> Iterator[None]:
    """What is raised, as the first row that knows it has it.

    Without the SDK's error as a cause: it may quote the request, or an address with a token in it.
    """
    try:
        yield
    except ProviderError:
        raise
    except Exception as error:
        for kinds, meaning in table:
            if isinstance(error, kinds):
                raise meaning(call, error) from None
        raise


def says(text: str, kind: type[ProviderError] | None = None) -> Meaning:
    """`{error}` in the text is the name of what was raised. Without a kind nobody knows whether the call was taken."""

    def meaning(call: str, error: Exception) -> ProviderError:
        return (kind or unclear(call))(f"{call}: {text.format(error=type(error).__name__)}")

    return meaning


def unclear(call: str) -> type[ProviderError]:
    return Ambiguous if call == "submit" else Unreachable


def of_status(
    call: str, status: int | None, said: str, credential: str, retry_after: str | None, documented: Kinds | None = None
) -> ProviderError:
    """Of an answer with a status of 300 or more. `said`: who answers what. `credential`: what to do about one that is
    refused. `retry_after`: the answer's header. `documented`: what the vendor means by statuses of this call.
    """
    if status in (401, 403):
        return Unauthorized(f"{said}; {credential}")
    if status == 429:
        whole = retry_after is not None and retry_after.isascii() and retry_after.isdecimal()
        return Throttled(said, float(retry_after or 0) if whole else RETRY_AFTER)
    return ((documented or {}).get(status or 0) or _of_http(call, status))(said)


def _of_http(call: str, status: int | None) -> type[ProviderError]:
    if status == 404 and call != "submit":
        return Gone
    if status == 409 and call == "cancel":
        return AlreadyEnded
    if status is not None and 400 <= status < 500 and status not in (404, 408, 409):
        return Rejected
    return unclear(call)
