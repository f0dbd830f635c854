"""What IBM's programs send, taken apart: plain JSON, and arrays unpacked one by one, bounded by what was asked for.

Programs sampler and estimator: the form of the SDK's RuntimeEncoder (qiskit_ibm_runtime.json), objects of `__type__`
and `__value__`, arrays as zlib-packed .npy files. Its decoder is not used: it builds the whole result at once, so that
one bad array costs all, unpacks without a bound, and makes objects of classes that the answer names.
Program executor: ibm_quantum_schemas.executor.version_2_0, tensors as zlib-packed bytes.
"""

import base64
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from qee.documents.canonical import DocumentError
from qee.documents.packing import inflated

_HEADER = 16 * 1024  # bytes of an .npy file before its numbers, at most


class Unreadable(ValueError):
    """A part of an answer that is not what was asked for. The message is for status."""


@dataclass(frozen=True)
class Bits:
    """One classical register's values. `row(number)`: those of one unit, a line of bytes a shot, the lowest first."""

    shots: int
    row: Callable[[int], "np.ndarray[Any, Any]"]


def typed(value: Any, *names: str) -> Any:
    if not isinstance(value, Mapping) or value.get("__type__") not in names:
        raise Unreadable(f"it has no {names[0]}")
    return value["__value__"]


def pub_results(value: Any) -> list[Any]:
    """Of a PrimitiveResult."""
    found = typed(value, "PrimitiveResult")["pub_results"]
    if not isinstance(found, list):
        raise Unreadable("its PUBs are no list")
    return found


def pub_fields(value: Any) -> Mapping[str, Any]:
    """The data of one PUB's result, by name."""
    data = typed(value, "SamplerPubResult", "EstimatorPubResult", "PubResult")["data"]
    fields = typed(data, "DataBin")["fields"]
    if not isinstance(fields, Mapping):
        raise Unreadable("a PUB's data is no map")
    return fields


def numbers(value: Any, count: int) -> "np.ndarray[Any, Any]":
    """So many doubles, flat."""
    found = _array(value, count * 8)
    if found.dtype != np.float64 or found.size != count:
        raise Unreadable(f"{found.size} numbers of type {found.dtype} came, {count} doubles were asked for")
    return found.reshape(-1)


def bit_array(value: Any, size: int, units: int, shots: int) -> Bits:
    """A BitArray of `size` bits and of `shots` shots at most for each of `units`. A shot's highest byte comes first."""
    inner = typed(value, "BitArray")
    if inner["num_bits"] != size:
        raise Unreadable(f"it has {str(inner['num_bits'])[:20]} bits, {size} were asked for")
    width = (size + 7) // 8
    array = _array(inner["array"], units * shots * width)
    if array.dtype != np.uint8 or array.ndim < 2 or array.shape[-1] != width:
        raise Unreadable(f"its array has the shape {array.shape} and the type {array.dtype}")
    if math.prod(array.shape[:-2]) != units:
        raise Unreadable(f"{math.prod(array.shape[:-2])} parameter sets came, {units} were asked for")
    lines = array.reshape((units, array.shape[-2], width))
    beyond = 0xFF << (size % 8) & 0xFF if size % 8 else 0

    def row(number: int) -> "np.ndarray[Any, Any]":
        found: np.ndarray[Any, Any] = lines[number]
        if beyond and (found[:, 0] & beyond).any():
            raise Unreadable(f"a value is beyond its {size} bits")
        return found[:, ::-1]

    return Bits(array.shape[-2], row)


def tensor(value: Any, size: int, units: int, shots: int) -> Bits:
    """The same of an executor's tensor of booleans: its last axis is the register's bits, the one before the shots."""
    shape, kind = value["shape"], value["dtype"]
    if kind != "bool" or not isinstance(shape, list) or len(shape) < 2 or not all(type(n) is int for n in shape):
        raise Unreadable(f"its tensor has the shape {str(shape)[:60]} and the type {str(kind)[:20]}")
    if shape[-1] != size:
        raise Unreadable(f"it has {shape[-1]} bits, {size} were asked for")
    if math.prod(shape[:-2]) != units or min(shape) < 0:
        raise Unreadable(f"{math.prod(shape[:-2])} parameter sets came, {units} were asked for")
    each = shape[-2] * size
    data = _unpacked(value["data"], (units * shots * size + 7) // 8)
    if len(data) != (units * each + 7) // 8:
        raise Unreadable(f"its tensor of shape {shape} has {len(data)} bytes")

    def row(number: int) -> "np.ndarray[Any, Any]":
        start, end = number * each, (number + 1) * each
        part = np.frombuffer(data[start // 8 : (end + 7) // 8], dtype=np.uint8)
        bits = np.unpackbits(part, bitorder="little")[start % 8 :][:each].reshape((shape[-2], size))
        return np.packbits(bits, axis=1, bitorder="little")

    return Bits(shape[-2], row)


def tally(lines: list["np.ndarray[Any, Any]"], sizes: list[int], order: bool) -> tuple[list[int], list[int], Any]:
    """Of the registers' lines of one unit: the distinct outcomes, how often each came; with `order` each shot's, as its
    place among them.

    An outcome is an integer whose bit i is the circuit's classical bit i; the registers are in the order of its bits.
    """
    whole = np.ascontiguousarray(np.concatenate(lines, axis=1))
    packed = whole.view(np.dtype((np.void, whole.shape[1]))).reshape(-1)
    unique: Any = np.unique
    distinct, *places, counts = unique(packed, return_inverse=order, return_counts=True)
    outcomes = []
    for each in distinct:
        data, place, value, offset = each.tobytes(), 0, 0, 0
        for size in sizes:
            width = (size + 7) // 8
            value |= int.from_bytes(data[place : place + width], "little") << offset
            place, offset = place + width, offset + size
        outcomes.append(value)
    return outcomes, counts.tolist(), places[0] if order else None


def _array(value: Any, most: int) -> "np.ndarray[Any, Any]":
    """An ndarray of `most` bytes at most, never of Python objects."""
    data = _unpacked(typed(value, "ndarray"), most + _HEADER)
    file = BytesIO(data)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file, max_header_size=_HEADER)
    left = len(data) - file.tell()
    if dtype.hasobject or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != left:
        raise Unreadable(f"an array of shape {shape} and type {str(dtype)[:20]} has {left} bytes")
    found: np.ndarray[Any, Any] = np.frombuffer(data, dtype=dtype, offset=file.tell())
    return found.reshape(shape, order="F" if fortran else "C")


def _unpacked(text: Any, most: int) -> bytes:
    if not isinstance(text, str):
        raise Unreadable("an array is no text")
    try:
        return inflated(base64.b64decode(text, validate=True), most)
    except DocumentError as error:
        raise Unreadable(f"of an array: {error}") from error
