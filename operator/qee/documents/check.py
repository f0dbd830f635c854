"""Does a result document answer its run document?

The operator asks this before it stores a result, and `qee run --local` before it shows one: a digest proves that bytes
arrived whole, not that they make sense.
"""

from collections import Counter
from collections.abc import Sequence

from qee.documents import shards
from qee.documents.canonical import DocumentError
from qee.documents.result import CircuitResult, ResultDocument
from qee.documents.run import CircuitRun, RunDocument
from qee.documents.shards import Part


def check_result(result: ResultDocument, run: RunDocument) -> None:
    """Raises DocumentError unless `result` is that of the whole run: each circuit and parameter set once, in order."""
    whole = [
        Part(number, parameter_set, circuit.shots, 0)
        for number, circuit in enumerate(run.circuits)
        for parameter_set in range(circuit.parameter_sets)
    ]
    missing = {part for lost in result.missing for part in _units(run, lost.index)} if result.missing else set()
    split = shards.count(run) > len(whole)
    if missing and split:  # each unit is there with the shots of the shards that are left
        left = dict.fromkeys(missing, 0)
        gone = {lost.index for lost in result.missing}
        for index in set(range(shards.count(run))) - gone:
            for part in shards.parts(run, index):
                left[(part.circuit, part.parameter_set)] += part.shots
        whole = [Part(p.circuit, p.parameter_set, left[(p.circuit, p.parameter_set)], 0) for p in whole]
    else:
        whole = [part for part in whole if (part.circuit, part.parameter_set) not in missing]
    _check(result, run, whole, shards.count(run))


def check_shard(result: ResultDocument, run: RunDocument, index: int) -> None:
    """The same for what one shard gave."""
    parts = list(shards.parts(run, index))
    _check(result, run, parts, shards.count(run))
    if [each.seeds for each in result.results] != [(part.seed,) for part in parts]:
        raise DocumentError("results have not the seeds of this shard")


def _units(run: RunDocument, index: int) -> list[tuple[int, int]]:
    return [(part.circuit, part.parameter_set) for part in shards.parts(run, index)]


def _check(result: ResultDocument, run: RunDocument, parts: Sequence[Part], count: int) -> None:
    circuits = [run.circuits[number].name for number in dict.fromkeys(part.circuit for part in parts)]
    sweeps = {each.name: dict(each.parameters) for each in run.circuits if each.parameters and each.name in circuits}
    for name, got, wanted in (
        ("job", result.job, run.job),
        ("backend", result.backend, run.backend),
        ("provenance.engine", result.provenance.engine, run.engine),
        ("provenance.precision", result.provenance.precision, run.simulator.precision),
        ("provenance.shards", result.provenance.shards, count),
        ("seed", result.seed, run.seed),
        ("seedDrawn", result.seed_drawn, run.seed_drawn),
        ("parameters", {name: dict(columns) for name, columns in result.parameters.items()}, sweeps),
        (
            "results",
            [(each.circuit, each.parameter_set) for each in result.results],
            [(run.circuits[part.circuit].name, part.parameter_set) for part in parts],
        ),
        ("provenance.circuits", [each.circuit for each in result.provenance.circuits], circuits),
    ):
        if got != wanted:
            raise DocumentError(f"the result's {name} is not that of the run")
    for number, (each, part) in enumerate(zip(result.results, parts, strict=True)):
        _check_one(each, run.circuits[part.circuit], part.shots, run.outputs, f"results[{number}]")


def _check_one(each: CircuitResult, circuit: CircuitRun, shots: int, outputs: Sequence[str], path: str) -> None:
    for output, there in (
        ("counts", each.counts is not None),
        ("memory", each.memory is not None),
        ("probabilities", each.probabilities is not None),
        ("statevector", each.statevector is not None),
        ("expectation", each.expectation is not None),
    ):
        if there != _wanted(output, circuit, outputs):
            raise DocumentError(f"{path} must have exactly the outputs of the run: {output}")
    sampled = "counts" in outputs or "memory" in outputs
    if each.shots != (shots if sampled else 0):
        raise DocumentError(f"{path}.shots is {each.shots}, the run asked for {shots if sampled else 0}")
    check_counts(each, path)
    _check_arrays(each, path)
    if each.expectation is not None and sorted(each.expectation) != sorted(o.name for o in circuit.observables):
        raise DocumentError(f"{path}.expectation must have the circuit's observables")


def _wanted(output: str, circuit: CircuitRun, outputs: Sequence[str]) -> bool:
    return output in outputs and (output != "expectation" or bool(circuit.observables))


def check_counts(each: CircuitResult, path: str) -> None:
    """Counts, marginals and memory of one result agree with its registers and with each other."""
    names = [register.name for register in each.registers]
    if len(set(names)) != len(names):
        raise DocumentError(f"{path}.registers must have distinct names")
    width = sum(register.size for register in each.registers)
    if (each.counts is None) != (each.register_counts is None):
        raise DocumentError(f"{path}.registerCounts belong to counts")
    if each.counts is not None:
        if not names:
            raise DocumentError(f"{path}.registers must not be empty")
        if any(len(key) != width for key in each.counts):
            raise DocumentError(f"{path}.counts must have keys of {width} bits, one for each bit of the registers")
        if sum(each.counts.values()) != each.shots:
            raise DocumentError(f"{path}.counts must sum to the {each.shots} shots")
        if register_marginals(each) != {name: dict(found) for name, found in (each.register_counts or {}).items()}:
            raise DocumentError(f"{path}.registerCounts must be the marginals of counts")
    if each.memory is not None:
        if len(each.memory) != each.shots or any(len(key) != width or set(key) - {"0", "1"} for key in each.memory):
            raise DocumentError(f"{path}.memory must have a key of {width} bits for each of the {each.shots} shots")
        if each.counts is not None and Counter(each.memory) != Counter(each.counts):
            raise DocumentError(f"{path}.memory must have the outcomes of counts")


def _check_arrays(each: CircuitResult, path: str) -> None:
    for name, array, kinds in (
        ("probabilities", each.probabilities, ("float32", "float64")),
        ("statevector", each.statevector, ("complex64", "complex128")),
    ):
        if array is None:
            continue
        if array.dtype not in kinds or len(array.shape) != 1 or array.shape[0].bit_count() != 1:
            raise DocumentError(f"{path}.{name} must have one axis whose length is a power of 2, of {kinds[-1]}")
        try:
            array.raw()
        except DocumentError as error:
            raise DocumentError(f"{path}.{name}: {error}") from None


def register_marginals(each: CircuitResult) -> dict[str, dict[str, int]]:
    """The distribution of every register, from the joined counts."""
    marginals: dict[str, dict[str, int]] = {}
    stop = sum(register.size for register in each.registers)
    for register in each.registers:  # the first register's bits are the rightmost
        start = stop - register.size
        counts: Counter[str] = Counter()
        for key, count in (each.counts or {}).items():
            counts[key[start:stop]] += count
        marginals[register.name] = dict(counts)
        stop = start
    return marginals
