"""Samples of programs that measure and go on, one simulation for each story of outcomes and not one for each shot.

Where a qubit is measured, the number of shots that find 1 is drawn (binomially), and each outcome goes on by itself
with its shots and its projected state: no more stories than shots, and a teleportation has eight. Measurements after
which nothing follows are drawn together at the end of each story. The states are Cirq's own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np

Array = np.ndarray[Any, Any]
_KINDS = {"statevector": cirq.StateVectorSimulationState, "density_matrix": cirq.DensityMatrixSimulationState}


@dataclass(frozen=True)
class Plan:
    """The operations up to the last on which something depends, and the measurements after which nothing follows."""

    before: tuple[cirq.Operation, ...]
    final: tuple[cirq.Operation, ...]

    @property
    def measurements(self) -> int:
        """Qubits measured, or reset, on the way: so many states may wait at once."""
        return sum(len(each.qubits) for each in self.before if _is_outcome(each))


def plan(circuit: cirq.Circuit, method: str) -> Plan | None:
    """None where there is nothing to gain: a state that ends in measurements, or errors drawn for each shot."""
    given = [each for each in circuit.all_operations() if each.qubits]
    if method not in _KINDS or not all(_is_known(each, method) for each in given):
        return None
    over: set[Any] = set()
    before: list[cirq.Operation] = []
    final: list[cirq.Operation] = []
    for each in reversed(given):
        used = {*each.qubits, *cirq.control_keys(each), *cirq.measurement_key_objs(each)}
        if cirq.is_measurement(each) and not used & over:
            final.append(each)
        else:
            before.append(each)
        over |= used
    found = Plan(tuple(reversed(before)), tuple(reversed(final)))
    return found if any(map(_is_outcome, found.before)) else None


def _is_known(operation: cirq.Operation, method: str) -> bool:
    inner = operation.without_classical_controls().untagged
    if isinstance(inner.gate, cirq.MeasurementGate | cirq.ResetChannel):
        return True
    return cirq.has_unitary(inner) or (method == "density_matrix" and cirq.has_kraus(inner))


def _is_outcome(operation: cirq.Operation) -> bool:
    return isinstance(operation.without_classical_controls().untagged.gate, cirq.MeasurementGate | cirq.ResetChannel)


def _copied(state: Any) -> Any:
    """A state that goes on by itself. Cirq's copy would share the lists of what was measured."""
    store = cirq.ClassicalDataDictionaryStore()
    before = state.classical_data
    for key, records in before.records.items():
        for record, qubits in zip(records, before.measured_qubits[key], strict=True):
            store.record_measurement(key, record, qubits)
    copy = state.copy()
    return cirq.SimulationProductState(copy.sim_states, copy.qubits, split_untangled_states=True, classical_data=store)


class Branching:
    def __init__(self, found: Plan, method: str, dtype: Any, random: np.random.RandomState) -> None:
        self._plan = found
        self._mixed = method == "density_matrix"
        self._kind = _KINDS[method]
        self._dtype = dtype
        self._random = random

    def sampled(self, bits: Sequence[tuple[str, int]], shots: int) -> Array:
        """An array of shots by bits, in random order: what was last measured into each bit, 0 where nothing was."""
        found = np.zeros((shots, len(bits)), dtype=np.uint8)
        row = 0
        for state, number in self._stories(shots):
            records = state.classical_data.records
            for column, (key, place) in enumerate(bits):
                measured = records.get(cirq.MeasurementKey.parse_serialized(key))
                if measured:
                    found[row : row + number, column] = measured[-1][place]
            self._draw_final(state, bits, found[row : row + number])
            row += number
        self._random.shuffle(found)
        return found

    def _start(self) -> Any:
        qubits = sorted({qubit for each in (*self._plan.before, *self._plan.final) for qubit in each.qubits})
        store = cirq.ClassicalDataDictionaryStore()
        states = {
            qubit: self._kind(qubits=(qubit,), prng=self._random, initial_state=0, dtype=self._dtype)
            for qubit in qubits
        }
        return cirq.SimulationProductState(states, qubits, split_untangled_states=True, classical_data=store)

    def _stories(self, shots: int) -> Iterator[tuple[Any, int]]:
        """States before the final measurements, each with its shots."""
        waiting = [(self._start(), shots, 0)]
        while waiting:
            state, number, at = waiting.pop()
            for place in range(at, len(self._plan.before)):
                operation = self._plan.before[place]
                if not all(each.resolve(state.classical_data) for each in operation.classical_controls):
                    continue
                operation = operation.without_classical_controls().untagged
                if isinstance(operation.gate, cirq.MeasurementGate):
                    parts = self._measured(operation, state, number)
                elif isinstance(operation.gate, cirq.ResetChannel) and not self._mixed:
                    parts = self._reset(operation, state, number)
                else:
                    cirq.act_on(operation, state)
                    continue
                (state, number), *others = parts
                waiting += [(other, count, place + 1) for other, count in others]
            yield state, number

    def _measured(self, operation: cirq.Operation, state: Any, number: int) -> list[tuple[Any, int]]:
        """A story for each record that occurs, which it holds."""
        stories: list[tuple[Any, int, tuple[int, ...]]] = [(state, number, ())]
        for place, qubit in enumerate(operation.qubits):
            flips = operation.gate.confusion_map.get((place,))
            stories = [
                (found, count, (*before, read))
                for one, shots, before in stories
                for found, count, outcome in self._outcomes(one, qubit, shots)
                for found, count, read in self._misread(found, count, outcome, flips)
            ]
        key = operation.gate.mkey
        for found, _, read in stories:
            found.classical_data.record_measurement(key, read, operation.qubits)
        return [(found, count) for found, count, _ in stories]

    def _reset(self, operation: cirq.Operation, state: Any, number: int) -> list[tuple[Any, int]]:
        found = []
        for part, count, outcome in self._outcomes(state, operation.qubits[0], number):
            if outcome:
                cirq.act_on(cirq.X(operation.qubits[0]), part)
            found.append((part, count))
        return found

    def _outcomes(self, state: Any, qubit: cirq.Qid, shots: int) -> list[tuple[Any, int, int]]:
        """Projected state, shots and outcome, for each outcome that occurs. `state` is used up."""
        one = self._probability_of_one(state[qubit], qubit)
        ones = int(self._random.binomial(shots, one))
        found: list[tuple[Any, int, int]] = []
        for outcome, count, weight in ((0, shots - ones, 1 - one), (1, ones, one)):
            if count:
                part = _copied(state) if not outcome and ones else state
                self._project(part[qubit], qubit, outcome, weight)
                found.append((part, count, outcome))
        return found

    def _misread(self, state: Any, shots: int, outcome: int, flips: Any) -> list[tuple[Any, int, int]]:
        wrong = 0 if flips is None else int(self._random.binomial(shots, flips[outcome][1 - outcome]))
        found = [(state, shots - wrong, outcome)] if shots > wrong else []
        if wrong:
            found.append((_copied(state) if found else state, wrong, 1 - outcome))
        return found

    def _probability_of_one(self, state: Any, qubit: cirq.Qid) -> float:
        number = len(state.qubits)
        if self._mixed:
            weights = np.real(np.diagonal(state.target_tensor.reshape(1 << number, 1 << number)))
            weights = weights.reshape((2,) * number)
        else:
            weights = np.abs(state.target_tensor) ** 2
        zero, one = weights.sum(axis=tuple(each for each in range(number) if state.qubits[each] != qubit))
        return float(min(1.0, max(0.0, float(one) / (float(zero) + float(one)))))

    def _project(self, state: Any, qubit: cirq.Qid, outcome: int, weight: float) -> None:
        """In place: the elements of the other outcome are gone, the others as much larger."""
        axis = state.qubits.index(qubit)
        tensor = state.target_tensor
        axes = (axis, axis + len(state.qubits)) if self._mixed else (axis,)
        for each in axes:
            other: list[Any] = [slice(None)] * tensor.ndim
            other[each] = 1 - outcome
            tensor[tuple(other)] = 0
        tensor /= weight if self._mixed else np.sqrt(weight)

    def _draw_final(self, state: Any, bits: Sequence[tuple[str, int]], rows: Array) -> None:
        """The final measurements of one story, into the rows of its shots."""
        if not self._plan.final or not len(rows):
            return
        qubits = [qubit for each in self._plan.final for qubit in each.qubits]
        drawn = state.sample(qubits, repetitions=len(rows), seed=self._random).astype(np.uint8)
        column = {bit: number for number, bit in enumerate(bits)}
        at = 0
        for each in self._plan.final:
            gate = each.untagged.gate
            for place in range(len(each.qubits)):
                read = drawn[:, at + place]
                flips = gate.confusion_map.get((place,))
                if flips is not None:
                    wrong = np.where(read, flips[1][0], flips[0][1])
                    read = read ^ (self._random.random_sample(len(read)) < wrong)
                rows[:, column[str(gate.mkey), place]] = read
            at += len(each.qubits)
