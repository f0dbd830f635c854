"""Cirq's JSON into a Cirq circuit, with Cirq's own resolvers only.

A measurement key is a register, in order of first appearance; its first qubit is bit 0. Cirq's own histogram reads the
key as a big-endian number, so its integers are the mirror image. Of a key that is measured again the last outcome
counts, as for a classical bit. Qubits are in Cirq's sorted order, qubit 0 first.
"""

import re

import cirq

from qee.documents.result import Register
from qee.sdk.cirq.json_kept import check_kept
from qee.sdk.cirq.program import Program
from qee.sdk.errors import RunnerError, circuit_too_large, unsupported_construct
from qee.sdk.explain import invalid

MAX_OPERATIONS = 100_000  # as the operator's scanner bounds them
_MAX_BITS = 4096
_MAX_LEVELS = 200  # of brackets, as in the operator's scanner
_MAX_KEY = 128
_STRING = re.compile(r'"(?>[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_TYPE = re.compile(r'"cirq_type"\s*:\s*"([^"]*)"')


def load_cirq_json(source: str) -> Program:
    """The circuit, CircuitOperations expanded. Raises RunnerError."""
    _check_text(source)
    try:
        circuit = cirq.read_json(json_text=source, resolvers=cirq.DEFAULT_RESOLVERS)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # each class has its own complaints, from KeyError to sympy's
        raise invalid("this is no JSON that Cirq reads; write it with cirq.to_json(circuit)") from error
    if not isinstance(circuit, cirq.AbstractCircuit):
        raise invalid("this is JSON of Cirq, but not of a Circuit; write cirq.to_json(circuit)")
    if _operations(circuit, {}) > MAX_OPERATIONS:
        raise circuit_too_large(
            f"CircuitOperations expand to more than {MAX_OPERATIONS} operations; reduce repetitions"
        )
    check_kept(source, circuit)
    flat = _expanded(circuit)
    sizes = _sizes(flat)
    registers = tuple(Register(key, size) for key, size in sizes.items())
    bits = tuple((key, place) for key, size in sizes.items() for place in range(size))
    qubits = tuple(sorted(flat.all_qubits()))
    if not qubits:
        raise invalid("the circuit has no qubits")
    return Program(flat, registers, qubits, bits)


def _check_text(source: str) -> None:
    """What must hold before Cirq sees the text: Python's parser recurses over brackets."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", source)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > _MAX_LEVELS:
        raise circuit_too_large(f"JSON of more than {_MAX_LEVELS} levels; flatten the circuit")
    for kind in _TYPE.findall(source):
        if not re.fullmatch(r"sympy\.\w+|\w+", kind):
            raise _refused("a type that is not one of Cirq's own", "use gates of cirq-core")


def _operations(circuit: cirq.AbstractCircuit, memo: dict[int, int]) -> int:
    """Operations when CircuitOperations are expanded, counted without expanding any."""
    total = 0
    for operation in circuit.all_operations():
        inner = operation.without_classical_controls().untagged
        if not isinstance(inner, cirq.CircuitOperation):
            total += 1
            continue
        if not isinstance(inner.repetitions, int):
            raise _refused("a number of repetitions that is a symbol", "write the number")
        if inner.repeat_until is not None:
            raise _refused("repeat_until", "repeat it a fixed number of times, or use OpenQASM 3's while on aer")
        if id(inner.circuit) not in memo:
            memo[id(inner.circuit)] = _operations(inner.circuit, memo)
        total += max(1, abs(inner.repetitions) * memo[id(inner.circuit)])
    return total


def _expanded(circuit: cirq.AbstractCircuit) -> cirq.Circuit:
    try:
        flat = cirq.unroll_circuit_op(circuit, deep=True, tags_to_check=None).unfreeze()
    except (ValueError, TypeError) as error:
        raise _refused("such a CircuitOperation", "write its operations out") from error
    for operation in flat.all_operations():
        _check(operation)
    return flat


def _check(operation: cirq.Operation) -> None:
    inner = operation.without_classical_controls().untagged
    if any(dimension != 2 for dimension in cirq.qid_shape(inner)):
        raise _refused("a qudit", "use LineQubit, GridQubit or NamedQubit")
    if isinstance(inner.gate, cirq.MeasurementGate):
        if inner.gate.confusion_map:
            raise _refused("a confusion map", "leave it out, and use spec.noise.readout")
        if any(inner.gate.full_invert_mask()):
            raise _refused("an invert_mask", "apply cirq.X before the measurement")
    elif cirq.is_measurement(inner):
        raise _refused("a measurement of a Pauli string or in a basis", "rotate the qubits and use cirq.measure")
    elif not (isinstance(inner.gate, cirq.ResetChannel) or cirq.has_unitary(inner) or cirq.is_parameterized(inner)):
        raise _refused("a noise channel, or a gate that is not unitary", "leave it out, and use spec.noise for noise")


def _sizes(circuit: cirq.Circuit) -> dict[str, int]:
    """Qubits of each measurement key, in order of first appearance."""
    sizes: dict[str, int] = {}
    for operation in circuit.all_operations():
        if not cirq.is_measurement(operation):
            continue
        key, size = cirq.measurement_key_name(operation), len(operation.qubits)
        if not key or len(key) > _MAX_KEY or not key.isascii() or not key.isprintable():
            raise _refused("such a measurement key", f"use 1 to {_MAX_KEY} printable characters of ASCII")
        if sizes.setdefault(key, size) != size:
            raise _refused("a key measured with different numbers of qubits", "use one key for each")
    if sum(sizes.values()) > _MAX_BITS:
        raise circuit_too_large(f"more than {_MAX_BITS} bits are measured into; use fewer keys")
    return sizes


def _refused(what: str, instead: str) -> RunnerError:
    return unsupported_construct(f"engine cirq does not run {what}; {instead}")
