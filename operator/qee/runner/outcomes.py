"""From an engine's shots to QEE's counts: one bit order for every engine.

Classical bits are numbered in order of declaration, register after register. In a key bit 0 is rightmost, so the first
declared register is the rightmost part and the last declared one the leftmost. Every engine goes through `bit_string`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from qee.api.result_check import register_marginals
from qee.api.result_document import CircuitResult, CompiledCircuit, Register


@dataclass(frozen=True)
class Execution:
    """What an engine reports of one circuit.

    `counts` maps an outcome to how often it occurred; bit i of the integer is classical bit i.
    """

    registers: tuple[Register, ...]
    counts: Mapping[int, int]
    method: str
    seed: int
    depth: int
    two_qubit_gates: int
    compiled_sha256: str


def bit_string(outcome: int, width: int) -> str:
    """The key of an outcome: `width` characters, classical bit 0 rightmost."""
    return format(outcome, f"0{width}b")


def circuit_result(circuit: str, shots: int, execution: Execution) -> CircuitResult:
    """The counts in QEE's form, joined and per register."""
    width = sum(register.size for register in execution.registers)
    counts = {bit_string(outcome, width): count for outcome, count in sorted(execution.counts.items())}
    joined = CircuitResult(circuit, 0, shots, execution.registers, counts, {})
    return CircuitResult(circuit, 0, shots, execution.registers, counts, register_marginals(joined))


def compiled_circuit(circuit: str, execution: Execution) -> CompiledCircuit:
    """How the circuit was executed, for the result's provenance."""
    return CompiledCircuit(
        circuit=circuit,
        method=execution.method,
        seed=execution.seed,
        depth=execution.depth,
        two_qubit_gates=execution.two_qubit_gates,
        compiled_sha256=execution.compiled_sha256,
    )
