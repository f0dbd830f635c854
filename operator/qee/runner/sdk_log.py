"""What SDKs log and warn of: kept, and told only where a run fails for no reason that is known.

Aer logs "Simulation failed" where the runner then takes another method and succeeds; without a handler Python would
print that.
"""

import logging
import sys
from collections import deque

_MESSAGES = 20
_CHARACTERS = 2_000  # of one


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: deque[str] = deque(maxlen=_MESSAGES)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.messages.append(f"{record.name}: {record.getMessage()}"[:_CHARACTERS])
        except Exception:  # a message that does not fit its arguments is no reason to fail
            self.messages.append(record.name)


_kept = _Kept()


def keep() -> None:
    """From now on, and once for the process."""
    if _kept not in logging.getLogger().handlers:
        logging.getLogger().addHandler(_kept)
        logging.captureWarnings(True)


def tell() -> None:
    """Writes what was kept to standard error."""
    while _kept.messages:
        sys.stderr.write(f"{_kept.messages.popleft()}\n")
