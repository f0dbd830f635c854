"""Results of IBM's programs, generated and spoilt: each unit's is right, or missing with why, whatever the others are.

The bytes are made here, by numpy and zlib, in the forms of the SDK's encoder and of ibm_quantum_schemas; what they must
give is counted from the generated shots in plain Python.
"""

import base64
import copy
import io
import json
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qee.connectors.protocol import UnitResult
from qee.connectors.vendors.ibm.payload import Payload, Shape
from qee.connectors.vendors.ibm.results import fetched
from qee.documents.compiled import Unit
from qee.documents.result import Register

_WHOLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)  # nothing of it can be read


@dataclass(frozen=True)
class Circuit:
    """`shots[row]`: of each shot the registers' values, as integers."""

    registers: tuple[tuple[str, int], ...]
    shots: tuple[tuple[tuple[int, ...], ...], ...]

    def units(self, number: int) -> list[Unit]:
        registers = tuple(Register(name, size) for name, size in self.registers)
        wires = tuple(range(sum(size for _, size in self.registers)))
        return [Unit(f"c{number}", row, len(shots), registers, wires) for row, shots in enumerate(self.shots)]

    def keys(self, row: int) -> tuple[str, ...]:
        sizes = [size for _, size in self.registers]
        return tuple(
            "".join(f"{value:0{size}b}" for value, size in reversed(list(zip(shot, sizes, strict=True))))
            for shot in self.shots[row]
        )


@st.composite
def _circuits(draw: st.DrawFn) -> list[Circuit]:
    shots = draw(st.integers(1, 9))
    found = []
    for _ in range(draw(st.integers(1, 3))):
        sizes = draw(st.lists(st.integers(1, 20), min_size=1, max_size=3))
        one = st.tuples(*(st.integers(0, 2**size - 1) for size in sizes))
        rows = draw(st.lists(st.tuples(*[one] * shots), min_size=1, max_size=3))
        found.append(Circuit(tuple((f"r{n}", size) for n, size in enumerate(sizes)), tuple(rows)))
    return found


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def ndarray(array: Any) -> dict[str, Any]:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return {"__type__": "ndarray", "__value__": packed(file.getvalue())}


def primitive(pubs: list[dict[str, Any]]) -> dict[str, Any]:
    """A PrimitiveResult of SamplerPubResults with these fields."""
    made = []
    for fields in pubs:
        data = {"__type__": "DataBin", "__value__": {"field_names": list(fields), "shape": [], "fields": fields}}
        made.append({"__type__": "SamplerPubResult", "__value__": {"data": data, "metadata": {}}})
    return {"__type__": "PrimitiveResult", "__value__": {"pub_results": made, "metadata": {"version": 2}}}


def bit_array(rows: list[list[int]], size: int) -> dict[str, Any]:
    width = (size + 7) // 8
    lines = [[list(value.to_bytes(width, "big")) for value in row] for row in rows]
    array = np.array(lines, dtype=np.uint8).reshape((len(rows), len(rows[0]), width))
    return {"__type__": "BitArray", "__value__": {"array": ndarray(array), "num_bits": size}}


def tensor(rows: list[list[int]], size: int) -> dict[str, Any]:
    bits = np.array([[[value >> bit & 1 for bit in range(size)] for value in row] for row in rows], dtype=np.uint8)
    shape = [len(rows), len(rows[0]), size]
    return {"data": packed(np.packbits(bits, bitorder="little").tobytes()), "shape": shape, "dtype": "bool"}


def columns(circuit: Circuit, number: int) -> list[list[int]]:
    return [[shot[number] for shot in row] for row in circuit.shots]


def sampled(circuits: list[Circuit]) -> tuple[Payload, dict[str, Any]]:
    shapes = tuple(Shape(len(each.shots), each.registers) for each in circuits)
    result = primitive(
        [
            {name: bit_array(columns(each, n), size) for n, (name, size) in enumerate(each.registers)}
            for each in circuits
        ]
    )
    return Payload("sampler", {"pubs": []}, shapes, memory=True), result


def executed(circuits: list[Circuit]) -> tuple[Payload, dict[str, Any]]:
    shapes = tuple(Shape(len(each.shots), each.registers) for each in circuits)
    data = [
        {
            "results": {name: tensor(columns(each, n), size) for n, (name, size) in enumerate(each.registers)},
            "metadata": {"scheduler_timing": None, "stretch_values": None},
        }
        for each in circuits
    ]
    shots = len(circuits[0].shots[0])
    result = {"schema_version": "v2.0", "data": data, "metadata": {"chunk_timing": []}, "passthrough_data": None}
    return Payload("executor", {"quantum_program": {"shots": shots}}, shapes, memory=True), result


def read(payload: Payload, result: Any, circuits: list[Circuit]) -> list[UnitResult]:
    units = [unit for number, each in enumerate(circuits) for unit in each.units(number)]
    return list(fetched(json.dumps(result).encode(), payload, units).units)


def expected(circuits: list[Circuit]) -> list[UnitResult]:
    keys = [each.keys(row) for each in circuits for row in range(len(each.shots))]
    return [UnitResult(counts=dict(Counter(each)), memory=each) for each in keys]


PROGRAMS = pytest.mark.parametrize("make", [sampled, executed])


@PROGRAMS
@given(circuits=_circuits())
def test_counts_and_shots_are_those_that_were_sent(make: Callable[..., Any], circuits: list[Circuit]) -> None:
    payload, result = make(circuits)
    assert read(payload, result, circuits) == expected(circuits)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 300) | st.floats() | st.text("a1=", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a1=", max_size=4), inner, max_size=3),
    max_leaves=4,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in _places(each, (*path, key)))]


@PROGRAMS
@given(circuits=_circuits(), data=st.data())
def test_a_spoilt_answer_gives_each_unit_its_own_result_or_none(
    make: Callable[..., Any], circuits: list[Circuit], data: st.DataObject
) -> None:
    payload, result = make(circuits)
    place = data.draw(st.sampled_from(_places(result)[1:]))
    spoilt = copy.deepcopy(result)
    inner = spoilt
    for key in place[:-1]:
        inner = inner[key]
    if data.draw(st.booleans()):
        inner[place[-1]] = data.draw(JSON)
    else:
        del inner[place[-1]]
    try:
        found = read(payload, spoilt, circuits)
    except _WHOLE:
        return
    for mine, right in zip(found, expected(circuits), strict=True):
        assert mine == right or (mine.problem and mine == UnitResult(problem=mine.problem))


TWO = Circuit((("c", 2),), (tuple((n % 4,) for n in range(10)), tuple((n % 3,) for n in range(10))))
OTHER = Circuit((("c", 2),), (tuple((1,) for _ in range(10)),))
ROWS = columns(TWO, 0)


def _bits(array: Any, size: Any = 2) -> dict[str, Any]:
    inner = array if isinstance(array, dict) else ndarray(array)
    return {"__type__": "BitArray", "__value__": {"array": inner, "num_bits": size}}


def _file(data: bytes) -> dict[str, Any]:
    return {"__type__": "ndarray", "__value__": packed(data)}


def _pickled() -> dict[str, Any]:
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return _bits(_file(file.getvalue()))


def _tensor(**changes: Any) -> dict[str, Any]:
    return {**tensor(ROWS, 2), **changes}


ZEROS = np.zeros((2, 10, 1), dtype=np.uint8)
# In place of the first circuit's register c: what is told of it, which has two units of 10 shots of 2 bits.
SPOILT_BITS: dict[str, tuple[Any, str]] = {
    "no shots": (_bits(ZEROS[:, :0]), "0 shots came, 10 were asked for"),
    "three shots": (_bits(ZEROS[:, :3]), "3 shots came, 10 were asked for"),
    "more shots": (_bits(np.zeros((2, 11, 1), dtype=np.uint8)), "11 shots came, 10 were asked for"),
    "one unit": (_bits(ZEROS[:1]), "1 parameter sets came, 2 were asked for"),
    "three bits": (_bits(ZEROS, 3), "register c: it has 3 bits, 2 were asked for"),
    "bits of text": (_bits(ZEROS, "2"), "it has 2 bits, 2 were asked for"),
    "two bytes": (_bits(np.zeros((2, 10, 2), dtype=np.uint8)), "its array has the shape"),
    "doubles": (_bits(np.zeros((2, 10, 1))), "its array has the shape (2, 10, 1) and the type float64"),
    "no axes": (_bits(np.uint8(3)), "its array has the shape ()"),
    "objects": (_pickled(), "an array of shape"),
    "a bomb": (_bits(_file(b"\0" * 300_000_000)), "unpacked it has more than"),
    "not packed": (_bits({"__type__": "ndarray", "__value__": "AAAA"}), "it is not packed"),
    "no base64": (_bits({"__type__": "ndarray", "__value__": "%"}), "cannot be read"),
    "a list": (_bits({"__type__": "ndarray", "__value__": [[0]]}), "an array is no text"),
    "no array": (_bits({"__type__": "BitArray", "__value__": {}}), "it has no ndarray"),
    "no file": (_bits(_file(b"abc")), "cannot be read"),
    "a cut file": (_bits(_file(b"\x93NUMPY\x01\x00\x76\x00{")), "cannot be read"),
    "another type": ({"__type__": "settings", "__module__": "os", "__class__": "x", "__value__": {}}, "no BitArray"),
    "a number": (7, "no BitArray"),
}
SPOILT_TENSORS: dict[str, tuple[Any, str]] = {
    "no shots": ({"data": packed(b""), "shape": [2, 0, 2], "dtype": "bool"}, "0 shots came, 10 were asked for"),
    "three shots": (tensor([row[:3] for row in ROWS], 2), "3 shots came, 10 were asked for"),
    "more shots": (tensor([[*row, 0] for row in ROWS], 2), "more than"),
    "one unit": (tensor(ROWS[:1], 2), "1 parameter sets came, 2 were asked for"),
    "three bits": (tensor(ROWS, 3), "register c: it has 3 bits, 2 were asked for"),
    "complex": (_tensor(dtype="c128"), "the type c128"),
    "fewer bytes": (_tensor(data=packed(b"1234")), "its tensor of shape [2, 10, 2] has 4 bytes"),
    "a negative shape": (_tensor(shape=[-2, -10, 2]), "parameter sets came"),
    "a huge shape": (_tensor(shape=[2, 10**30, 2]), "its tensor of shape"),
    "no shape": (_tensor(shape="2"), "its tensor has the shape 2"),
    "a bomb": (_tensor(data=packed(b"\0" * 300_000_000)), "unpacked it has more than 5 bytes"),
    "a number": (7, "cannot be read"),
}
CASES = [
    *((sampled, name, value, told) for name, (value, told) in SPOILT_BITS.items()),
    *((executed, name, value, told) for name, (value, told) in SPOILT_TENSORS.items()),
]


def _fields(result: dict[str, Any], number: int = 0) -> dict[str, Any]:
    if "data" in result:
        found: dict[str, Any] = result["data"][number]["results"]
        return found
    found = result["__value__"]["pub_results"][number]["__value__"]["data"]["__value__"]["fields"]
    return found


@pytest.mark.parametrize(("make", "name", "value", "told"), CASES, ids=[f"{m.__name__} {n}" for m, n, *_ in CASES])
def test_a_spoilt_register_costs_its_circuit_only_and_no_memory(
    make: Callable[..., Any], name: str, value: Any, told: str
) -> None:
    payload, result = make([TWO, OTHER])
    _fields(result)["c"] = value
    text = json.dumps(result).encode()
    units = [*TWO.units(0), *OTHER.units(1)]
    tracemalloc.start()
    found = fetched(text, payload, units).units
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told in found[0].problem
    assert found[0].counts is None
    assert found[2] == expected([OTHER])[0]
    assert peak < 8 * len(text) + 2**20


@PROGRAMS
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda fields: fields.update(d=fields["c"]), "it has registers c, d, asked for were c"),
        (lambda fields: fields.update(d=fields.pop("c")), "it has registers d, asked for were c"),
        (lambda fields: fields.clear(), "asked for were c"),
    ],
)
def test_registers_that_were_not_asked_for_are_no_answer(make: Callable[..., Any], change: Any, told: str) -> None:
    payload, result = make([TWO, OTHER])
    change(_fields(result))
    found = read(payload, result, [TWO, OTHER])
    assert told in found[0].problem
    assert found[2] == expected([OTHER])[0]


def test_a_value_beyond_its_register_costs_its_unit_only() -> None:
    payload, result = sampled([TWO, OTHER])
    array = np.array(ROWS, dtype=np.uint8).reshape((2, 10, 1))
    array[0, 3, 0] = 255
    _fields(result)["c"] = _bits(array)
    found = read(payload, result, [TWO, OTHER])
    assert found[0].problem == "the provider's result cannot be read (a value is beyond its 2 bits)"
    assert found[1:] == expected([TWO, OTHER])[1:]


@PROGRAMS
def test_more_results_than_were_asked_for_are_no_answer_to_any(make: Callable[..., Any]) -> None:
    payload, _ = make([TWO, OTHER])
    _, result = make([TWO, OTHER, OTHER])
    assert {each.problem for each in read(payload, result, [TWO, OTHER])} == {"IBM gave 3 results for 2 circuits"}


@PROGRAMS
def test_fewer_results_than_were_asked_for_leave_those_that_came(make: Callable[..., Any]) -> None:
    payload, _ = make([TWO, OTHER])
    _, result = make([TWO])
    found = read(payload, result, [TWO, OTHER])
    assert found[:2] == expected([TWO])
    assert "IBM gave none for its circuit" in found[2].problem


@st.composite
def _groups(draw: st.DrawFn) -> tuple[int, list[list[list[int]]]]:
    """Shots, and of two groups of terms on two qubits, for each of two parameter sets, what each shot gave."""
    shots = draw(st.integers(2, 12))
    row = st.lists(st.integers(0, 3), min_size=shots, max_size=shots)
    return shots, draw(st.lists(st.lists(row, min_size=2, max_size=2), min_size=2, max_size=2))


MEASURED = {
    "constants": {"energy": 0.5, "parity": 0.0},
    "groups": [
        {"basis": "ZZ", "terms": {"energy": [["ZI", 2.0], ["ZZ", -1.0]], "parity": [["ZZ", 1.0]]}},
        {"basis": "XX", "terms": {"energy": [["XX", 3.0]]}},
    ],
}


def _measured(shots: int, groups: list[list[list[int]]]) -> tuple[Payload, dict[str, Any], list[Unit]]:
    data = [{"results": {"c": tensor(rows, 2)}, "metadata": {}} for rows in groups]
    result = {"schema_version": "v2.0", "data": data, "metadata": {"chunk_timing": []}, "passthrough_data": None}
    shape = Shape(2, (("c", 2),), MEASURED)
    payload = Payload("executor", {"quantum_program": {"shots": shots}}, (shape,), executions=4 * shots)
    return payload, result, [Unit("m", row, 10, (), (), ("energy", "parity")) for row in range(2)]


@given(drawn=_groups())
def test_values_are_means_of_weighted_parities_and_errors_those_of_their_sum(drawn: Any) -> None:
    shots, groups = drawn
    payload, result, units = _measured(shots, groups)
    found = fetched(json.dumps(result).encode(), payload, units).units
    signs = np.array([1, -1])
    for row, unit in enumerate(found):
        z, x = (np.array(group[row]) for group in groups)
        high, both = signs[z >> 1], signs[z >> 1] * signs[z & 1]
        sums = {"energy": (2 * high - both, 3 * signs[x >> 1] * signs[x & 1]), "parity": (both,)}
        assert unit.expectation is not None
        for name, parts in sums.items():
            value, error = (float(each) for each in unit.expectation[name])
            assert value == pytest.approx(sum(part.mean() for part in parts) + MEASURED["constants"][name])
            # Two shots that were not seen, at both ends of what the sum can be: 3 in either group of energy.
            end = 1 if name == "parity" else 3
            assert error == pytest.approx(sum(np.append(part, (end, -end)).var() / shots for part in parts) ** 0.5)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop(),
        lambda data: data[1]["results"].update(c=tensor([[0], [0]], 2)),
        lambda data: data[0]["results"].update(c=tensor([[0, 1, 2]] * 2, 2)),
        lambda data: data[0]["results"].update(d=data[0]["results"]["c"]),
        lambda data: data[1].clear(),
    ],
)
def test_a_value_needs_every_measurement_of_its_circuit(change: Any) -> None:
    payload, result, units = _measured(2, [[[0, 1], [2, 3]], [[1, 1], [0, 3]]])
    change(result["data"])
    found = fetched(json.dumps(result).encode(), payload, units).units
    assert all(each.problem and each.expectation is None for each in found)


def _estimator(evs: Any, stds: Any) -> list[UnitResult]:
    """Of two parameter sets of a circuit with two observables, at a precision of 0.1."""
    payload = Payload("estimator", {"pubs": [[None, [{"Z": 1}, {"X": 2, "I": 1}], [], 0.1]]}, (Shape(2),))
    units = [Unit("e", row, 100, (), (), ("z", "x")) for row in range(2)]
    result = primitive([{"evs": evs, "stds": stds, "ensemble_standard_error": stds}])
    return list(fetched(json.dumps(result).encode(), payload, units).units)


def test_values_and_errors_of_the_estimator_are_as_they_came() -> None:
    found = _estimator(ndarray(np.array([[0.5, 1.5], [-0.25, 3]])), ndarray(np.full((2, 2), 0.25)))
    assert [each.expectation for each in found] == [
        {"z": ("0.5", "0.25"), "x": ("1.5", "0.25")},
        {"z": ("-0.25", "0.25"), "x": ("3.0", "0.25")},
    ]
    column_major = np.asfortranarray(np.array([[0.5, 1.5], [-0.25, 3]]))
    assert _estimator(ndarray(column_major), ndarray(np.full((2, 2), 0.25))) == found


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", ["evs", "stds"])
def test_a_value_that_is_none_costs_its_unit_only(bad: float, which: str) -> None:
    arrays = {"evs": np.full((2, 2), 0.5), "stds": np.full((2, 2), 0.25)}
    arrays[which][0, 1] = bad
    first, second = _estimator(ndarray(arrays["evs"]), ndarray(arrays["stds"]))
    assert first == UnitResult(problem=first.problem)
    assert first.problem
    assert second.expectation is not None


@pytest.mark.parametrize(
    "stds", [ndarray(np.full((2, 2), -0.1)), ndarray(np.zeros((3, 2))), ndarray(np.zeros((2, 2), dtype=int)), None]
)
def test_errors_that_are_none_give_no_value(stds: Any) -> None:
    found = _estimator(ndarray(np.zeros((2, 2))), stds)
    assert all(each.problem and each.expectation is None for each in found)


def test_nothing_is_unpickled() -> None:
    payload, result = sampled([TWO])
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    _fields(result)["c"] = _bits(_file(file.getvalue() + b"cos\nsystem\n(S'exit 1'\ntR."))
    assert all(each.problem for each in read(payload, result, [TWO]))


def test_a_payload_of_before_the_executor_is_still_read() -> None:
    """Tasks may be under way while the connector is replaced."""
    old = {
        "program": "sampler",
        "params": {"pubs": []},
        "pubs": [{"units": 2, "registers": [["c", 2]]}],
        "maxExecutionTime": None,
        "memory": True,
        "executions": None,
    }
    _, result = sampled([TWO])
    assert read(Payload.from_bytes(json.dumps(old).encode()), result, [TWO]) == expected([TWO])
