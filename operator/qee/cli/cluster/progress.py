"""What a waiting command shows: one live line on a terminal, else one plain line for each change. On stderr."""

import time
from typing import Any

from qee.api.conditions import Phase
from qee.cli import durations
from qee.cli.jobs import phase, reason_and_message
from qee.cli.terminal import console, note, printable

SAYS_NOTHING_NEW = frozenset({Phase.RUNNING, Phase.SUCCEEDED})  # phases whose message people need not read


class Progress:
    """A context manager; `show` takes each state of the job, `line` anything that shall stay."""

    def __init__(self, name: str, clock: Any = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._shown = ""
        found = console()
        self._live: Any = found.status("", spinner="dots") if found else None

    def __enter__(self) -> "Progress":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, job: dict[str, Any]) -> None:
        now = phase(job)
        _, message = reason_and_message(job)
        text = now if now in SAYS_NOTHING_NEW or not message else f"{now}: {message}"
        if text == self._shown:
            return
        self._shown = text
        if self._live:
            self._live.update(_Running(f"{printable(self._name)}: {printable(text)}", self._clock))
        else:
            note(f"{printable(self._name)}: {printable(text)}")

    def line(self, text: str) -> None:
        """A line above the live one. The caller has escaped it."""
        if self._live:
            self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            note(text)


class _Running:
    """A text with the seconds since it was first shown; rich asks for it anew at each turn of the spinner."""

    def __init__(self, text: str, clock: Any) -> None:
        self._text = text
        self._clock = clock
        self._since = clock()

    def __rich__(self) -> Any:
        from rich.text import Text

        return Text(f"{self._text} ({durations.short(self._clock() - self._since)})", overflow="ellipsis", no_wrap=True)
