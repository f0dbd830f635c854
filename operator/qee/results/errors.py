"""What goes wrong with a result in a notebook."""


class ResultError(ValueError):
    """What was asked for is not in the result, or what was given is none; the message names the remedy."""


class NotInstalled(ResultError, ImportError):
    """A library that only this call needs is missing; the message has the command that installs it."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"this needs {library}, which is not installed: pip install 'qee[{extra}]'")
