"""Results of provider jobs: made of what an adapter fetched, and checked against what was compiled.

Standard library only.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from qee.documents.canonical import DocumentError
from qee.documents.check import check_counts, register_marginals
from qee.documents.compiled import CompiledDocument, Unit
from qee.documents.result import CircuitResult, Expectation, ResultDocument

SUM_WITHIN = Decimal("0.001")  # of a distribution: providers round


def units(compiled: CompiledDocument) -> list[Unit]:
    """Every unit of every submission, in order. A number of `ResultDocument.missing` counts them."""
    return [unit for submission in compiled.submissions for unit in submission.units]


def circuit_result(
    unit: Unit,
    *,
    counts: dict[str, int] | None = None,
    memory: Sequence[str] | None = None,
    distribution: dict[str, str] | None = None,
    expectation: dict[str, tuple[str, str]] | None = None,
) -> CircuitResult:
    """One unit's result, with the marginals of its registers."""
    shots = sum(counts.values()) if counts is not None else len(memory) if memory is not None else 0
    result = CircuitResult(
        circuit=unit.circuit,
        parameter_set=unit.parameter_set,
        shots=shots,
        registers=unit.registers,
        counts=None if counts is None else dict(sorted(counts.items())),
        memory=None if memory is None else tuple(memory),
        distribution=None if distribution is None else dict(sorted(distribution.items())),
        expectation=None
        if expectation is None
        else {name: Expectation(value, error, unit.shots) for name, (value, error) in expectation.items()},
    )
    if counts is None:
        return result
    return CircuitResult(**{**vars(result), "register_counts": register_marginals(result)})


def check_provider_result(result: ResultDocument, compiled: CompiledDocument) -> None:
    """Raises DocumentError unless `result` answers the compiled document: each unit once, in order, or missing."""
    wanted = units(compiled)
    missing = {each.index for each in result.missing}
    if not missing <= set(range(len(wanted))):
        raise DocumentError("the result's missing names a unit that there is not")
    left = [unit for number, unit in enumerate(wanted) if number not in missing]
    for name, got, expected in (
        ("job", result.job, compiled.job),
        ("backend", result.backend, compiled.backend),
        ("simulated", result.simulated, compiled.simulated),
        ("provenance.engine", result.provenance.engine, compiled.provider),
        (
            "results",
            [(each.circuit, each.parameter_set, each.registers) for each in result.results],
            [(unit.circuit, unit.parameter_set, unit.registers) for unit in left],
        ),
    ):
        if got != expected:
            raise DocumentError(f"the result's {name} is not that of the job")
    if result.provenance.provider is None:
        raise DocumentError("the result's provenance.provider is missing")
    for problem in _problems(result.results, left):
        raise DocumentError(problem)


def _problems(results: Sequence[CircuitResult], wanted: Sequence[Unit]) -> Iterator[str]:
    for number, (each, unit) in enumerate(zip(results, wanted, strict=True)):
        path = f"results[{number}]"
        check_counts(each, path)
        width = sum(register.size for register in each.registers)
        if each.counts is None and each.memory is None and each.distribution is None and each.expectation is None:
            yield f"{path} holds nothing"
        if (each.counts is not None or each.memory is not None) and each.shots != unit.shots:
            yield f"{path}.shots is {each.shots}, the job asked for {unit.shots}"
        if each.distribution is not None:
            if any(len(key) != width or set(key) - {"0", "1"} for key in each.distribution):
                yield f"{path}.distribution must have keys of {width} bits"
            values = [Decimal(value) for value in each.distribution.values()]
            if not all(value.is_finite() and value >= 0 for value in values):
                yield f"{path}.distribution must have finite values from 0"
            elif abs(sum(values, Decimal(-1))) > SUM_WITHIN:
                yield f"{path}.distribution must sum to 1"
