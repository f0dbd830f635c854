"""How work is cut into shards, and that nothing is lost, doubled or blurred when their results are put together."""

import base64
import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qee.documents import (
    Array,
    CircuitResult,
    CircuitRun,
    CompiledCircuit,
    DocumentError,
    Expectation,
    JobReference,
    Missing,
    NoiseOptions,
    Observable,
    Provenance,
    Register,
    ResultDocument,
    RunDocument,
    check_result,
    check_shard,
    merged,
    shards,
)

JOB = JobReference("default", "sweep", "0f5c")
NOISE = NoiseOptions(readout="0.01")


def circuit(name: str = "a", rows: int = 1, shots: int = 100) -> CircuitRun:
    columns = {"theta": tuple(str(row) for row in range(rows))} if rows > 1 else {}
    return CircuitRun(name, "openqasm3", "x", shots, columns, (Observable("h", {"Z": "1"}),))


def run(*circuits: CircuitRun, **change: Any) -> RunDocument:
    document = RunDocument(JOB, "aer", "aer", 7, False, circuits or (circuit(),), outputs=("counts", "memory"))
    return dataclasses.replace(document, **change)


def of_shard(document: RunDocument, index: int, **change: Any) -> ResultDocument:
    """What a shard gives: outcome 1 in as many shots as its index says, 0 in the others, 0 first."""
    parts = list(shards.parts(document, index))
    results = tuple(_result(document, part, index, change) for part in parts)
    there = dict.fromkeys(part.circuit for part in parts)
    circuits = [document.circuits[number] for number in there]
    return ResultDocument(
        JOB,
        "aer",
        True,
        results,
        document.seed,
        False,
        Provenance(
            engine="aer",
            versions={"qee": "0"},
            precision="double",
            sandbox="seccomp",
            threads=1,
            circuits=tuple(CompiledCircuit(each.name, "statevector", 1, 0, "0" * 64) for each in circuits),
            start_time=f"2026-01-01T00:00:0{9 - index % 9}Z",
            completion_time=f"2026-01-01T00:01:0{index % 9}Z",
            cpu_seconds="0.50",
            max_rss_mib=100 + index,
            shards=shards.count(document),
        ),
        parameters={each.name: each.parameters for each in circuits if each.parameters},
    )


def _result(document: RunDocument, part: shards.Part, index: int, change: Mapping[str, Any]) -> CircuitResult:
    ones = min(index, part.shots)
    counts = {key: n for key, n in (("0", part.shots - ones), ("1", ones)) if n}
    result = CircuitResult(
        document.circuits[part.circuit].name,
        part.parameter_set,
        part.shots,
        (Register("c", 1),),
        counts,
        {"c": counts},
        ("0",) * (part.shots - ones) + ("1",) * ones,
        seeds=(part.seed,),
    )
    return dataclasses.replace(result, **change)


def whole(document: RunDocument, **change: Any) -> dict[int, ResultDocument]:
    return {index: of_shard(document, index, **change) for index in range(shards.count(document))}


documents = st.builds(
    lambda rows, shots, wanted, noisy: run(
        *(circuit(f"c{n}", r, s) for n, (r, s) in enumerate(zip(rows, shots, strict=False))),
        shards=wanted,
        noise=NOISE if noisy else None,
    ),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
    st.lists(st.integers(1, 30), min_size=5, max_size=5),
    st.integers(1, 40),
    st.booleans(),
)


@given(documents)
def test_every_shot_of_every_set_is_run_once_and_nobody_is_idle(document: RunDocument) -> None:
    done: dict[tuple[int, int], int] = {}
    seeds: list[int] = []
    for index in range(shards.count(document)):
        parts = list(shards.parts(document, index))
        assert parts
        assert all(part.shots >= 1 for part in parts)
        seeds += [part.seed for part in parts]
        for part in parts:
            unit = (part.circuit, part.parameter_set)
            done[unit] = done.get(unit, 0) + part.shots
    assert done == {(n, s): each.shots for n, each in enumerate(document.circuits) for s in range(each.parameter_sets)}
    assert len(set(seeds)) == len(seeds)


@given(documents)
def test_what_is_put_together_is_a_result_of_the_whole_run(document: RunDocument) -> None:
    found = whole(document)
    for index, each in found.items():
        check_shard(each, document, index)
    result = merged(found, document)
    check_result(result, document)
    assert ResultDocument.from_bytes(result.to_bytes()).to_bytes() == result.to_bytes()


def test_without_noise_shots_are_not_cut_for_one_state_gives_them_all() -> None:
    assert shards.count(run(shards=8)) == 1
    assert shards.count(run(shards=8, noise=NOISE)) == 8
    assert shards.count(run(circuit(rows=3), shards=8)) == 3


def test_neighbouring_sets_stay_together() -> None:
    document = run(circuit("a", 5), circuit("b", 5), shards=4)
    cut = [[(p.circuit, p.parameter_set) for p in shards.parts(document, i)] for i in range(4)]
    assert cut == [
        [(0, 0), (0, 1)],
        [(0, 2), (0, 3), (0, 4)],
        [(1, 0), (1, 1)],
        [(1, 2), (1, 3), (1, 4)],
    ]


def test_counts_add_up_and_memory_follows_the_index() -> None:
    document = run(shards=3, noise=NOISE)
    (result,) = merged(whole(document), document).results
    assert result.counts == {"0": 97, "1": 3}
    assert result.register_counts == {"c": {"0": 97, "1": 3}}
    assert result.memory is not None
    assert [n for n, key in enumerate(result.memory) if key == "1"] == [65, 98, 99]
    assert len(set(result.seeds)) == 3


def test_estimates_are_averaged_by_shots_and_their_errors_added_in_quadrature() -> None:
    document = run(shards=2, noise=NOISE, outputs=("expectation",))
    none = {"counts": None, "register_counts": None, "memory": None, "registers": (), "shots": 0}
    found = {
        0: of_shard(document, 0, **none, expectation={"h": Expectation("0.5", "0.03", 100)}),
        1: of_shard(document, 1, **none, expectation={"h": Expectation("0.8", "0.01", 300)}),
    }
    (result,) = merged(found, document).results
    assert result.expectation is not None
    value = result.expectation["h"]
    assert float(value.value) == pytest.approx((0.5 * 100 + 0.8 * 300) / 400)
    assert float(value.standard_error) == pytest.approx(math.hypot(0.03 / 4, 0.01 * 3 / 4))
    assert value.shots == 400


def test_what_is_exact_stays_exact() -> None:
    document = run(shards=2, noise=NOISE, outputs=("expectation", "probabilities"))
    none = {"counts": None, "register_counts": None, "memory": None, "registers": (), "shots": 0}
    array = Array("float64", (2,), base64.b64encode(bytes(16)).decode())
    found = whole(document, **none, expectation={"h": Expectation("0.5", "0")}, probabilities=array)
    (result,) = merged(found, document).results
    assert (result.expectation, result.probabilities) == ({"h": Expectation("0.5", "0", 0)}, array)


def test_provenance_spans_all_shards() -> None:
    document = run(circuit("a", 2), circuit("b", 2), shards=4)
    provenance = merged(whole(document), document).provenance
    assert [each.circuit for each in provenance.circuits] == ["a", "b"]
    assert (provenance.start_time, provenance.completion_time) == ("2026-01-01T00:00:06Z", "2026-01-01T00:01:03Z")
    assert (provenance.cpu_seconds, provenance.max_rss_mib, provenance.shards) == ("2.00", 103, 4)


@pytest.mark.parametrize("noisy", [True, False])
def test_a_result_without_a_shard_says_so_and_holds_the_rest(noisy: bool) -> None:
    document = run(shards=4, noise=NOISE) if noisy else run(circuit("a", 8), shards=4)
    found = whole(document)
    del found[2]
    lost = Missing(2, "OutOfMemory", "the pod was killed")
    result = merged(found, document, [lost])
    check_result(result, document)
    assert result.missing == (lost,)
    assert sum(each.shots for each in result.results) == (75 if noisy else 600)
    with pytest.raises(DocumentError):
        check_result(dataclasses.replace(result, missing=()), document)


def test_shards_that_are_neither_there_nor_missing_are_refused() -> None:
    document = run(shards=4, noise=NOISE)
    found = whole(document)
    del found[2]
    with pytest.raises(DocumentError, match="not those of the run"):
        merged(found, document)
    with pytest.raises(DocumentError, match="no shard"):
        merged({}, document, [Missing(n, "OutOfMemory", "x") for n in range(4)])


def test_a_shard_with_the_seed_of_another_is_refused() -> None:
    document = run(shards=2, noise=NOISE)
    with pytest.raises(DocumentError, match="seeds of this shard"):
        check_shard(of_shard(document, 0), document, 1)
    equal = of_shard(document, 1, seeds=of_shard(document, 0).results[0].seeds)
    with pytest.raises(DocumentError, match="seeds of this shard"):
        check_shard(equal, document, 1)
