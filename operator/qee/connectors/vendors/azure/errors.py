"""Errors of Azure's SDK in words of the protocol."""

from contextlib import AbstractContextManager
from functools import partial

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from qee.connectors.protocol import Ambiguous, Gone, ProviderError, Unauthorized
from qee.connectors.vendors import errors
from qee.connectors.vendors.errors import says
from qee.connectors.wording import quoted

_REMEDIES = {
    ("describe", 404): "; check the target and the names in spec.options",
    ("fetch", 404): "; the result may not be written yet, or the workspace's storage account has deleted it",
}


def mapped(call: str, key: str, *, absent: type[ProviderError] = Gone) -> AbstractContextManager[None]:
    """`call`: what is done, in a verb. `key` is hidden. `absent`: what a 404 is, but of a submission."""
    return errors.mapped(
        call,
        (HttpResponseError, partial(_answered, key, absent)),
        (AzureError, says("no answer from Azure Quantum ({error}); see its status page")),
        (
            (FileNotFoundError, PermissionError),
            says("the workload identity's token file cannot be read; mount it anew", Unauthorized),
        ),
        ((ValueError, TypeError, KeyError, AttributeError), says("Azure Quantum's answer cannot be read ({error})")),
    )


def _answered(key: str, absent: type[ProviderError], call: str, error: HttpResponseError) -> ProviderError:
    status = error.status_code
    said = f"{call}: Azure Quantum says HTTP {status}{_excerpt(error, key)}{_REMEDIES.get((call, status or 0), '')}"
    if status is None and isinstance(error, ClientAuthenticationError):
        status = 401
    return errors.of_status(
        call,
        status,
        said,
        "check the access key or the role of the workload identity",
        error.response.headers.get("Retry-After") if error.response is not None else None,
        {404: Ambiguous if call == "submit" else absent},
    )


def _excerpt(error: HttpResponseError, key: str) -> str:
    """The service's own code and message; of the storage only its code, for its words quote addresses."""
    told, stored = error.error, getattr(error, "error_code", None)
    if told is not None and (told.code or told.message):
        return quoted(f"{told.code}: {told.message}", key)
    return quoted(str(getattr(stored, "value", stored) or ""), key)
