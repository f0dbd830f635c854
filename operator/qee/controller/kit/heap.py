"""Memory that became free is given back to the system: a crowd of jobs must not be paid for after it has gone."""

import contextlib
import ctypes

ENOUGH = 1000  # objects that have gone since the last time
EVERY = 10.0  # seconds at least from one time to the next: it takes some milliseconds


def give_back() -> None:
    """glibc keeps what lies between things that live on; nothing is done where the C library is another one."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
