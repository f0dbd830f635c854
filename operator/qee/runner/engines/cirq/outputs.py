"""What engine cirq computes of the state before the final measurements: probabilities, amplitudes, observables."""

from collections.abc import Mapping
from typing import Any

import cirq
import numpy as np

from qee.sdk.observables import Measurements
from qee.sdk.outcomes import Estimate

_PHASES = (1, 1j, -1, -1j)


class State:
    """A pure or a mixed state of `qubits`, the first the least significant bit of an index. `declared`, among which
    they are, are in 0 where they are not.
    """

    def __init__(
        self, circuit: cirq.Circuit, qubits: tuple[cirq.Qid, ...], declared: tuple[cirq.Qid, ...], simulator: Any
    ) -> None:
        """`circuit` has no measurements; a density matrix simulator gives a mixed state."""
        self.qubits = qubits
        place = {qubit: number for number, qubit in enumerate(qubits)}
        self._places = [place.get(qubit) for qubit in declared]
        order = list(reversed(qubits))  # Cirq's first qubit is the most significant
        found = simulator.simulate(circuit, qubit_order=order)
        self._pure = isinstance(simulator, cirq.Simulator)
        self._state = found.final_state_vector if self._pure else found.final_density_matrix

    @property
    def vector(self) -> Any:
        """The amplitudes of a pure state, an array of 2^qubits."""
        return self._state

    def probabilities(self, measured: list[int]) -> Any:
        """Over these qubits: bit i of an index is qubit measured[i]."""
        whole = np.abs(self._state) ** 2 if self._pure else np.real(np.diagonal(self._state))
        whole = whole.astype(np.float64)
        qubits = len(whole).bit_length() - 1
        shaped = whole.reshape((2,) * qubits)  # axis k is qubit n-1-k
        kept = [qubits - 1 - qubit for qubit in reversed(measured)]
        summed = shaped.sum(axis=tuple(axis for axis in range(qubits) if axis not in kept))
        left = sorted(kept)
        return np.transpose(summed, [left.index(axis) for axis in kept]).reshape(-1)

    def expectation(self, label: str) -> float:
        """Of a Pauli string over the declared qubits, the highest leftmost: sum over j of <j ^ x| P |j> and the state's
        own element."""
        flips = signs = ys = 0
        for place, letter in zip(self._places, reversed(label), strict=True):
            if place is None:
                if letter in "XY":
                    return 0.0
                continue
            qubit = place
            flips |= (letter in "XY") << qubit
            signs |= (letter in "YZ") << qubit
            ys += letter == "Y"
        index = np.arange(len(self._state))
        factor = _PHASES[ys % 4] * (1.0 - 2.0 * (np.bitwise_count(index & signs) & 1))
        turned = index ^ flips
        elements = self._state * np.conj(self._state[turned]) if self._pure else self._state[index, turned]
        return float(np.real(np.sum(factor * elements)))


def exact(state: State, plan: Measurements) -> Mapping[str, Estimate]:
    """The observables' values, without error."""
    return plan.exact(state.expectation)
