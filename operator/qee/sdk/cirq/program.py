"""A circuit as engine cirq holds it, whatever language it came from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import cirq

from qee.documents.result import Register
from qee.sdk.arrays import measured_early


@dataclass(frozen=True)
class Written:
    """A tag: the gate's name as the source has it, which noise goes by."""

    name: str


@dataclass(frozen=True)
class Program:
    """`qubits` are all that were declared, qubit 0 first, those without a gate included.

    `bits` has for each classical bit the measurement key that it belongs to and its place in that key. `parameters` are
    the circuit's symbols by the column that has their values.
    """

    circuit: cirq.Circuit
    registers: tuple[Register, ...]
    qubits: tuple[cirq.Qid, ...]
    bits: tuple[tuple[str, int], ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    declared: tuple[Register, ...] = ()
    """Of an OpenQASM source: its registers of qubits."""

    def bound(self, values: Mapping[str, float]) -> "Program":
        """With these values, by column."""
        if not values:
            return self
        resolver = {self.parameters[name]: value for name, value in values.items()}
        return replace(self, circuit=cirq.resolve_parameters(self.circuit, resolver))

    @property
    def measured(self) -> bool:
        return any(cirq.is_measurement(operation) for operation in self.circuit.all_operations())

    def final_measurements(self) -> list[tuple[cirq.Qid, int]]:
        """Qubit and classical bit of each measurement.

        Raises RunnerError unless each is the last operation of its qubit and its bit, and nothing depends on one.
        """
        place = {key: number for number, key in enumerate(self.bits)}
        found: list[tuple[cirq.Qid, int]] = []
        over: set[Any] = set()
        for operation in self.circuit.all_operations():
            if cirq.control_keys(operation) or over.intersection(operation.qubits):
                raise measured_early()
            if cirq.is_measurement(operation):
                key = cirq.measurement_key_name(operation)
                if key in over:
                    raise measured_early()
                over |= {key, *operation.qubits}
                found += [(qubit, place[key, number]) for number, qubit in enumerate(operation.qubits)]
        return found

    def unmeasured(self) -> cirq.Circuit:
        """The circuit without its measurements, which are final."""
        return cirq.Circuit(each for each in self.circuit.all_operations() if not cirq.is_measurement(each))

    def rotated(self, basis: str) -> "Program":
        """Every qubit measured in its letter's basis (I as Z), qubit i into bit i."""

        def operations() -> Iterator[cirq.Operation]:
            for qubit, letter in zip(self.qubits, reversed(basis), strict=True):
                if letter == "Y":
                    yield (cirq.S**-1)(qubit)
                if letter in "XY":
                    yield cirq.H(qubit)
            for number, qubit in enumerate(self.qubits):
                yield cirq.measure(qubit, key=f"qee_{number}")

        keys = tuple((f"qee_{number}", 0) for number in range(len(self.qubits)))
        register = Register("qee", len(self.qubits))
        return replace(self, circuit=self.unmeasured() + cirq.Circuit(operations()), registers=(register,), bits=keys)
