"""Errors of Google's SDK in words of the protocol."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import google.auth.exceptions
from cirq_google.engine.engine_client import EngineException
from google.api_core.exceptions import GoogleAPICallError
from google.rpc.error_details_pb2 import RetryInfo

from qee.connectors.protocol import Ambiguous, ProviderError, Rejected, Throttled, Unauthorized
from qee.connectors.vendors import errors
from qee.connectors.vendors.errors import says
from qee.connectors.wording import quoted


class Exists(Ambiguous):
    """The id is taken: by a submission under the same key."""


_DOCUMENTED: Mapping[str, errors.Kinds] = {"submit": {409: Exists}, "describe": {404: Rejected}}
_CANCELLED = 499  # gRPC's, which is no refusal: as HTTP's 408
_NO_TOKEN = says("no token could be got ({error}); nothing was sent")
_NO_TOKEN_NOW = says("no token could be got at present; nothing was sent")
_NO_CREDENTIAL = says("the credential gives no token ({error}); replace it in the Secret", Unauthorized)


def mapped(call: str, secret: Callable[[], str] = str) -> AbstractContextManager[None]:
    def answered(call: str, error: EngineException) -> ProviderError:
        return _of_code(call, error, secret())

    def failed(call: str, error: TimeoutError) -> ProviderError:
        told = str(error).removeprefix("Reached max retry attempts for error: ")  # it was tried once
        return errors.unclear(call)(f"{call}: no answer of use from Quantum Engine{quoted(told, secret())}")

    return errors.mapped(
        call,
        (EngineException, answered),
        (google.auth.exceptions.TransportError, _NO_TOKEN),
        (google.auth.exceptions.GoogleAuthError, _no_token),
        (TimeoutError, failed),  # 500 or 503
    )


def _no_token(call: str, error: google.auth.exceptions.GoogleAuthError) -> ProviderError:
    return (_NO_TOKEN_NOW if error.retryable else _NO_CREDENTIAL)(call, error)


def _of_code(call: str, error: EngineException, secret: str) -> ProviderError:
    code = int(error.code) if error.code else 0
    said = f"{call}: Quantum Engine says {code or 'an unknown error'}{quoted(str(error), secret)}"
    if code == 429:
        return Throttled(said, _retry_after(error.__cause__))
    if (call, code) == ("describe", 404):
        said += "; check spec.device and spec.options.project"
    credential = "check the credential and its roles in the project"
    meant = 408 if code == _CANCELLED else code
    return errors.of_status(call, meant, said, credential, None, _DOCUMENTED.get(call))


def _retry_after(cause: BaseException | None) -> float:
    """google.rpc.RetryInfo, where the engine sends it."""
    details = cause.details if isinstance(cause, GoogleAPICallError) else ()
    found = [each.retry_delay for each in details if isinstance(each, RetryInfo)]
    return max(1.0, found[0].seconds + found[0].nanos / 1e9) if found else errors.RETRY_AFTER
