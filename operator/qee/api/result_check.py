"""Does a result document answer its run document?

The operator asks this before it stores a result, and `qee run --local` before it shows one: a digest proves that bytes
arrived whole, not that they make sense.
"""

from collections import Counter

from qee.api.json_fields import DocumentError
from qee.api.result_document import CircuitResult, ResultDocument
from qee.api.run_document import CircuitRun, RunDocument


def check_result(result: ResultDocument, run: RunDocument) -> None:
    """Raises DocumentError unless `result` belongs to `run`, has every circuit once in order, and its counts agree."""
    for name, got, wanted in (
        ("job", result.job, run.job),
        ("backend", result.backend, run.backend),
        ("provenance.engine", result.provenance.engine, run.engine),
        ("provenance.precision", result.provenance.precision, run.simulator.precision),
        ("seed", result.seed, run.seed),
        ("seedDrawn", result.seed_drawn, run.seed_drawn),
        ("results", [each.circuit for each in result.results], [each.name for each in run.circuits]),
        ("provenance.circuits", [e.circuit for e in result.provenance.circuits], [e.name for e in run.circuits]),
    ):
        if got != wanted:
            raise DocumentError(f"the result's {name} is not that of the run")
    for number, (each, circuit) in enumerate(zip(result.results, run.circuits, strict=True)):
        _check_counts(each, circuit, f"results[{number}]")


def _check_counts(each: CircuitResult, circuit: CircuitRun, path: str) -> None:
    if each.parameter_set != 0:
        raise DocumentError(f"{path}.parameterSet must be 0, the run has no parameters")
    if each.shots != circuit.shots:
        raise DocumentError(f"{path}.shots is {each.shots}, the run asked for {circuit.shots}")
    names = [register.name for register in each.registers]
    if not names or len(set(names)) != len(names):
        raise DocumentError(f"{path}.registers must be non-empty and have distinct names")
    width = sum(register.size for register in each.registers)
    if any(len(key) != width for key in each.counts):
        raise DocumentError(f"{path}.counts must have keys of {width} bits, one for each bit of the registers")
    if sum(each.counts.values()) != each.shots:
        raise DocumentError(f"{path}.counts must sum to the {each.shots} shots")
    if register_marginals(each) != {name: dict(counts) for name, counts in each.register_counts.items()}:
        raise DocumentError(f"{path}.registerCounts must be the marginals of counts")


def register_marginals(each: CircuitResult) -> dict[str, dict[str, int]]:
    """The distribution of every register, from the joined counts."""
    marginals: dict[str, dict[str, int]] = {}
    stop = sum(register.size for register in each.registers)
    for register in each.registers:  # the first register's bits are the rightmost
        start = stop - register.size
        counts: Counter[str] = Counter()
        for key, count in each.counts.items():
            counts[key[start:stop]] += count
        marginals[register.name] = dict(counts)
        stop = start
    return marginals
