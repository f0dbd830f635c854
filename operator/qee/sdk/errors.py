"""Why a run was refused or failed, in words that may go into a job's status."""

from qee.api.names import EXIT_INTERNAL, EXIT_PERMANENT
from qee.api.reasons import Reason

# A broken node, a volume that is full, or a bug in the runner: another attempt may succeed. Everything else fails the
# same way again.
_INTERNAL = frozenset({Reason.RUNNER_FAILED, Reason.SANDBOX_FAILED, Reason.RESULT_NOT_WRITTEN})


class RunnerError(Exception):
    """A run that gives no result. `message` names circuit, line, construct and remedy, and quotes no source or file."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    @property
    def exit_code(self) -> int:
        return EXIT_INTERNAL if self.reason in _INTERNAL else EXIT_PERMANENT
