"""A job that cannot run as it is, or may not run now."""

from functools import partial

from qee.api.reasons import Reason


class Refused(Exception):
    """The job fails, with this reason and message; or waits, while what is missing may still come."""

    def __init__(self, reason: Reason, message: str, *, waiting: Reason | None = None) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.waiting = waiting
        """The reason to show while the missing thing may still come; None where waiting is in vain."""

    def __reduce__(self) -> tuple[object, ...]:
        return partial(Refused, waiting=self.waiting), (self.reason, self.message)


def refused(reason: Reason, problem: str, *, waiting: Reason | None = None) -> Refused:
    """With the reason's remedy behind the problem."""
    return Refused(reason, f"{problem} {reason.remedy}", waiting=waiting)


def invalid(problem: str) -> Refused:
    """Of a spec that no cluster runs as it is; `problem` says what to change."""
    return Refused(Reason.INVALID_SPEC, problem)


class Denied(Exception):
    """The job may not start, for a reason that verification finds only as it starts: it is Unverified."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
