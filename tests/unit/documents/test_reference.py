"""The document that says where a large result lies: strict, and checked against the run."""

import dataclasses
import json
from typing import Any

import pytest

from qee.api.names import MAX_FILE_BYTES, MAX_STORED_FILE_BYTES
from qee.documents import (
    CircuitRun,
    CompiledCircuit,
    DocumentError,
    JobReference,
    Missing,
    NoiseOptions,
    Observable,
    Provenance,
    RunDocument,
)
from qee.documents.reference import ResultFile, ResultReference, file_path, is_reference
from qee.documents.reference.check import check_reference, check_shard_reference
from qee.documents.reference.merge import merged_reference

JOB = JobReference("default", "sweep", "0f5c")
SWEEP = CircuitRun("a", "openqasm3", "x", 10, {"t": ("0", "1", "2")}, (Observable("h", {"Z": "1"}),))
BOTH = ("counts", "expectation")
RUN = RunDocument(JOB, "aer", "aer", 7, False, (SWEEP,), outputs=BOTH, shards=3, claim="data")


def of_file(index: int, **change: Any) -> ResultFile:
    return dataclasses.replace(ResultFile(index, file_path("0f5c", 2, index), "0" * 64, 2_000_000, 900_000), **change)


def shown(row: int) -> dict[str, Any]:
    value = {"observable": "h", "value": "1e-05", "standardError": "0"}
    return {
        "circuit": "a",
        "parameterSet": row,
        "shots": 10,
        "counts": {"0": 4, "1": 6},
        "distinct": 2,
        "expectationValues": [value],
    }


REFERENCE = ResultReference(
    job=JOB,
    backend="aer",
    attempt=2,
    claim="data",
    simulated=True,
    files=tuple(of_file(index) for index in range(3)),
    summary={"results": [shown(row) for row in range(3)], "truncated": False},
    provenance=Provenance(
        engine="aer",
        versions={"qee": "0"},
        precision="double",
        sandbox="seccomp",
        threads=1,
        circuits=(CompiledCircuit("a", "statevector", 1, 0, "0" * 64),),
        start_time="2026-01-01T00:00:00Z",
        completion_time="2026-01-01T00:00:01Z",
        cpu_seconds="0.50",
        max_rss_mib=98,
        shards=3,
    ),
    parameters={"a": {"t": ("0", "1", "2")}},
)
LOST = Missing(1, "OutOfMemory", "it took too much")
PARTIAL = dataclasses.replace(
    REFERENCE,
    files=(of_file(0), of_file(2)),
    missing=(LOST,),
    summary={"results": [shown(0), shown(2)], "truncated": False},
)
OF_SHARD = dataclasses.replace(REFERENCE, files=(of_file(1),), summary={"results": [shown(1)], "truncated": False})


@pytest.mark.parametrize("reference", [REFERENCE, PARTIAL, OF_SHARD])
def test_a_reference_survives_the_round_trip(reference: ResultReference) -> None:
    assert ResultReference.from_bytes(reference.to_bytes()) == reference


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("apiVersion", "qee.dev/result-reference/v2", "apiVersion"),
        ("job.uid", "", "job.uid"),
        ("backend", ..., "backend is missing"),
        ("attempt", 0, "attempt"),
        ("persistentVolumeClaim", "", "persistentVolumeClaim"),
        ("simulated", 1, "simulated"),
        ("files", {}, "files must be a list"),
        ("files.0.index", -1, r"files\[0\].index"),
        ("files.0.path", 1, r"files\[0\].path"),
        ("files.0.sha256", "0" * 63, r"files\[0\].sha256"),
        ("files.0.bytes", 0, r"files\[0\].bytes"),
        ("files.0.storedBytes", True, r"files\[0\].storedBytes"),
        ("files.0.more", 1, r"unknown field files\[0\].more"),
        ("summary.truncated", "no", "summary.truncated"),
        ("summary.more", 1, "unknown field summary.more"),
        ("summary.results", [shown(0)] * 9, "summary.results must have at most 8"),
        ("summary.results.0.circuit", "", r"summary.results\[0\].circuit"),
        ("summary.results.0.parameterSet", -1, r"summary.results\[0\].parameterSet"),
        ("summary.results.0.shots", 0, r"summary.results\[0\].shots"),
        ("summary.results.0.counts", {"x": 1}, r"summary.results\[0\].counts"),
        ("summary.results.0.distinct", 1, "no more than distinct"),
        ("summary.results.0.counts", {format(n, "05b"): 1 for n in range(17)}, "at most 16"),
        ("summary.results.0.counts", {"0" * 257: 1}, "keys of at most 256 bits"),
        ("summary.results.0.expectationValues.0.value", "0." + "1" * 31, "at most 32 characters"),
        ("summary.results.0.more", 1, r"unknown field summary.results\[0\].more"),
        ("summary.results.0.expectationValues.0.observable", "", r"expectationValues\[0\].observable"),
        ("summary.results.0.expectationValues.0.value", "nan", r"expectationValues\[0\].value"),
        ("summary.results.0.expectationValues.0.standardError", ..., r"expectationValues\[0\].standardError"),
        ("provenance.engine", "abacus", "provenance.engine"),
        ("parameters.a.t", ["x"], "parameters.a.t"),
        ("missing", [{"index": 0}], r"missing\[0\].reason"),
        ("more", 1, "unknown field more"),
    ],
)
def test_a_bad_field_is_named(path: str, value: Any, message: str) -> None:
    tree = json.loads(REFERENCE.to_bytes())
    at = tree
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for parent in parents:
        at = at[parent]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    with pytest.raises(DocumentError, match=message):
        ResultReference.from_bytes(json.dumps(tree).encode())


def test_the_reference_of_a_run_is_accepted_whole_partial_and_of_a_shard() -> None:
    check_reference(REFERENCE, RUN, 2)
    check_reference(PARTIAL, RUN, 2)
    check_shard_reference(OF_SHARD, RUN, 1, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"job": JobReference("default", "sweep", "other")}, "job"),
        ({"backend": "cirq"}, "backend"),
        ({"attempt": 1}, "attempt"),
        ({"claim": "other"}, "persistentVolumeClaim"),
        ({"provenance": dataclasses.replace(REFERENCE.provenance, engine="cirq")}, "provenance.engine"),
        ({"provenance": dataclasses.replace(REFERENCE.provenance, precision="single")}, "provenance.precision"),
        ({"provenance": dataclasses.replace(REFERENCE.provenance, shards=1)}, "provenance.shards"),
        ({"provenance": dataclasses.replace(REFERENCE.provenance, circuits=())}, "provenance.circuits"),
        ({"parameters": {}}, "parameters"),
        ({"summary": {"results": [shown(0) | {"circuit": "b"}], "truncated": False}}, "summary.results"),
        ({"summary": {"results": [shown(n) | {"shots": 9} for n in range(3)], "truncated": False}}, "summary.results"),
        ({"files": REFERENCE.files[:2]}, "files"),
        ({"files": REFERENCE.files[::-1]}, "files"),
        ({"missing": (LOST,), "summary": PARTIAL.summary}, "files"),
        ({"missing": (LOST, LOST)}, "missing"),
        ({"missing": (dataclasses.replace(LOST, index=3),)}, "missing"),
    ],
)
def test_the_reference_of_another_run_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DocumentError, match=f"the reference's {message} is not that of"):
        check_reference(dataclasses.replace(REFERENCE, **change), RUN, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": file_path("0f5c", 3, 1)}, "path is not the one"),
        ({"path": file_path("0f5c", 2, 2)}, "path is not the one"),
        ({"path": "../" + file_path("0f5c", 2, 1)}, "path is not the one"),
        ({"size": MAX_FILE_BYTES + 1}, "bytes is"),
        ({"stored": MAX_STORED_FILE_BYTES + 1}, "storedBytes is"),
    ],
)
def test_a_file_elsewhere_or_too_large_is_refused(change: dict[str, Any], message: str) -> None:
    files = (of_file(0), of_file(1, **change), of_file(2))
    with pytest.raises(DocumentError, match=rf"files\[1\].{message}"):
        check_reference(dataclasses.replace(REFERENCE, files=files), RUN, 2)


def test_a_reference_without_a_file_is_refused() -> None:
    nothing = dataclasses.replace(
        REFERENCE,
        files=(),
        missing=tuple(dataclasses.replace(LOST, index=index) for index in range(3)),
        summary={"results": [], "truncated": False},
        provenance=dataclasses.replace(REFERENCE.provenance, circuits=()),
        parameters={},
    )
    with pytest.raises(DocumentError, match="names no file"):
        check_reference(nothing, RUN, 2)


def test_a_shard_speaks_for_itself_alone() -> None:
    with pytest.raises(DocumentError, match=r"the reference's summary\.results is not"):
        check_shard_reference(OF_SHARD, RUN, 2, 2)
    with pytest.raises(DocumentError, match="the reference's missing is not that of a shard"):
        check_shard_reference(dataclasses.replace(OF_SHARD, missing=(LOST,)), RUN, 1, 2)


def test_what_a_shard_gave_in_a_former_attempt_is_kept() -> None:
    files = (of_file(0), of_file(1, path=file_path("0f5c", 1, 1)), of_file(2))
    check_reference(dataclasses.replace(REFERENCE, files=files), RUN, 2)
    former = dataclasses.replace(OF_SHARD, attempt=1, files=files[1:2])
    check_shard_reference(former, RUN, 1)
    with pytest.raises(DocumentError, match="attempt is not that of the run"):
        check_shard_reference(former, RUN, 1, 2)
    with pytest.raises(DocumentError, match="path is not the one"):
        check_shard_reference(dataclasses.replace(former, attempt=2), RUN, 1)


def test_a_reference_is_told_from_a_result() -> None:
    assert is_reference(REFERENCE.to_bytes())
    assert not is_reference(RUN.to_bytes())


def of_shard(index: int, row: int | None = None, **change: Any) -> ResultReference:
    shown_one = shown(index if row is None else row)
    summary = {"results": [shown_one], "truncated": False}
    return dataclasses.replace(REFERENCE, files=(of_file(index),), summary=summary, **change)


def test_the_references_of_shards_become_one_with_all_files_and_the_first_results() -> None:
    whole = merged_reference({n: of_shard(n) for n in (2, 0, 1)}, RUN, 2)
    assert whole.provenance.cpu_seconds == "1.50"
    assert dataclasses.replace(whole, provenance=REFERENCE.provenance) == REFERENCE
    partial = merged_reference({n: of_shard(n) for n in (0, 2)}, RUN, 2, [LOST])
    assert dataclasses.replace(partial, provenance=REFERENCE.provenance) == PARTIAL


def test_a_summary_of_more_results_than_it_shows_says_so() -> None:
    rows = tuple(str(n) for n in range(10))
    run = dataclasses.replace(RUN, circuits=(dataclasses.replace(RUN.circuits[0], parameters={"t": rows}),), shards=2)
    columns = {"parameters": {"a": {"t": rows}}}
    provenance = dataclasses.replace(REFERENCE.provenance, shards=2)
    halves = {
        n: dataclasses.replace(
            of_shard(n, **columns),
            provenance=provenance,
            summary={"results": [shown(row) for row in range(5 * n, 5 * n + 5)], "truncated": False},
        )
        for n in range(2)
    }
    found = merged_reference(halves, run, 2).summary
    assert [each["parameterSet"] for each in found["results"]] == list(range(8))
    assert found["truncated"] is True


def test_shards_that_share_shots_show_no_numbers_but_how_many_shots() -> None:
    cut = dataclasses.replace(
        RUN, circuits=(CircuitRun("a", "openqasm3", "x", 30),), noise=NoiseOptions(readout="0.01"), outputs=("counts",)
    )
    pieces = {n: of_shard(n, 0, parameters={}) for n in range(3)}
    found = merged_reference(pieces, cut, 2)
    assert found.summary == {"results": [{"circuit": "a", "parameterSet": 0, "shots": 30}], "truncated": True}
    part = merged_reference({n: pieces[n] for n in (0, 2)}, cut, 2, [LOST])
    assert part.summary["results"] == [{"circuit": "a", "parameterSet": 0, "shots": 20}]
    numbers = dataclasses.replace(found, summary={"results": [shown(0) | {"shots": 30}], "truncated": True})
    with pytest.raises(DocumentError, match="must have counts where the run asked for them, and shards do not share"):
        check_reference(numbers, cut, 2)


def test_nothing_is_no_reference() -> None:
    with pytest.raises(DocumentError, match="no shard gave a result"):
        merged_reference({}, RUN, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": {"0": 5, "1": 6}}, r"summary\.results\[0\]\.counts must sum to at most the 10 shots"),
        ({"expectationValues": []}, r"summary\.results\[0\]\.expectationValues must be those"),
        ({"expectationValues": shown(0)["expectationValues"] * 2}, "expectationValues must be those"),
    ],
)
def test_a_summary_that_the_run_cannot_have_given_is_refused(change: dict[str, Any], message: str) -> None:
    summary = {"results": [shown(0) | change, shown(1), shown(2)], "truncated": False}
    with pytest.raises(DocumentError, match=message):
        check_reference(dataclasses.replace(REFERENCE, summary=summary), RUN, 2)
