"""Cirq's JSON, counted without building it: repetitions of CircuitOperations multiply, references count what they name.

1,375 bytes of CircuitOperations inside one another keep Cirq busy for 26 s a shot.
"""

import json
import re
from typing import Any, NoReturn

from qee.circuits.errors import circuit_too_large, invalid_circuit, quoted, unsupported_construct
from qee.circuits.report import Limits, Scan
from qee.circuits.tally import Tally

FORMAT = "cirq-json"
MAX_DEPTH = 200  # brackets inside one another; a CircuitOperation takes nine
MAX_OBJECTS = 100_000

# One that is not closed reaches to the end: else every quote in it would be tried as a beginning.
_STRING = re.compile(r'"(?>[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_QUBITS = frozenset({"LineQubit", "GridQubit", "NamedQubit", "LineQid", "GridQid", "NamedQid"})
_NAMESPACE = re.compile(r"sympy\.\w+|\w+")


def scan_cirq_json(text: str, limits: Limits) -> Scan:
    """Counts a circuit in Cirq's JSON. Clifford circuits are not recognised, and mid-circuit measurement is assumed.

    Raises ScanError, without a line, for what is no circuit or over the limits.
    """
    _check_depth(text)
    counter = _Counter(limits)
    try:
        found = json.loads(text, object_hook=counter.count, parse_int=_integer, parse_constant=_refuse_constant)
    except ValueError:
        raise invalid_circuit("this is no JSON; check spec.format") from None
    if not isinstance(found, Tally) or counter.last not in ("Circuit", "FrozenCircuit"):
        raise invalid_circuit("this is JSON, but no Circuit of Cirq")
    return counter.report(found)


def _check_depth(text: str) -> None:
    """Python's parser recurses over brackets; so they are counted before."""
    depth = objects = 0
    for bracket in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        if bracket in "[{":
            depth += 1
            objects += 1
            if depth > MAX_DEPTH or objects > MAX_OBJECTS:
                raise circuit_too_large(
                    f"JSON of more than {MAX_DEPTH} levels or {MAX_OBJECTS} objects; flatten or split the circuit"
                )
        else:
            depth -= 1


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise circuit_too_large(f"the number {quoted(digits)} is too large")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise invalid_circuit(f"{quoted(name)} is no number of JSON")


class _Counter:
    """Replaces each JSON object by its tally, innermost first, in the order in which Cirq's decoder meets them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._named: dict[int, Any] = {}
        self._qubits: set[tuple[Any, ...]] = set()
        self._registers: dict[str, int] = {}
        self._bits = 0
        self._constructs: set[str] = set()
        self.last = ""

    def count(self, fields: dict[str, Any]) -> Tally:
        kind = fields.get("cirq_type", "")
        if not isinstance(kind, str) or (kind and not _NAMESPACE.fullmatch(kind)):
            raise unsupported_construct(f"the type {quoted(str(kind))} is not one of Cirq's own")
        self.last = kind
        if kind == "REF":
            return self._reference(fields)
        tally = Tally()
        if kind == "Moment":
            self._add_moment(tally, fields)
        elif kind == "CircuitOperation":
            self._add_repeated(tally, fields)
        else:
            for value in fields.values():
                _add_all(tally, value)
        if kind == "VAL":
            self._named[_key(fields)] = tally
        elif kind in _QUBITS:
            self._qubits.add((kind, *(str(v)[:256] for k, v in sorted(fields.items()) if k != "cirq_type")))
        elif kind == "MeasurementGate":
            self._measurement(fields)
            tally.measurements += 1
        elif kind == "ClassicallyControlledOperation":
            self._constructs.add("if")
        self._bound(tally)
        return tally

    def _reference(self, fields: dict[str, Any]) -> Tally:
        found = self._named.get(_key(fields))
        if not isinstance(found, Tally):
            raise invalid_circuit("a REF names a key that no VAL before it has")
        return found

    def _add_moment(self, tally: Tally, fields: dict[str, Any]) -> None:
        operations = fields.get("operations")
        if not isinstance(operations, list):
            raise invalid_circuit("a Moment without a list of operations")
        for operation in operations:
            one = Tally(operations=1, work=1)
            if isinstance(operation, Tally) and operation.work:
                one = operation
            elif isinstance(operation, Tally):
                one.measurements = operation.measurements
            tally.add(one, 1)

    def _add_repeated(self, tally: Tally, fields: dict[str, Any]) -> None:
        repetitions, circuit = fields.get("repetitions", 1), fields.get("circuit")
        if not isinstance(circuit, Tally):
            raise invalid_circuit("a CircuitOperation without a circuit")
        if isinstance(repetitions, bool) or not isinstance(repetitions, int):
            raise unsupported_construct("repetitions must be a number; write it out")
        self._constructs.add("for" if abs(repetitions) != 1 else "gate")
        if fields.get("repeat_until") is not None:
            self._constructs.add("while")
        tally.add(circuit, abs(repetitions))
        tally.work += 1

    def _measurement(self, fields: dict[str, Any]) -> None:
        key, size = fields.get("key"), fields.get("num_qubits")
        if not isinstance(key, str) or isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise invalid_circuit("a MeasurementGate without a key or a number of qubits")
        before = self._registers.get(key, 0)
        self._registers[key] = max(size, before)
        self._bits += self._registers[key] - before
        if self._bits > self._limits.max_classical_bits:
            raise circuit_too_large(f"more than {self._limits.max_classical_bits} bits are measured into")

    def _bound(self, tally: Tally) -> None:
        if tally.operations > self._limits.max_operations or tally.work > 4 * self._limits.max_operations:
            raise circuit_too_large(
                f"CircuitOperations expand to more than {self._limits.max_operations} operations; reduce repetitions"
            )
        if len(self._qubits) > self._limits.max_qubits:
            raise circuit_too_large(f"more than {self._limits.max_qubits} qubits are used")

    def report(self, tally: Tally) -> Scan:
        if not self._qubits:
            raise invalid_circuit("the circuit has no qubits")
        return Scan(
            format=FORMAT,
            version="1",
            qubits=len(self._qubits),
            classical_bits=self._bits,
            registers=tuple(self._registers.items()),
            operations=tally.operations,
            objects=tally.work,
            multi_qubit_operations=tally.operations,
            measured=tally.measurements > 0,
            clifford=False,
            feed_forward="if" in self._constructs or "while" in self._constructs,
            mid_circuit=tally.measurements > 0,
            needs_deadline="while" in self._constructs,
            constructs=frozenset(self._constructs),
        )


def _key(fields: dict[str, Any]) -> int:
    key = fields.get("key")
    if isinstance(key, bool) or not isinstance(key, int):
        raise invalid_circuit("a VAL or REF without a number as its key")
    return key


def _add_all(tally: Tally, value: Any) -> None:
    """Adds every tally in a value; lists hold no more levels than MAX_DEPTH."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, Tally):
            tally.operations += each.operations
            tally.work += each.work
            tally.measurements += each.measurements
        elif isinstance(each, list):
            pending += each
