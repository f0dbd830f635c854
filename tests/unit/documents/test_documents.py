"""Run and result documents: canonical, strict, and checked against one another."""

import dataclasses
import json
from typing import Any

import pytest

from qee.documents import (
    CircuitResult,
    CircuitRun,
    CompiledCircuit,
    DocumentError,
    JobReference,
    Provenance,
    Register,
    ResultDocument,
    RunDocument,
    SimulatorOptions,
    check_result,
    circuit_seed,
    drawn_seed,
    summary,
)

JOB = JobReference("default", "bell", "0f5c")
RUN = RunDocument(JOB, "aer", "aer", 7, False, (CircuitRun("bell", "openqasm3", "OPENQASM 3.0;", 10),))
RESULT = ResultDocument(
    job=JOB,
    backend="aer",
    simulated=True,
    results=(
        CircuitResult(
            "bell",
            0,
            10,
            (Register("a", 2), Register("b", 1)),
            {"101": 4, "010": 6},  # b = 1, a = 01; b = 0, a = 10
            {"a": {"01": 4, "10": 6}, "b": {"1": 4, "0": 6}},
            seeds=(11,),
        ),
    ),
    seed=7,
    seed_drawn=False,
    provenance=Provenance(
        engine="aer",
        versions={"qee": "0.1.0"},
        precision="double",
        sandbox="seccomp",
        threads=2,
        circuits=(CompiledCircuit("bell", "stabilizer", 3, 1, "0" * 64),),
        start_time="2026-01-01T00:00:00Z",
        completion_time="2026-01-01T00:00:01Z",
        cpu_seconds="0.81",
        max_rss_mib=98,
    ),
)


def changed(document: RunDocument | ResultDocument, path: str, value: Any) -> bytes:
    """The document's bytes with the field at a dotted path replaced, or removed when `value` is ..."""
    tree = json.loads(document.to_bytes())
    at = tree
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for parent in parents:
        at = at[parent]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return json.dumps(tree).encode()


def test_both_documents_survive_the_round_trip() -> None:
    assert RunDocument.from_bytes(RUN.to_bytes()) == RUN
    assert ResultDocument.from_bytes(RESULT.to_bytes()) == RESULT


def test_the_bytes_are_canonical() -> None:
    assert RUN.to_bytes() == (
        b'{"apiVersion":"qee.dev/run/v1","backend":"aer","circuits":[{"format":"openqasm3","name":"bell","shots":10,'
        b'"source":"OPENQASM 3.0;"}],"engine":"aer","job":{"name":"bell","namespace":"default","uid":"0f5c"},'
        b'"outputs":["counts"],"seed":7,"seedDrawn":false,"shards":1,"simulator":{"method":"automatic","precision":"double"}}'
    )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("apiVersion", "qee.dev/run/v2", "apiVersion"),
        ("job", ..., "job is missing"),
        ("job.uid", "", "job.uid"),
        ("job.more", "x", "unknown field job.more"),
        ("engine", "qsim", "engine must be one of aer, cirq"),
        ("seed", -1, "seed"),
        ("seed", 2**53, "seed"),
        ("seed", True, "seed"),
        ("seed", 1.5, "decimal strings"),
        ("seed", float("nan"), "decimal strings"),
        ("seedDrawn", 0, "seedDrawn"),
        ("outputs", ["fidelity"], "outputs"),
        ("outputs", [], "outputs"),
        ("simulator.method", "tensor_network", "simulator.method"),
        ("simulator.precision", "half", "simulator.precision"),
        ("circuits", [], "circuits must have 1 to 300"),
        ("circuits", ["bell"], "circuits must be a list of objects"),
        ("circuits.0.shots", 0, r"circuits\[0\]\.shots"),
        ("circuits.0.format", "quil", r"circuits\[0\]\.format"),
        ("circuits.0.data", "AAAA", r"unknown field circuits\[0\]\.data"),
        ("circuits.0.parameters", {"a": [0.5]}, "decimal strings"),
        ("circuits.0.parameters", {"a": ["pi"]}, r"circuits\[0\]\.parameters\.a must be a list of decimal numbers"),
        ("circuits.0.parameters", {"a": ["1"], "b": ["1", "2"]}, "equal length"),
        ("circuits.0.observables", [{"name": "h", "terms": {"Z": 1}}], r"observables\[0\]\.terms\.Z"),
        ("precision", "0,01", "precision must be a decimal"),
        ("noise", {"threeQubit": "0.1"}, "unknown field noise.threeQubit"),
        ("noise", {"gateTimes": {"cx": "fast"}}, "noise.gateTimes.cx"),
        ("transpile", {"verbatim": False}, "transpile.verifyEquivalence is missing"),
        ("shards", 0, "shards"),
        ("replicas", 4, "unknown field replicas"),
    ],
)
def test_a_wrong_field_of_a_run_is_named(path: str, value: Any, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        RunDocument.from_bytes(changed(RUN, path, value))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("bitOrder", "clbit0-left", "bitOrder"),
        ("simulated", "yes", "simulated"),
        ("results.0.counts", {"0x3": 10}, r"results\[0\]\.counts"),
        ("results.0.counts", {"101": "10"}, r"results\[0\]\.counts"),
        ("results.0.registerCounts.a", {"": 10}, r"results\[0\]\.registerCounts\.a"),
        ("provenance.cpuSeconds", "1e3", "provenance.cpuSeconds"),
        ("provenance.sandbox", "maybe", "provenance.sandbox"),
        ("provenance.circuits.0.compiledSha256", "00", r"provenance\.circuits\[0\]\.compiledSha256"),
    ],
)
def test_a_wrong_field_of_a_result_is_named(path: str, value: Any, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        ResultDocument.from_bytes(changed(RESULT, path, value))


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"a": 1, "a": 2}', b"secret"])
def test_what_is_no_document_is_refused_without_quoting_it(data: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        RunDocument.from_bytes(data)
    assert "secret" not in str(caught.value)


def test_circuits_of_one_name_are_refused() -> None:
    twice = dataclasses.replace(RUN, circuits=RUN.circuits * 2)
    with pytest.raises(DocumentError, match="distinct"):
        RunDocument.from_bytes(twice.to_bytes())


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(DocumentError):
        dataclasses.replace(RUN, backend="\ud800").to_bytes()


def test_seeds_are_pinned_because_stored_results_depend_on_them() -> None:
    assert circuit_seed(7, "bell", 0, 0) == 5_086_650_359_887_517
    assert drawn_seed("0f5c") == 5_038_953_052_136_780


def test_every_part_of_a_seed_matters() -> None:
    parts = [(7, "bell", 0, 0), (8, "bell", 0, 0), (7, "ghz", 0, 0), (7, "bell", 1, 0), (7, "bell", 0, 1)]
    seeds = {circuit_seed(*each) for each in parts}
    assert len(seeds) == len(parts)
    assert all(0 <= seed < 2**53 for seed in seeds)


def test_a_result_of_its_run_is_accepted() -> None:
    check_result(RESULT, RUN)


def other_counts(**change: Any) -> ResultDocument:
    return dataclasses.replace(RESULT, results=(dataclasses.replace(RESULT.results[0], **change),))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (dataclasses.replace(RESULT, job=JobReference("default", "bell", "other")), "job"),
        (dataclasses.replace(RESULT, backend="cirq"), "backend"),
        (dataclasses.replace(RESULT, seed=8), "seed"),
        (dataclasses.replace(RESULT, seed_drawn=True), "seedDrawn"),
        (dataclasses.replace(RESULT, results=()), "results"),
        (dataclasses.replace(RESULT, results=RESULT.results * 2), "results"),
        (dataclasses.replace(RESULT, provenance=dataclasses.replace(RESULT.provenance, engine="cirq")), "engine"),
        (dataclasses.replace(RESULT, provenance=dataclasses.replace(RESULT.provenance, circuits=())), "circuits"),
        (dataclasses.replace(RESULT, provenance=dataclasses.replace(RESULT.provenance, precision="single")), "precis"),
        (other_counts(circuit="ghz"), "results"),
        (other_counts(shots=9), "shots"),
        (other_counts(parameter_set=1), "results"),
        (other_counts(memory=("101",) * 10), "memory"),
        (other_counts(expectation={}), "expectation"),
        (other_counts(counts=None, register_counts=None), "counts"),
        (dataclasses.replace(RESULT, parameters={"bell": {"a": ("1",)}}), "parameters"),
        (dataclasses.replace(RESULT, provenance=dataclasses.replace(RESULT.provenance, shards=2)), "shards"),
        (other_counts(counts={"101": 4, "010": 5}), "sum to the 10 shots"),
        (other_counts(counts={"01": 4, "10": 6}), "3 bits"),
        (other_counts(registers=()), "registers"),
        (other_counts(registers=(Register("a", 2), Register("a", 1))), "distinct"),
        (other_counts(register_counts={"a": {"01": 4, "10": 6}}), "marginals"),
        (other_counts(register_counts={"a": {"10": 4, "01": 6}, "b": {"1": 4, "0": 6}}), "marginals"),
    ],
)
def test_a_result_of_another_shape_is_refused(result: ResultDocument, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        check_result(result, RUN)


def test_the_summary_shows_the_most_frequent_outcomes_and_says_what_it_left_out() -> None:
    assert summary(RESULT) == {
        "results": [{"circuit": "bell", "parameterSet": 0, "shots": 10, "counts": {"010": 6, "101": 4}, "distinct": 2}],
        "truncated": False,
    }
    many = {format(value, "05b"): 32 - value for value in range(32)}
    wide = summary(other_counts(counts=many))
    assert list(wide["results"][0]["counts"]) == [format(value, "05b") for value in range(16)]
    assert wide["results"][0]["distinct"] == 32
    assert wide["truncated"] is True
    long = summary(dataclasses.replace(RESULT, results=RESULT.results * 9))
    assert (len(long["results"]), long["truncated"]) == (8, True)


def test_defaults_are_those_of_the_manifest() -> None:
    assert RUN.simulator == SimulatorOptions("automatic", "double")
    assert RUN.outputs == ("counts",)
