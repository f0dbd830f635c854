"""`qee.results`: what a notebook gets of a result, from everything that people have of one."""

import base64
import builtins
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tests.fakes.documents import computed, counted, document, stored, sweep

from qee.documents import Register
from qee.documents.result import Missing, ResultDocument
from qee.results import Result, ResultError, load

REGISTERS = (Register("low", 2), Register("high", 1))
TWO = counted({"001": 2, "101": 1, "110": 1}, *REGISTERS, memory=("101", "001", "110", "001"))


def config_map(data: bytes, zipped: bool = False) -> dict[str, Any]:
    if zipped:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "binaryData": {"result.json.gz": base64.b64encode(gzip.compress(data)).decode()},
        }
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"result.json": data.decode()}}


def forms(data: bytes) -> dict[str, Any]:
    plain, zipped = config_map(data), config_map(data, zipped=True)
    return {
        "document": data,
        "document, gzipped": gzip.compress(data),
        "dict": json.loads(data),
        "ConfigMap as JSON": json.dumps(plain).encode(),
        "ConfigMap as YAML": yaml.safe_dump(plain).encode(),
        "gzipped ConfigMap as YAML": yaml.safe_dump(zipped).encode(),
        "ConfigMap as a client returns it": zipped,
        "ConfigMap of a model": {"data": None, "binary_data": zipped["binaryData"]},
        "list of one": {"kind": "List", "items": [plain]},
        "verified": {"verified": True, "keyids": [], "predicate": {}, "result": json.loads(data)},
    }


@pytest.mark.parametrize("form", list(forms(b"{}")))
def test_a_result_is_read_from_whatever_holds_it(form: str, tmp_path: Path) -> None:
    source = forms(stored(document(TWO)))[form]
    assert load(source).counts() == {"001": 2, "101": 1, "110": 1}
    if isinstance(source, bytes):
        path = tmp_path / "result"
        path.write_bytes(source)
        assert load(path).counts() == load(str(path)).counts() == load(source).counts()


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        (b"[]", "qee result NAME --output-file"),
        (b"a: [", "neither JSON nor YAML"),
        (b"\x1f\x8bxx", "fetch the result again"),
        (b"{}", "holds no result"),
        ({"kind": "QuantumJob"}, r"status\.result\.configMap"),
        ({"data": {"result.json": "{}"}}, "this version of qee cannot read"),
        ({"binaryData": {"result.json.gz": "!"}}, "not base64"),
        ("/nowhere/result.json", "cannot be read"),
        ("{}", "cannot be read"),
    ],
)
def test_what_is_no_result_is_refused_with_a_remedy(source: Any, remedy: str) -> None:
    with pytest.raises(ResultError, match=remedy):
        load(source)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qee.results.loading.MAX_BYTES", 1000)
    with pytest.raises(ResultError, match="unpacked this is more than 1000 bytes"):
        load(gzip.compress(b" " * 1001))


def test_counts_are_joined_or_of_one_register() -> None:
    result = Result(document(TWO))
    assert result.counts("bell", 0) == {"001": 2, "101": 1, "110": 1}
    assert result.counts(register="high") == {"0": 2, "1": 2}
    assert result.counts(register="low") == {"01": 3, "10": 1}
    assert result.memory() == ["101", "001", "110", "001"]
    with pytest.raises(ResultError, match="no register 'c'; it has low, high"):
        result.counts(register="c")


def test_arrays_keep_dtype_shape_and_order() -> None:
    state = (0.6, 0.0, 0.0, 0.8j)
    result = Result(document(computed([0.1, 0.2, 0.3, 0.4], state)))
    np.testing.assert_array_equal(result.probabilities(), [0.1, 0.2, 0.3, 0.4])
    np.testing.assert_array_equal(result.statevector(), state)
    assert (result.probabilities().dtype, result.statevector().dtype) == (np.float64, np.complex128)
    assert result.statevector().flags.writeable


def test_expectation_values_come_as_arrays_over_the_sweep() -> None:
    result = Result(sweep())
    even = result.expectation("energy", "even")
    np.testing.assert_array_equal(even.value, [1.25, 0.25, -1.25])
    np.testing.assert_array_equal(even.standard_error, [0.0625] * 3)
    np.testing.assert_array_equal(result.parameters()["theta"], [0, 0.5, 1])
    with pytest.raises(ResultError, match="several observables; name one of even, exact"):
        result.expectation()


def test_a_partial_result_says_so_and_has_gaps() -> None:
    result = Result(sweep(rows=(0, 2), missing=[Missing(1, "DeadlineExceeded", "too late")]))
    assert result.missing == ((1, "DeadlineExceeded", "too late"),)
    assert "PARTIAL: 1 shards missing" in repr(result)
    np.testing.assert_array_equal(result.expectation(observable="even").value, [1.25, np.nan, -1.25])
    assert result.parameter_sets() == 3


@pytest.mark.parametrize(
    ("wanted", "remedy"),
    [
        (lambda r: r.counts("nope"), "no circuit 'nope'; it has bell, energy"),
        (lambda r: r.counts(), "several circuits; name one of bell, energy"),
        (lambda r: r.counts("energy"), "3 parameter sets; give parameter_set, 0 to 2"),
        (lambda r: r.counts("energy", 3), "no parameter set 3"),
        (lambda r: r.counts("energy", 1), "parameter set 1 of circuit energy is missing"),
        (lambda r: r.counts("energy", 0), "add counts to spec.outputs"),
        (lambda r: r.memory("bell"), "add memory to spec.outputs"),
        (lambda r: r.statevector("bell"), "add statevector to spec.outputs"),
        (lambda r: r.probabilities("bell"), "add probabilities to spec.outputs"),
        (lambda r: r.expectation("bell"), "add expectation to spec.outputs"),
        (lambda r: r.expectation("energy", "odd"), "no observable 'odd'; it has even, exact"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(wanted: Any, remedy: str) -> None:
    partial = sweep(rows=(0, 2))
    both = document(counted({"0": 1}), *partial.results, parameters=partial.parameters)
    with pytest.raises(ResultError, match=remedy):
        wanted(Result(both))


def test_the_table_has_a_row_for_each_number() -> None:
    partial = sweep()
    frame = Result(document(TWO, *partial.results, parameters=partial.parameters)).to_pandas()
    counts = frame[frame.output == "counts"]
    assert dict(zip(counts.outcome, counts["count"], strict=True)) == {"001": 2, "101": 1, "110": 1}
    assert list(frame[frame.output == "memory"].outcome) == ["101", "001", "110", "001"]
    even = frame[(frame.observable == "even")]
    assert list(even.value) == [1.25, 0.25, -1.25]
    assert list(even.theta) == [0, 0.5, 1]
    assert list(even.standardError) == [0.0625] * 3
    assert set(frame.parameterSet) == {0, 1, 2}


def test_a_parameter_called_like_a_column_does_not_replace_it() -> None:
    each = counted({"0": 3}, circuit="energy")
    frame = Result(document(each, parameters={"energy": {"count": ("0.5",)}})).to_pandas()
    assert (frame["count"][0], frame["parameter.count"][0]) == (3, 0.5)


def test_qiskit_reads_each_register_shot_by_shot() -> None:
    data = Result(document(TWO)).to_primitive_result()[0].data
    assert data.low.get_bitstrings() == ["01", "01", "10", "01"]
    assert data.high.get_bitstrings() == ["1", "0", "1", "0"]
    assert (data.shape, data.low.num_bits) == ((), 2)


def test_counts_alone_keep_what_registers_have_in_common() -> None:
    from qiskit.primitives import BitArray

    data = Result(document(counted({"001": 2, "101": 1, "110": 1}, *REGISTERS))).to_primitive_result()[0].data
    joined = BitArray.concatenate_bits([data.low, data.high])
    assert joined.get_counts() == {"001": 2, "101": 1, "110": 1}


def test_registers_wider_than_a_byte_and_names_of_databin_itself() -> None:
    wide = counted({"000000000101": 2}, Register("shape", 1), Register("wide", 11))
    data = Result(document(wide)).to_primitive_result()[0].data
    assert data["shape_"].get_counts() == {"1": 2}
    assert data.wide.get_counts() == {"00000000010": 2}


def test_qiskit_reads_expectation_values_over_the_sweep() -> None:
    pub = Result(sweep()).to_primitive_result()[0]
    assert pub.data.shape == (3,)
    assert pub.data.evs.shape == (3, 2)
    np.testing.assert_array_equal(pub.data.evs[:, 0], [1.25, 0.25, -1.25])
    np.testing.assert_array_equal(pub.data.stds[:, 0], [0.0625] * 3)
    assert pub.metadata["observables"] == ["even", "exact"]


def test_a_sweep_of_counts_has_the_sweeps_shape_and_no_gaps() -> None:
    rows = [counted({"0": 3 - row, "1": 1 + row}, circuit="energy", row=row) for row in range(3)]
    table = sweep().parameters
    bits = Result(document(*rows, parameters=table)).to_primitive_result()[0].data.c
    assert bits.shape == (3,)
    assert [bits.get_counts(row) for row in range(3)] == [{"0": 3, "1": 1}, {"0": 2, "1": 2}, {"0": 1, "1": 3}]
    with pytest.raises(ResultError, match="parameter sets 1 of circuit energy are missing"):
        Result(document(rows[0], rows[2], parameters=table)).to_primitive_result()


@pytest.mark.parametrize(
    ("library", "extra", "call"),
    [
        ("numpy", "notebook", lambda r: r.expectation("energy", "even")),
        ("pandas", "notebook", lambda r: r.to_pandas()),
        ("qiskit", "aer", lambda r: r.to_primitive_result()),
    ],
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, library: str, extra: str, call: Any
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == library:
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=rf"pip install 'qee\[{extra}\]'"):
        call(Result(sweep()))


def test_reading_counts_imports_neither_arrays_nor_cluster_nor_command_line(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(stored(document(TWO)))
    code = (
        f"import sys, qee.results as r; assert r.load({str(path)!r}).counts()['001'] == 2\n"
        "heavy = {'numpy', 'pandas', 'qiskit', 'yaml', 'pydantic', 'kubernetes', 'typer', 'qee.cli', 'qee.kube'}\n"
        "print(sorted(heavy & {*sys.modules, *(m.split('.')[0] for m in sys.modules)}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_loaded_is_the_whole_document() -> None:
    found = sweep()
    loaded = load(stored(found)).document
    assert loaded == ResultDocument.from_bytes(stored(found))
    assert loaded.parameters == found.parameters
