"""What an answer of IBM's service means that is no success, by call and status.

After IBM's OpenAPI document of the service (Qiskit Runtime 0.45.3, quantum.cloud.ibm.com/api/openapi.json): every
status that it lists of a call that we make.
"""

from collections.abc import Mapping

from requests import Response

from qee.connectors.protocol import AlreadyEnded, Gone, ProviderError, Rejected, Unreachable
from qee.connectors.vendors import errors
from qee.connectors.wording import quoted

MEANINGS: Mapping[str, errors.Kinds] = {
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


def problem(call: str, response: Response) -> ProviderError:
    """The exception for an answer with a status of 300 or more."""
    status = response.status_code
    words = quoted(_words(response) or _WORDS.get((call, status), ""))
    told = f"{call}: IBM answers {status}{words}{_REMEDIES.get((call, status), '')}"
    # What is not listed says nothing; but of a submission it is as HTTP has it.
    unlisted: errors.Kinds = {} if call == "submit" else {status: Unreachable}
    credential = "check the API key and its access to the instance"
    after = response.headers.get("Retry-After", "")
    after = after if len(after) < 6 else None  # nobody waits for a day
    return errors.of_status(call, status, told, credential, after, {**unlisted, **MEANINGS[call]})


def _words(response: Response) -> str:
    """IBM's own code and message, where the answer has them: {"errors": [{"code": "1210", "message": ...}]}."""
    try:
        first = response.json()["errors"][0]
        return ": ".join(str(first[name]) for name in ("code", "message") if first.get(name))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return ""
