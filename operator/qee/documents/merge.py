"""One result document from those of the shards.

Counts add up, shots in order follow each other by index, and an observable's estimates are averaged with their shots as
weights, their standard errors added in quadrature: the shards are independent. What is exact is the same in each.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from qee.documents import shards
from qee.documents.canonical import DocumentError, decimal_text
from qee.documents.check import register_marginals
from qee.documents.provenance import Provenance
from qee.documents.result import CircuitResult, Expectation, Missing, ResultDocument
from qee.documents.run import RunDocument


def merged(
    documents: Mapping[int, ResultDocument], run: RunDocument, missing: Sequence[Missing] = ()
) -> ResultDocument:
    """The result of the run. `documents` are the shards' by index, each checked by `check_shard`; `missing` the rest.

    Raises DocumentError where the shards do not fit together, or none is there.
    """
    if not documents:
        raise DocumentError("no shard gave a result")
    if sorted([*documents, *(lost.index for lost in missing)]) != list(range(shards.count(run))):
        raise DocumentError("the shards are not those of the run")
    order = [circuit.name for circuit in run.circuits]
    columns = {circuit.name: dict(circuit.parameters) for circuit in run.circuits if circuit.parameters}
    return joined(documents, order, columns, missing)


def joined(
    documents: Mapping[int, ResultDocument],
    order: Sequence[str],
    columns: Mapping[str, Mapping[str, tuple[str, ...]]],
    missing: Sequence[Missing] = (),
) -> ResultDocument:
    """The same where the run document is not at hand: `order` has its circuits' names, `columns` those of its sweeps.

    Raises DocumentError where the shards do not fit together.
    """
    ordered = [documents[index] for index in sorted(documents)]
    pieces: dict[tuple[str, int], list[CircuitResult]] = {}
    for document in ordered:
        for each in document.results:
            pieces.setdefault((each.circuit, each.parameter_set), []).append(each)
    position = {name: number for number, name in enumerate(order)}
    units = sorted(pieces, key=lambda unit: (position[unit[0]], unit[1]))
    there = {circuit for circuit, _ in units}
    return replace(
        ordered[0],
        results=tuple(_joined(pieces[unit]) for unit in units),
        provenance=joined_provenance([document.provenance for document in ordered], position),
        parameters={name: columns[name] for name in order if name in columns and name in there},
        missing=tuple(sorted(missing, key=lambda lost: lost.index)),
    )


def _joined(pieces: Sequence[CircuitResult]) -> CircuitResult:
    first = pieces[0]
    if len(pieces) == 1:
        return first
    if any(piece.registers != first.registers for piece in pieces):
        raise DocumentError(f"circuit {first.circuit}: the shards have different registers")
    counts: Counter[str] = Counter()
    for piece in pieces:
        counts.update(piece.counts or {})
    joined = replace(
        first,
        shots=sum(piece.shots for piece in pieces),
        counts=dict(sorted(counts.items())) if first.counts is not None else None,
        memory=tuple(key for piece in pieces for key in piece.memory or ()) if first.memory is not None else None,
        expectation=None if first.expectation is None else _pooled([piece.expectation or {} for piece in pieces]),
        seeds=tuple(seed for piece in pieces for seed in piece.seeds),
    )
    return joined if joined.counts is None else replace(joined, register_counts=register_marginals(joined))


def _pooled(pieces: Sequence[Mapping[str, Expectation]]) -> dict[str, Expectation]:
    return {name: _average([piece[name] for piece in pieces]) for name in pieces[0]}


def _average(estimates: Sequence[Expectation]) -> Expectation:
    shots = sum(each.shots for each in estimates)
    if not shots:
        return estimates[0]  # exact in every shard
    weights = [each.shots / shots for each in estimates]
    value = math.fsum(weight * float(each.value) for weight, each in zip(weights, estimates, strict=True))
    variance = math.fsum(
        (weight * float(each.standard_error)) ** 2 for weight, each in zip(weights, estimates, strict=True)
    )
    return Expectation(decimal_text(value), decimal_text(math.sqrt(variance)), shots)


def joined_provenance(found: Sequence[Provenance], position: Mapping[str, int]) -> Provenance:
    """From the first start to the last end; CPU time of all, memory of the largest."""
    circuits = {each.circuit: each for provenance in reversed(found) for each in provenance.circuits}
    return replace(
        found[0],
        circuits=tuple(sorted(circuits.values(), key=lambda each: position[each.circuit])),
        start_time=min(each.start_time for each in found),
        completion_time=max(each.completion_time for each in found),
        simulation_seconds=str(sum((Decimal(each.simulation_seconds) for each in found), Decimal())),
        cpu_seconds=str(sum((Decimal(each.cpu_seconds) for each in found), Decimal())),
        max_rss_mib=max(each.max_rss_mib for each in found),
        threads=max(each.threads for each in found),
    )
