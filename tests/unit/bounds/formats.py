"""Hostile files of Qiskit's and Cirq's own formats, as `tests.unit.bounds.programs` has those of OpenQASM."""

import struct
from collections.abc import Callable

from tests.unit.bounds.programs import Hostile


def _counted(piece: bytes, size: int) -> tuple[bytes, int]:
    """`piece` as often as it fits, and how often that is."""
    count = max(1, size // len(piece))
    return piece * count, count


def _typed(key: bytes, data: bytes) -> bytes:
    return key + struct.pack("!Q", len(data)) + data


def circuit(
    version: int,
    *,
    qubits: int = 2,
    clbits: int = 0,
    registers: tuple[bytes, int] = (b"", 0),
    vectors: tuple[bytes, int] = (b"", 0),
    definitions: tuple[bytes, int] = (b"", 0),
    instructions: tuple[bytes, int] = (b"", 0),
    phase: tuple[bytes, bytes] = (b"f", bytes(8)),
    name: bytes = b"c",
    layout: bytes = struct.pack("!?iiiIi", False, -1, -1, -1, 0, 0),
) -> bytes:
    """One circuit; each pair is bytes, and how many of something they are."""
    header = struct.pack(
        "!HcHIIQIQI", len(name), phase[0], len(phase[1]), qubits, clbits, 0, registers[1], instructions[1], 0
    )
    data = header + name + phase[1] + registers[0]
    data += struct.pack("!I", 0) if version >= 15 else b""  # annotations
    data += struct.pack("!H", vectors[1]) + vectors[0] if version >= 18 else b""
    data += struct.pack("!Q", definitions[1]) + definitions[0] + instructions[0]
    return data + (struct.pack("!H", 0) if version < 18 else b"") + layout


def file(version: int, body: bytes) -> bytes:
    data = struct.pack("!6sBBBBQc", b"QISKIT", version, 2, 0, 0, 1, b"p") + b"q"
    if version >= 16:
        data += struct.pack("!Q", len(data) + 8)
    return data + body


def instruction(name: bytes, *parameters: bytes, qubits: tuple[int, ...] = (0,), label: bytes = b"") -> bytes:
    head = struct.pack("!HHHIIBHqII", len(name), len(label), len(parameters), len(qubits), 0, 0, 0, 0, 0, 0)
    operands = b"".join(struct.pack("!cI", b"q", each) for each in qubits)
    return head + name + label + operands + b"".join(parameters)


def definition(name: bytes, body: bytes, qubits: int = 1) -> bytes:
    return struct.pack("!HcII?QIIQ", len(name), b"i", qubits, 0, True, len(body), 0, 0, 0) + name + body


def _file(version: int, part: str, piece: bytes, **more: tuple[bytes, int]) -> Callable[[int], bytes]:
    def make(size: int) -> bytes:
        return file(version, circuit(version, **{part: _counted(piece, size)}, **more))  # type: ignore[arg-type]

    return make


def _vector(name: bytes) -> bytes:
    return struct.pack("!HQ16s", len(name), 100_000, bytes(16)) + name


def _element(index: int) -> bytes:
    return _typed(b"v", struct.pack("!HQ", 0, index))


def _elements(name: bytes) -> Callable[[int], bytes]:
    """Elements of one vector, its name in the table: each reference takes a few bytes."""

    def make(size: int) -> bytes:
        each = [instruction(b"RXGate", _element(n)) for n in range(max(1, size // 64))]
        return file(18, circuit(18, vectors=(_vector(name), 1), instructions=(b"".join(each), len(each))))

    return make


def _expressions(size: int) -> bytes:
    """One expression of many elements in place of many instructions."""
    symbol = [struct.pack("!ccQHQ", b"v", b"v", 0, 0, n) for n in range(max(1, size // 20))]
    expression = struct.pack("!QQ", len(symbol), 0) + b"".join(symbol)
    one = instruction(b"RXGate", _typed(b"e", expression))
    return file(18, circuit(18, vectors=(_vector(b"t" * 256), 1), instructions=(one, 1)))


def _tuples(size: int) -> bytes:
    return file(13, circuit(13, instructions=(instruction(b"RXGate", _nested(size)), 1)))


def _nested(size: int) -> bytes:
    """Tuples inside of tuples, sixteen levels, the innermost filled."""
    inner, count = _counted(_typed(b"z", b""), size)
    data = _typed(b"t", struct.pack("!Q", count) + inner)
    for _ in range(14):
        data = _typed(b"t", struct.pack("!Q", 1) + data)
    return data


def _definitions(size: int) -> bytes:
    """Definitions inside one another, sixteen levels, the innermost filled; each level has the bytes of the next."""
    body = circuit(13, qubits=1, instructions=_counted(instruction(b"XGate"), size))
    for level in range(14):
        name = b"d%d" % level
        body = circuit(13, qubits=1, definitions=(definition(name, body), 1), instructions=(instruction(name), 1))
    return file(13, body)


def _many_definitions(size: int) -> bytes:
    empty = circuit(13, qubits=1)
    count = max(1, size // (len(empty) + 60))
    found = b"".join(definition(b"d%d" % n, empty) for n in range(count))
    return file(13, circuit(13, definitions=(found, count)))


def _calls(size: int) -> bytes:
    body = circuit(13, qubits=1, instructions=(instruction(b"XGate") + instruction(b"HGate"), 2))
    calls = _counted(instruction(b"d"), size)
    return file(13, circuit(13, definitions=(definition(b"d", body), 1), instructions=calls))


def _arrays(header: bytes) -> Hostile:
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    return Hostile("qpy", _file(13, "instructions", instruction(b"UnitaryGate", _typed(b"n", array))))


def _range(size: int) -> bytes:
    body = circuit(13, qubits=1)
    loop = instruction(b"ForLoopOp", _typed(b"r", struct.pack("!qqq", 0, 1, 1)), _typed(b"z", b""), _typed(b"q", body))
    return file(13, circuit(13, instructions=_counted(loop, size)))


_NUMBERED = struct.pack("!c?IH?", b"c", False, 1, 1, True)

QPY: dict[str, Hostile] = {
    "QPY, gates": Hostile("qpy", _file(13, "instructions", instruction(b"XGate"))),
    "QPY, gates on both qubits": Hostile("qpy", _file(18, "instructions", instruction(b"CXGate", qubits=(0, 1)))),
    "QPY, gates with labels": Hostile("qpy", _file(13, "instructions", instruction(b"XGate", label=b"l" * 5000))),
    "QPY, elements of a vector": Hostile("qpy", _elements(b"t" * 256)),
    "QPY, elements of a vector with a name of 64 KiB": Hostile("qpy", _elements(b"t" * 65_535)),
    "QPY, an expression of a vector's elements": Hostile("qpy", _expressions),
    "QPY, vectors": Hostile("qpy", _file(18, "vectors", _vector(b"t"))),
    "QPY, parameters": Hostile(
        "qpy",
        lambda size: file(
            13,
            circuit(
                13,
                instructions=(
                    b"".join(
                        instruction(b"RXGate", _typed(b"p", struct.pack("!H16s", 8, bytes(16)) + b"%08d" % n))
                        for n in range(max(1, size // 90))
                    ),
                    max(1, size // 90),
                ),
            ),
        ),
    ),
    "QPY, registers": Hostile("qpy", _file(13, "registers", _NUMBERED + b"r" + struct.pack("!q", -1))),
    "QPY, empty registers": Hostile("qpy", _file(13, "registers", struct.pack("!c?IH?", b"c", False, 0, 0, True))),
    "QPY, registers that are ranges": Hostile(
        "qpy", _file(18, "registers", struct.pack("!c?IH??I", b"q", False, 2, 0, True, True, 0))
    ),
    "QPY, tuples in tuples": Hostile("qpy", _tuples),
    "QPY, definitions in definitions": Hostile("qpy", _definitions),
    "QPY, definitions": Hostile("qpy", _many_definitions),
    "QPY, calls of a definition": Hostile("qpy", _calls),
    "QPY, loops": Hostile("qpy", _range),
    "QPY, arrays with headers of brackets": _arrays(b"[" * 60_000),
    "QPY, arrays with headers of numbers": _arrays(b"{'descr': '<f8', 'shape': (" + b"1," * 30_000 + b")}"),
    "QPY, arrays with headers of signs": _arrays(b"-" * 60_000 + b"1"),
    "QPY, arrays with one large number": _arrays(b"9" * 60_000),
    "QPY, a layout": Hostile(
        "qpy",
        lambda size: file(
            13, circuit(13, layout=struct.pack("!?iiiIi", True, size // 8, 0, 0, 0, 0) + b"\xff" * (size // 8 * 8))
        ),
    ),
}


def _operations(piece: str) -> Hostile:
    """Operations of one moment; `{n}` is a number."""

    def make(size: int) -> bytes:
        found, left = [], size - 100
        while left > 0:
            found.append(piece.replace("{n}", str(len(found))))
            left -= len(found[-1]) + 1
        return _moment(",".join(found))

    return Hostile("cirq-json", make)


def _moment(operations: str) -> bytes:
    inside = f'"moments": [{{"cirq_type": "Moment", "operations": [{operations}]}}]'
    return f'{{"cirq_type": "Circuit", {inside}}}'.encode()


def _whole(opened: str, closed: str = "") -> Hostile:
    """Not in a circuit: what a parser meets first."""

    def make(size: int) -> bytes:
        times = size // len(opened + closed)
        return (opened * times + closed * times).encode()

    return Hostile("cirq-json", make)


def _repeated_circuits(size: int) -> bytes:
    one = (
        '{"cirq_type": "CircuitOperation", "repetitions": 1, "circuit": {"cirq_type": "FrozenCircuit", "moments": []}}'
    )
    return _moment(",".join([one] * max(1, size // len(one))))


_QUBIT = '{"cirq_type": "LineQubit", "x": {n}}'
_MEASURED = (
    '{"cirq_type": "GateOperation", "gate": {"cirq_type": "MeasurementGate", "num_qubits": 1, "key": "k{n}"},'
    ' "qubits": [{"cirq_type": "LineQubit", "x": 0}]}'
)

CIRQ: dict[str, Hostile] = {
    "Cirq, objects": _operations("{}"),
    "Cirq, lists": _operations("[]"),
    "Cirq, numbers": _operations("0.5"),
    "Cirq, small numbers": _operations("1"),
    "Cirq, text": _operations('"ab"'),
    "Cirq, escaped quotes": _operations('"\\\\\\""'),
    "Cirq, quotes": _whole('"'),
    "Cirq, backslashes": _whole('"\\'),
    "Cirq, text that is not closed": Hostile("cirq-json", lambda size: b'{"' + b"a" * size),
    "Cirq, brackets": _whole("[", "]"),
    "Cirq, braces": _whole('{"a":', "}"),
    "Cirq, brackets that are not closed": _whole("["),
    "Cirq, minus signs": _whole("-"),
    "Cirq, digits": Hostile("cirq-json", lambda size: _moment("1" * size)),
    "Cirq, digits behind a point": Hostile("cirq-json", lambda size: _moment("0." + "1" * size)),
    "Cirq, exponents": _operations("1e9999"),
    "Cirq, qubits": _operations(_QUBIT),
    "Cirq, qubits with long names": _operations('{"cirq_type": "NamedQubit", "name": "' + "q" * 2000 + '"}'),
    "Cirq, qubits of lists": _operations('{"cirq_type": "NamedQubit", "name": [' + ",".join(["0"] * 2000) + "]}"),
    "Cirq, measurements": _operations(_MEASURED),
    "Cirq, values and references": _operations(
        '{"cirq_type": "VAL", "key": {n}, "val": {"cirq_type": "XPowGate"}}, {"cirq_type": "REF", "key": {n}}'
    ),
    "Cirq, fields": _operations('{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}'),
    "Cirq, one field again and again": _operations('{"cirq_type": "XPowGate", "cirq_type": "XPowGate"}'),
    "Cirq, circuits in a circuit": Hostile("cirq-json", _repeated_circuits),
    "Cirq, types of long names": _operations('{"cirq_type": "' + "sympy." * 300 + '"}'),
}
