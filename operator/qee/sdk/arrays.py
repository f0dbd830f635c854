"""Distributions over classical bits, from those over measured qubits."""

from collections.abc import Mapping, Sequence
from typing import Any

from qee.api.reasons import Reason
from qee.sdk.errors import RunnerError, invalid_spec, unsupported_construct

MAX_PROBABILITY_BITS = 20
MAX_STATEVECTOR_QUBITS = 16


def of_bits(array: Any, bits: Sequence[int], width: int, readout: Sequence[tuple[float, float]] | None = None) -> Any:
    """Probabilities of all outcomes of `width` bits, readout errors included: an array of 2^width.

    `array` is over the measured qubits: bit i of its index is the qubit that is measured into bit `bits[i]`, with the
    errors `readout[i]`, p(0|1) and p(1|0). Bits that nothing is measured into are 0.
    """
    import numpy as np

    for place, (zero_for_one, one_for_zero) in enumerate(readout or ()):
        confusion = np.array([[1 - one_for_zero, zero_for_one], [one_for_zero, 1 - zero_for_one]])
        array = np.einsum("ab,ibj->iaj", confusion, array.reshape(-1, 2, 1 << place)).reshape(-1)
    outcomes = np.zeros(len(array), dtype=np.int64)
    index = np.arange(len(array))
    for place, bit in enumerate(bits):
        outcomes |= (index >> place & 1) << bit
    whole = np.zeros(1 << width)
    whole[outcomes] = array
    return whole


def refuse_large(outputs: Sequence[str], qubits: int, bits: int) -> None:
    """Raises RunnerError for an array that no result can hold: of a circuit of `qubits`, or over `bits`."""
    if "statevector" in outputs and qubits > MAX_STATEVECTOR_QUBITS:
        raise RunnerError(
            Reason.RESULT_TOO_LARGE,
            f"outputs: a statevector of {qubits} qubits has 2^{qubits} amplitudes, {MAX_STATEVECTOR_QUBITS} qubits are "
            "possible; ask for expectation values or counts",
        )
    if "probabilities" in outputs and bits > MAX_PROBABILITY_BITS:
        raise RunnerError(
            Reason.RESULT_TOO_LARGE,
            f"outputs: probabilities of {bits} bits are 2^{bits} numbers, {MAX_PROBABILITY_BITS} bits are "
            "possible; ask for counts, or measure fewer qubits",
        )


def refuse_methods(method: str, exact: Sequence[str], without: Mapping[str, Sequence[str]]) -> None:
    """Raises RunnerError where the engine's method has no such output without statistical error: see `without`."""
    for output in exact:
        if output in without.get(method, ()):
            instead = ", or give a precision" if output == "expectation" else ""
            raise invalid_spec(
                f"simulator.method: {method} has no exact {output}; set simulator.method: automatic{instead}"
            )


def measured_early() -> RunnerError:
    """The refusal of outputs that are of the final state where there is none."""
    return unsupported_construct(
        "outputs: probabilities, statevector and expectation are of the state before the final measurements, "
        "and the circuit measures before its end; ask for counts or memory, or measure at the end only"
    )


def no_pure_state(why: str) -> RunnerError:
    """The refusal of a statevector: `why` is noise or reset."""
    remedy = "ask for probabilities or expectation values" if why == "noise" else "ask for counts"
    return RunnerError(
        Reason.INVALID_SPEC if why == "noise" else Reason.UNSUPPORTED_CONSTRUCT,
        f"outputs: statevector: under {why} the state differs from shot to shot; leave out {why}, or {remedy}",
    )
