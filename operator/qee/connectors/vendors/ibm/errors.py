"""What an answer of IBM's service means that is no success, by call and status.

After IBM's OpenAPI document of the service (Qiskit Runtime 0.45.3, quantum.cloud.ibm.com/api/openapi.json): every
status that it lists of a call that we make. A status that it does not list means what HTTP says.
"""

from collections.abc import Mapping

from requests import Response

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

MEANINGS: Mapping[str, Mapping[int, type[ProviderError]]] = {
    "submit": {400: Rejected, 404: Rejected, 409: Rejected},
    "find": {400: Unreachable, 404: Unreachable},
    "status": {404: Gone},
    "fetch": {400: Unreachable, 404: Gone},
    "cancel": {400: Rejected, 404: Gone, 409: AlreadyEnded, 500: Unreachable},
    "describe": {404: Gone},
}
# The document's own words, for an answer that brings none, and what to do.
_WORDS = {
    ("submit", 404): "backend not found",
    ("submit", 409): "usage exceeds instance limit",
    ("cancel", 400): "bad cancel request",
    ("cancel", 409): "job is in non cancellable status",
}
_REMEDIES = {
    ("submit", 404): "; correct spec.device of the backend or providerOptions.session_id, or allocate the device",
    ("submit", 409): "; raise the instance's limit at IBM, or wait until its usage is below it; a session must be open",
}
_RETRY_AFTER = 60.0


def problem(call: str, response: Response) -> ProviderError:
    """The exception for an answer with a status of 300 or more."""
    status = response.status_code
    words = excerpt(response) or _WORDS.get((call, status), "")
    told = f"{call}: IBM answers {status}{f' ({words})' if words else ''}"
    if status in (401, 403):
        return Unauthorized(f"{told}; check the API key and its access to the instance")
    if status == 429:
        return Throttled(told, _retry_after(response))
    kind = MEANINGS[call].get(status)
    if kind is None and call == "submit":
        kind = Rejected if 400 <= status < 500 and status != 408 else Ambiguous
    return (kind or Unreachable)(told + _REMEDIES.get((call, status), ""))


def excerpt(response: Response) -> str:
    """IBM's own code and message, where the answer has them: {"errors": [{"code": "1210", "message": ...}]}."""
    try:
        first = response.json()["errors"][0]
        text = ": ".join(str(first[name]) for name in ("code", "message") if first.get(name))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return ""
    return clean(text, 200)


def _retry_after(response: Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else _RETRY_AFTER
