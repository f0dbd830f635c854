"""What ends a command other than success: one line for people, one exit code for scripts."""

from collections.abc import Sequence

from qee.cli import exits
from qee.cli.extras import EXTRAS
from qee.kube.port import ApiError, NotFound


class Problem(Exception):
    """`message` says what is wrong and what to do; `details` are further lines, such as one for each bad field."""

    def __init__(self, message: str, code: int = exits.USAGE, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details


def listed(names: Sequence[str]) -> str:
    """The first eight of them."""
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def needed(what: str, module: str) -> Problem:
    return Problem(f"{what} needs {module}, which is not installed: pip install 'qee[{EXTRAS[module]}]'")


def refused(error: ApiError) -> Problem:
    """The API server's answer as a problem, in the server's words where it has some."""
    if error.status == 0:
        return Problem(f"the API server cannot be reached ({error.message}); check --context and the network")
    if error.status == 401:
        return Problem("the API server does not know you (401); log in again, or check the kubeconfig's user")
    if error.status == 403:
        return Problem(f"not allowed: {error.message}")
    if isinstance(error, NotFound) and (not error.reason or "could not find the requested resource" in error.message):
        return Problem("this cluster does not know qee.dev/v1alpha1; install QEE's CRDs, or check --context")
    if error.status == 422 and error.causes:
        details = [f"{field}: {message}" if field else message for field, message in error.causes]
        return Problem("the API server refused the object as invalid", details=details)
    return Problem(f"the API server answered {error.status}: {error.message or error.reason}")
