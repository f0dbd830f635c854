"""How the work of a job is cut into shards: a function of the run document alone, so that everyone cuts alike.

The unit of work is one circuit with one parameter set. Where there are as many units as shards or more, each shard
takes a run of neighbouring units. Where there are fewer, the shots of each unit are cut, but only under noise: there
every shot is a trajectory of its own. Without noise one state gives all shots, so that further shards would repeat its
computation; they are left out.

Standard library only: the runner imports this before its sandbox is on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from qee.documents.run import RunDocument, circuit_seed


@dataclass(frozen=True)
class Part:
    """One circuit (its number in the document) with one parameter set, by one shard: its `shots` and its seed.

    `share` is the shard's part of the unit's shots as a fraction (numerator, denominator), for what is not counted in
    the circuit's own shots: those that `precision` asks for.
    """

    circuit: int
    parameter_set: int
    shots: int
    seed: int
    share: tuple[int, int] = (1, 1)


def count(document: RunDocument) -> int:
    """The shards that have something to do, 1 to document.shards."""
    if document.noise is not None:
        return min(document.shards, max(_units(document), min(circuit.shots for circuit in document.circuits)))
    return min(document.shards, _units(document))


def parts(document: RunDocument, index: int) -> Iterator[Part]:
    """What the shard of this index, 0 to count-1, has to do, in the document's order."""
    shards, units = count(document), _units(document)
    split = units < shards
    first, last = (0, units) if split else (units * index // shards, units * (index + 1) // shards)
    before = 0  # units of the circuits before: those of other shards are not gone through
    for position, circuit in enumerate(document.circuits):
        rows = circuit.parameter_sets
        for parameter_set in range(max(first - before, 0), min(last - before, rows)):
            shots = circuit.shots
            if split:
                shots = shots * (index + 1) // shards - shots * index // shards
            seed = circuit_seed(document.seed, circuit.name, parameter_set, index)
            yield Part(position, parameter_set, shots, seed, (1, shards) if split else (1, 1))
        before += rows


def _units(document: RunDocument) -> int:
    return sum(circuit.parameter_sets for circuit in document.circuits)
