"""From what an engine computed to QEE's result: one bit order for every engine.

Classical bits are numbered in order of declaration, register after register. In a key bit 0 is rightmost, so the first
declared register is the rightmost part and the last declared one the leftmost. Every engine goes through `bit_string`.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qee.documents.canonical import decimal_text
from qee.documents.check import register_marginals
from qee.documents.provenance import CompiledCircuit, Size
from qee.documents.result import Array, CircuitResult, Expectation, Register
from qee.documents.run import NoiseOptions, SimulatorOptions, TranspileOptions
from qee.documents.shards import Part

_DIGITS = 15  # decimal places of an expectation value: what double precision knows of numbers around 1


@dataclass(frozen=True)
class Options:
    """What a run document asks of the engine for all of its circuits. `precision` is a standard error above 0."""

    simulator: SimulatorOptions = field(default_factory=SimulatorOptions)
    outputs: tuple[str, ...] = ("counts",)
    precision: float | None = None
    noise: NoiseOptions | None = None
    transpile: TranspileOptions | None = None
    seed: int = 0
    """The job's: what the transpiler's choices are derived from where spec.transpile has no seed."""


@dataclass(frozen=True)
class Task:
    """One execution of a parsed circuit: shots, seed, and the parameters' values.

    `share` is the fraction (numerator, denominator) of the shots for expectation values that fall to this shard.
    """

    shots: int
    seed: int
    values: Mapping[str, float] = field(default_factory=dict)
    share: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Estimate:
    """An observable's expectation value and its standard error; `shots` is 0 where it is exact."""

    value: float
    standard_error: float = 0.0
    shots: int = 0


@dataclass(frozen=True)
class Execution:
    """What an engine reports of one execution; what was not asked for is None.

    `counts` maps an outcome to how often it occurred, `memory` has each shot's outcome; bit i of the integer is
    classical bit i. `probabilities` is a numpy array of floats by outcome, `statevector` one of complex numbers with
    qubit 0 the least significant.
    """

    registers: tuple[Register, ...]
    counts: Mapping[int, int] | None
    method: str
    seed: int
    depth: int
    two_qubit_gates: int
    compiled_sha256: str
    memory: Sequence[int] | None = None
    probabilities: Any = None
    statevector: Any = None
    expectation: Mapping[str, Estimate] | None = None
    source: Size | None = None
    estimated_success: float | None = None
    equivalent: str | None = None


def bit_string(outcome: int, width: int) -> str:
    """The key of an outcome: `width` characters, classical bit 0 rightmost."""
    return format(outcome, f"0{width}b")


def circuit_result(circuit: str, part: Part, execution: Execution) -> CircuitResult:
    """An execution in QEE's form, counts joined and per register."""
    width = sum(register.size for register in execution.registers)
    sampled = execution.counts is not None or execution.memory is not None
    counts = marginals = memory = values = None
    if execution.counts is not None:
        counts = {bit_string(outcome, width): count for outcome, count in sorted(execution.counts.items())}
        marginals = register_marginals(
            CircuitResult(circuit, part.parameter_set, part.shots, execution.registers, counts)
        )
    if execution.memory is not None:
        memory = tuple(bit_string(outcome, width) for outcome in execution.memory)
    if execution.expectation is not None:
        values = {name: _expectation(estimate) for name, estimate in execution.expectation.items()}
    return CircuitResult(
        circuit=circuit,
        parameter_set=part.parameter_set,
        shots=part.shots if sampled else 0,
        registers=execution.registers,
        counts=counts,
        register_counts=marginals,
        memory=memory,
        probabilities=None if execution.probabilities is None else array(execution.probabilities),
        statevector=None if execution.statevector is None else array(execution.statevector),
        expectation=values,
        seeds=(part.seed,),
    )


def array(numbers: Any) -> Array:
    """A numpy array in the document's form."""
    little = numbers.astype(numbers.dtype.newbyteorder("<"), copy=False)
    return Array(str(numbers.dtype), tuple(numbers.shape), base64.b64encode(little.tobytes()).decode("ascii"))


def _expectation(estimate: Estimate) -> Expectation:
    value, error = (round(number, _DIGITS) + 0.0 for number in (estimate.value, estimate.standard_error))  # no -0
    return Expectation(decimal_text(value), decimal_text(error), estimate.shots)


def compiled_circuit(circuit: str, execution: Execution) -> CompiledCircuit:
    """How the circuit was executed, for the result's provenance."""
    success = execution.estimated_success
    return CompiledCircuit(
        circuit=circuit,
        method=execution.method,
        depth=execution.depth,
        two_qubit_gates=execution.two_qubit_gates,
        compiled_sha256=execution.compiled_sha256,
        source=execution.source,
        estimated_success=None if success is None else decimal_text(round(success, _DIGITS) + 0.0),
        equivalent=execution.equivalent,
    )
