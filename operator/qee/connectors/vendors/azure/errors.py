"""Errors of Azure's SDK in words of the protocol."""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

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
from qee.connectors.wording import clean

_EXCERPT = 200


@contextmanager
def mapped(call: str, key: str, *, absent: type[ProviderError] = Gone) -> Iterator[None]:
    """SDK's errors as ProviderErrors. `call`: what is done, in a verb. `absent`: what a 404 is.

    `from None` throughout: the SDK's errors quote addresses, and a blob's address holds its token.
    """
    submitting = call == "submit"
    unclear = Ambiguous if submitting else Unreachable
    try:
        yield
    except ProviderError:
        raise
    except HttpResponseError as error:
        raise _of_status(error, call, key, unclear if submitting else absent) from None
    except AzureError as error:
        raise unclear(f"{call}: no answer from Azure Quantum ({type(error).__name__}); see its status page") from None
    except (FileNotFoundError, PermissionError):
        raise Unauthorized(f"{call}: the workload identity's token file cannot be read; mount it anew") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # an answer of another form
        raise unclear(f"{call}: Azure Quantum's answer cannot be read ({type(error).__name__})") from None


def _of_status(error: HttpResponseError, call: str, key: str, absent: type[ProviderError]) -> ProviderError:
    status = error.status_code
    said = f"{call}: Azure Quantum says HTTP {status}{_excerpt(error, key)}"
    if status in (401, 403) or (status is None and isinstance(error, ClientAuthenticationError)):
        return Unauthorized(f"{said}; check the access key or the role of the workload identity")
    if status == 429:
        return Throttled(said, _retry_after(error))
    if status == 404:
        remedies = {
            "describe": "check the target and the names in spec.options",
            "fetch": "the result may not be written yet, or the workspace's storage account has deleted it",
        }
        return absent(f"{said}; {remedies[call]}" if call in remedies else said)
    if call == "cancel" and status == 409:
        return AlreadyEnded(said)
    if status is not None and 400 <= status < 500 and status not in (408, 409):
        return Rejected(said)
    return (Ambiguous if call == "submit" else Unreachable)(said)


def _excerpt(error: HttpResponseError, key: str) -> str:
    """The service's own code and message; of the storage only its code, for its words quote addresses."""
    told, stored = error.error, getattr(error, "error_code", None)
    if told is not None and (told.code or told.message):
        text = f"{told.code}: {told.message}"
    else:
        text = str(getattr(stored, "value", stored) or "")
    text = clean(text.replace(key, "***") if key else text, _EXCERPT)
    return f" ({text})" if text else ""


def _retry_after(error: HttpResponseError) -> float:
    given = error.response.headers.get("Retry-After", "") if error.response is not None else ""
    return float(given) if given.isascii() and given.isdecimal() else 60.0
