"""Errors of Google's SDK in words of the protocol."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import google.auth.exceptions
from cirq_google.engine.engine_client import EngineException
from google.api_core.exceptions import GoogleAPICallError
from google.rpc.error_details_pb2 import RetryInfo

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
from qee.connectors.vendors.google.words import excerpt


class Exists(Ambiguous):
    """The id is taken: by a submission under the same key."""


@contextmanager
def mapped(call: str, secret: Callable[[], str] = str) -> Iterator[None]:
    """The SDK's errors as ProviderErrors, without the SDK's own as a cause: it may quote the request."""
    unclear = Ambiguous if call == "submit" else Unreachable
    try:
        yield
    except ProviderError:
        raise
    except EngineException as error:
        raise _of_code(call, error, unclear, secret()) from None
    except google.auth.exceptions.TransportError as error:
        raise unclear(f"{call}: no token could be got ({type(error).__name__}); nothing was sent") from None
    except google.auth.exceptions.GoogleAuthError as error:
        if error.retryable:
            raise unclear(f"{call}: no token could be got at present; nothing was sent") from None
        raise Unauthorized(
            f"{call}: the credential gives no token ({type(error).__name__}); replace it in the Secret"
        ) from None
    except TimeoutError as error:  # 500 or 503
        told = str(error).removeprefix("Reached max retry attempts for error: ")  # it was tried once
        raise unclear(f"{call}: no answer of use from Quantum Engine{excerpt(told, secret())}") from None


def _of_code(call: str, error: EngineException, unclear: type[ProviderError], secret: str) -> ProviderError:
    code = int(error.code) if error.code else 0
    said = f"{call}: Quantum Engine says {code or 'an unknown error'}{excerpt(str(error), secret)}"
    if code in (401, 403):
        return Unauthorized(f"{said}; check the credential and its roles in the project")
    if code == 429:
        return Throttled(said, _retry_after(error.__cause__))
    if code == 409:
        return Exists(said) if call == "submit" else AlreadyEnded(said) if call == "cancel" else unclear(said)
    if code == 404:
        if call == "submit":
            return Ambiguous(said)
        return Rejected(f"{said}; check spec.device and spec.options.project") if call == "describe" else Gone(said)
    if 400 <= code < 500 and code not in (408, 499):  # 499 is gRPC's CANCELLED
        return Rejected(said)
    return unclear(said)


def _retry_after(cause: BaseException | None) -> float:
    """google.rpc.RetryInfo, where the engine sends it."""
    details = cause.details if isinstance(cause, GoogleAPICallError) else ()
    found = [each.retry_delay for each in details if isinstance(each, RetryInfo)]
    return max(1.0, found[0].seconds + found[0].nanos / 1e9) if found else 60.0
