"""Samples of a circuit: drawn from one state, along the branches of its outcomes, or shot by shot."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import cirq
import numpy as np

from qee.runner.engines.cirq.branching import Branching, Plan, plan
from qee.runner.engines.cirq.methods import Methods
from qee.runner.engines.cirq.stabilizer import is_unitary_clifford, sample_clifford
from qee.sdk.cirq.program import Program

_BATCH_BITS = 2_000_000  # sampled at a time: Cirq needs 20 bytes for each, and a small pod has 50 MiB to spare


class Sampling:
    def __init__(self, methods: Methods) -> None:
        self._methods = methods

    def sampled(
        self, program: Program, method: str, shots: int, seed: int, memory: bool = False
    ) -> tuple[Counter[int], list[int] | None]:
        """Outcomes with how often they occurred, and in order of the shots if they are asked for."""
        random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))
        counts: Counter[int] = Counter()
        order: list[int] = []
        keys = [key for key, _ in program.bits]
        single = method == "stabilizer" and len(set(keys)) == len(keys) and is_unitary_clifford(program.circuit)
        stories = self._stories(program.circuit, method)
        for batch in _batches(shots, len(keys)):
            if single:
                bits = sample_clifford(program.circuit, keys, batch, random)
            elif stories is not None:
                bits = Branching(stories, method, self._methods.dtype, random).sampled(program.bits, batch)
            else:
                samples = self._methods.simulator(method, random).run(program.circuit, repetitions=batch)
                bits = _last_records(samples, program.bits, batch)
            counts.update(_counted(bits))
            if memory:
                order += _outcomes(bits)
        return counts, order if memory else None

    def shot_by_shot(self, circuit: cirq.Circuit, method: str) -> bool:
        """Whether each shot is simulated by itself."""
        whole = method == "stabilizer" and is_unitary_clifford(circuit)
        return not whole and self._stories(circuit, method) is None and not _sampled_at_once(circuit, method)

    def _stories(self, circuit: cirq.Circuit, method: str) -> Plan | None:
        """Where the states that wait do not fit into memory, each shot is simulated by itself."""
        found = plan(circuit, method)
        if found is None or not self._methods.fits(circuit, method, found.measurements):
            return None
        return found


def _sampled_at_once(circuit: cirq.Circuit, method: str) -> bool:
    """As Cirq's simulators decide: all that is random or depends on an outcome comes last."""
    if not circuit.are_all_measurements_terminal():
        return False
    gates = (each for each in circuit.all_operations() if not cirq.is_measurement(each))
    return method == "density_matrix" or all(cirq.has_unitary(each) for each in gates)


def _batches(shots: int, bits: int) -> Iterator[int]:
    """Shots cut into batches; the cut depends on nothing but the job, for the samples depend on it."""
    size = max(1000, _BATCH_BITS // bits)
    for start in range(0, shots, size):
        yield min(size, shots - start)


def _last_records(result: Any, keys: tuple[tuple[str, int], ...], shots: int) -> np.ndarray[Any, Any]:
    """An array of shots by bits: what was last measured into each bit, 0 where nothing was."""
    bits = np.zeros((shots, len(keys)), dtype=np.uint8)
    for column, (key, place) in enumerate(keys):
        if key in result.records:
            bits[:, column] = result.records[key][:, -1, place]
    return bits


def _outcomes(bits: np.ndarray[Any, Any]) -> list[int]:
    """The outcome of each shot of an array of shots by bits."""
    packed = np.packbits(bits, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def _counted(bits: np.ndarray[Any, Any]) -> dict[int, int]:
    """Outcomes of an array of shots by bits: column i is classical bit i."""
    packed = np.packbits(bits, axis=1, bitorder="little")
    rows, counts = np.unique(packed, axis=0, return_counts=True)
    return {int.from_bytes(row.tobytes(), "little"): int(count) for row, count in zip(rows, counts, strict=True)}
