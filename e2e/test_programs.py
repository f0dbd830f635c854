"""Programs whose outcome theory predicts, run as QuantumJobs: both engines follow it, bit order included.

With fixed seeds these comparisons either hold for good or not at all; a correct build had a chance of ALARM, 1e-6, to
fail each of them when the seeds were first used (tests/physics/statistics.py).
"""

import base64
from collections.abc import Iterable, Iterator

import pytest
from tests import builders
from tests.physics.cases import CASES, Case
from tests.physics.statistics import ALARM, p_value, p_value_of_two

from e2e.cluster.choice import Cluster
from e2e.kubernetes import Job, Namespace, Object
from e2e.operator_process import OperatorProcess
from qee.documents import CircuitResult, ResultDocument

LARGE = ("wide24", "ghz100")  # a job for each; the others are circuits of one job
SEEDS = {"aer": 21, "cirq": 22}


def runs(cases: Iterable[Case]) -> list[object]:
    return [pytest.param(case, engine, id=f"{case.name}-{engine}") for case in cases for engine in case.engines]


class Results:
    """What the jobs of this module left, by circuit and engine."""

    def __init__(self, jobs: dict[str, Job], documents: dict[str, ResultDocument]) -> None:
        self.jobs = jobs
        self.documents = documents

    def circuit(self, name: str, engine: str) -> CircuitResult:
        job = f"{name}-{engine}" if name in LARGE else f"small-{engine}"
        (found,) = [each for each in self.documents[job].results if each.circuit == name]
        return found

    def counts(self, case: Case, engine: str) -> dict[str, int]:
        return dict(self.circuit(case.name, engine).counts)


def circuit(case: Case) -> Object:
    return {"name": case.name, "format": case.format, "source": case.source, "shots": case.shots}


def jobs_of(namespace: Namespace) -> Iterator[Object]:
    for engine, seed in SEEDS.items():
        cases = [case for case in CASES.values() if engine in case.engines]
        small = [circuit(case) for case in cases if case.name not in LARGE]
        yield namespace.job(f"small-{engine}", engine, circuits=small, seed=seed)
        for case in cases:
            if case.name in LARGE:
                yield namespace.job(f"{case.name}-{engine}", engine, circuits=[circuit(case)], seed=seed)


@pytest.fixture(scope="module")
def results(namespace: Namespace, node: Cluster, runner_images: dict[str, str]) -> Results:
    settings = {"namespaces": [namespace.name]}
    w3 = CASES["w3"].source.encode()
    stored = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "programs"}}
    text = {**stored, "data": {"w3": w3.decode()}}
    binary = {**stored, "metadata": {"name": "binary"}, "binaryData": {"w3": base64.b64encode(w3).decode()}}
    referred = [
        namespace.job(f"from-{name}", circuits=[builders.circuit_from(name, "w3", w3)], shots=20_000, seed=21)
        for name in ("programs", "binary")
    ]
    with OperatorProcess(node.kubeconfig, runner_images, settings=settings):
        namespace.apply(text, binary, *jobs_of(namespace), *referred)
        jobs = namespace.finished(seconds=240)
    failed = {job.name: (job.outcome, job.message) for job in jobs.values() if job.phase != "Succeeded"}
    assert not failed
    return Results(jobs, {name: namespace.result(job) for name, job in jobs.items()})


@pytest.mark.parametrize(("case", "engine"), runs(CASES.values()))
def test_counts_follow_the_theory(results: Results, case: Case, engine: str) -> None:
    counts = results.counts(case, engine)

    assert sum(counts.values()) == case.shots
    assert p_value(counts, case.probabilities) > ALARM


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if len(case.engines) == 2])
def test_both_engines_sample_the_same_distribution(results: Results, name: str) -> None:
    aer, cirq = (results.counts(CASES[name], engine) for engine in CASES[name].engines)

    assert p_value_of_two(aer, cirq) > ALARM


@pytest.mark.parametrize(("case", "engine"), runs(case for case in CASES.values() if case.reversible))
def test_a_planted_bit_reversal_is_noticed(results: Results, case: Case, engine: str) -> None:
    reversed_ = {key[::-1]: count for key, count in results.counts(case, engine).items()}

    assert p_value(reversed_, case.probabilities) < ALARM


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_registers_come_in_order_of_declaration_each_with_its_own_marginal(results: Results, engine: str) -> None:
    result = results.circuit("w3", engine)
    low, high = dict(result.register_counts["low"]), dict(result.register_counts["high"])
    of_low, of_high = {"0": 2 / 3, "1": 1 / 3}, {"10": 1 / 2, "00": 1 / 3, "01": 1 / 6}

    assert [(register.name, register.size) for register in result.registers] == [("low", 1), ("high", 2)]
    assert p_value(low, of_low) > ALARM
    assert p_value(high, of_high) > ALARM
    assert p_value({key[::-1]: count for key, count in high.items()}, of_high) < ALARM


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_a_hundred_qubits_run_by_the_stabilizer_method(results: Results, engine: str) -> None:
    (compiled,) = results.documents[f"ghz100-{engine}"].provenance.circuits

    assert compiled.method == "stabilizer"


@pytest.mark.parametrize("name", ["from-programs", "from-binary"])
def test_a_circuit_from_a_config_map_gives_the_counts_of_the_inline_one(results: Results, name: str) -> None:
    (result,) = results.documents[name].results

    assert p_value(dict(result.counts), CASES["w3"].probabilities) > ALARM


def test_several_circuits_of_one_job_come_in_their_order_and_with_seeds_of_their_own(results: Results) -> None:
    document = results.documents["small-aer"]
    wanted = [case.name for case in CASES.values() if case.name not in LARGE]

    assert [result.circuit for result in document.results] == wanted
    assert len({seed for result in document.results for seed in result.seeds}) == len(wanted)


def test_a_summary_in_status_is_of_the_stored_counts(results: Results) -> None:
    for name, job in results.jobs.items():
        stored = {result.circuit: dict(result.counts) for result in results.documents[name].results}
        for told in job.status["result"]["summary"]["results"]:
            assert told["counts"].items() <= stored[told["circuit"]].items()
            assert told["distinct"] == len(stored[told["circuit"]])


def test_no_job_needed_a_second_attempt(results: Results, namespace: Namespace) -> None:
    for job in results.jobs.values():
        assert job.attempt == 1
        assert len(namespace.of(job.uid, "jobs")) == len(namespace.of(job.uid, "pods")) == 1
