"""Why a run was refused or failed, in words that may go into a job's status."""

from functools import partial

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


# The refusals that say why in their name; each takes the message.
invalid_spec = partial(RunnerError, Reason.INVALID_SPEC)
invalid_circuit = partial(RunnerError, Reason.INVALID_CIRCUIT)
unsupported_construct = partial(RunnerError, Reason.UNSUPPORTED_CONSTRUCT)
circuit_too_large = partial(RunnerError, Reason.CIRCUIT_TOO_LARGE)
limit_exceeded = partial(RunnerError, Reason.LIMIT_EXCEEDED)
