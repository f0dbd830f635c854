"""Memory that became free is given back to the system: a crowd of jobs must not be paid for after it has gone."""

import contextlib
import ctypes

FEW = 100  # objects that have gone since the last time: done once no more are going
MANY = 5000  # done whatever goes on
EVERY = 5.0  # seconds from one look to the next


def give_back() -> None:
    """glibc keeps what lies between things that live on; nothing is done where the C library is another one."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
