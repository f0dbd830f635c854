"""The numbers of a document's arrays, without numpy: the command line shows them and has no numpy."""

import sys
from array import array
from collections.abc import Sequence

from qee.documents.result import Array

_CODES = {"float32": "f", "float64": "d", "complex64": "f", "complex128": "d"}


def reals(numbers: Array) -> Sequence[float]:
    """All numbers in order, of a complex array its real and imaginary parts in turn. Raises DocumentError."""
    found = array(_CODES[numbers.dtype], numbers.raw())
    if sys.byteorder == "big":
        found.byteswap()
    return found


def amplitudes(numbers: Array) -> list[complex]:
    """The numbers of a complex array. Raises DocumentError."""
    parts = reals(numbers)
    return [complex(real, imaginary) for real, imaginary in zip(parts[::2], parts[1::2], strict=True)]


def bits(numbers: Array) -> int:
    """How many bits the index of a one-dimensional array has: its length is 2^bits."""
    return max(numbers.shape[0].bit_length() - 1, 0)
