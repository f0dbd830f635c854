"""Circuits of any of Qiskit's formats. What reads a format is imported when one of it is there."""

from qiskit import QuantumCircuit
from qiskit.qasm2 import QASM2Error

from qee.documents.result import Register
from qee.documents.run import CircuitRun
from qee.sdk import limits
from qee.sdk.errors import unsupported_construct
from qee.sdk.explain import invalid
from qee.sdk.qiskit.own_gates import told_apart


def load(circuit: CircuitRun) -> tuple[QuantumCircuit, tuple[Register, ...]]:
    """A circuit of any of Qiskit's formats, with its classical registers. Raises RunnerError."""
    found, registers = _read(circuit)
    if circuit.format == "openqasm3":  # there the loader gives own gates names of their own
        return found, registers
    try:
        return told_apart(found, limits.memory()), registers
    except QASM2Error as error:  # Qiskit computes the definition of a gate when somebody asks for it
        raise invalid("a gate that the source defines takes another number of parameters") from error


def _read(circuit: CircuitRun) -> tuple[QuantumCircuit, tuple[Register, ...]]:
    if circuit.format == "openqasm3":
        from qee.sdk.qiskit.openqasm3.loader import load_openqasm3

        return load_openqasm3(circuit.source)
    if circuit.format == "openqasm2":
        from qee.sdk.qiskit.openqasm2 import load_openqasm2

        return load_openqasm2(circuit.source)
    if circuit.format == "qpy":
        from qee.sdk.qiskit.qpy import load_qpy

        return load_qpy(circuit.source)
    raise unsupported_construct(
        f"format {circuit.format} is none of Qiskit's; use a backend that reads it, or write the circuit in OpenQASM 3"
    )
