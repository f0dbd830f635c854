"""A Cirq circuit as a diagram, in the symbols of Cirq's own text diagrams."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import cirq

from qee.sdk.cirq.gates import Euler
from qee.sdk.cirq.openqasm import OwnGate
from qee.sdk.cirq.program import Program
from qee.sdk.diagram import Diagram, Operation, labels, listed, refuse_many, short

_CALL = re.compile(r"([^()]+)\((.*)\)", re.DOTALL)


def diagram(program: Program, names: Sequence[str]) -> Diagram:
    """The circuit as it is written; what acts on no qubit, as a global phase, is left out.

    `names` are those of the qubits. Gates that the source defines are boxes.
    Raises RunnerError for a circuit that is too large.
    """
    given = list(program.circuit.all_operations())
    refuse_many(sum(len(each.qubits) if cirq.is_measurement(each) else 1 for each in given))
    reader = _Reader(program)
    steps = tuple(step for each in given if each.qubits for step in reader.steps(each))
    return Diagram(tuple(map(short, names)), program.registers, steps)


class _Reader:
    def __init__(self, program: Program) -> None:
        self._places = {qubit: number for number, qubit in enumerate(program.qubits)}
        self._bits = {key: number for number, key in enumerate(program.bits)}
        names = labels(program.registers)
        sizes = Counter(key for key, _ in program.bits)
        self._single = {key: names[number] for (key, _), number in self._bits.items() if sizes[key] == 1}

    def steps(self, given: cirq.Operation) -> Iterator[Operation]:
        """A measurement of several qubits is several steps, everything else is one."""
        operation = given.without_classical_controls().untagged
        wires = [self._places[qubit] for qubit in operation.qubits]
        clbits, condition = self._condition(given)
        if isinstance(operation.gate, cirq.MeasurementGate):
            key = cirq.measurement_key_name(operation)
            for place, wire in enumerate(wires):
                yield Operation("measure", "measure", (wire,), clbits=(self._bits[key, place],))
        elif isinstance(operation.gate, cirq.ResetChannel):
            yield Operation("reset", "reset", tuple(wires), clbits=clbits, condition=condition)
        else:
            name, controls, parameters = _described(operation)
            yield Operation(
                "gate",
                short(name),
                tuple(wire for wire, value in zip(wires, controls, strict=True) if value is None),
                controls=tuple(wire for wire, value in zip(wires, controls, strict=True) if value == 1),
                anticontrols=tuple(wire for wire, value in zip(wires, controls, strict=True) if value == 0),
                clbits=clbits,
                parameters=listed(parameters),
                condition=condition,
            )

    def _condition(self, given: cirq.Operation) -> tuple[tuple[int, ...], str]:
        """The bits that it reads, and what they must be."""
        keys = {str(key) for key in cirq.control_keys(given)}
        clbits = tuple(number for (key, _), number in self._bits.items() if key in keys)
        if not clbits:
            return (), ""
        texts = sorted(str(each) for each in given.classical_controls)
        text = " and ".join(self._in_own_names(each) for each in texts)
        return clbits, short(text)

    def _in_own_names(self, condition: str) -> str:
        """Conditions of Cirq's JSON by the names of their registers."""
        text = re.sub(r"Eq\((\w+), (\d+)\)", r"\1 == \2", condition)
        return re.sub(r"\w+", lambda found: self._single.get(found[0], found[0]), text)


def _described(operation: cirq.Operation) -> tuple[str, list[int | None], list[str]]:
    """Name; for each qubit the value that it has to have as a control, or None; parameters."""
    if isinstance(operation, cirq.ControlledOperation):
        name, inner, parameters = _described(operation.sub_operation.untagged)
        values = list(operation.control_values) if isinstance(operation.control_values, cirq.ProductOfSums) else []
        if len(values) == len(operation.controls) and all(len(each) == 1 for each in values):
            return name, [*(each[0] for each in values), *inner], parameters
        return f"controlled {name}", [None] * len(operation.qubits), parameters
    plain: list[int | None] = [None] * len(operation.qubits)
    if isinstance(operation.gate, Euler):
        angles = (operation.gate.theta, operation.gate.phi, operation.gate.lam)
        return "U", plain, [_in_pi(each) for each in angles]
    if isinstance(operation.gate, OwnGate):
        return operation.gate.name, plain, [_in_pi(each) for each in operation.gate.angles]
    if isinstance(operation, cirq.CircuitOperation):
        count = sum(1 for _ in operation.circuit.all_operations())
        return f"{count} operation{'' if count == 1 else 's'}", plain, []
    info = cirq.circuit_diagram_info(operation, default=None)
    if isinstance(operation.gate, cirq.DensePauliString):
        return "PauliString", plain, []
    if info is None or "\n" in info.wire_symbols[0]:  # a matrix, written out
        return type(operation.gate or operation).__name__, plain, []
    return _symbols(info)


def _symbols(info: cirq.CircuitDiagramInfo) -> tuple[str, list[int | None], list[str]]:
    symbols = list(info.wire_symbols)
    if all(symbol == "@" for symbol in symbols):
        symbols[-1] = "Z"
    controls = [1 if symbol == "@" else None for symbol in symbols]
    target = symbols[controls.index(None)]
    name, parameters = target, list[str]()
    if found := _CALL.fullmatch(target):
        name, parameters = found[1], found[2].split(", ")
    if name == "×":
        name = "swap"
    if info.exponent != 1:
        exponent = f"{info.exponent:.4g}" if isinstance(info.exponent, int | float) else str(info.exponent)
        name = f"{name}^{exponent}"
    return name, controls, parameters


def _in_pi(angle: float) -> str:
    return f"{angle / math.pi:.4g}π"
