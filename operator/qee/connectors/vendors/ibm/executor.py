"""Circuits as parameters of IBM's program executor, by the SDK's own converter (ibm_quantum_schemas, version 2.0).

What the client-side primitives of the SDK (executor_sampler, since 0.50) send where nothing is twirled: an item for
each circuit, with an array of its parameters' values in the order of `circuit.parameters`; all have the same shots.
"""

from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit_ibm_runtime.options_models import ExecutorOptions
from qiskit_ibm_runtime.quantum_program import CircuitItem, QuantumProgram
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

SCHEMA = "v2.0"


def params(
    circuits: Sequence[tuple[QuantumCircuit, BindingsArray]], shots: int, options: ExecutorOptions
) -> dict[str, Any]:
    items = [
        CircuitItem(circuit, circuit_arguments=values.as_array(circuit.parameters) if circuit.parameters else None)
        for circuit, values in circuits
    ]
    made = QUANTUM_PROGRAM_PARAMS_CONVERTERS[SCHEMA].encoder(QuantumProgram(shots, items), options)
    found: dict[str, Any] = made.model_dump(mode="json")
    return found
