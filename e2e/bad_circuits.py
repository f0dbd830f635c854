"""Circuits that must not run, and what a user is told about each."""

from dataclasses import dataclass, field
from typing import Any

from e2e.kubernetes import Object

QASM3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
QASM2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
ONE3 = f"{QASM3}qubit q; bit c; "
ONE2 = f"{QASM2}qreg q[1]; creg c[1]; "
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


@dataclass(frozen=True)
class Bad:
    """A source that is refused: the reason, and words that the message must hold."""

    name: str
    source: str
    reason: str
    says: str
    format: str = "openqasm3"
    engine: str = "aer"
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def circuit(self) -> Object:
        return {"name": "bad", "format": self.format, "source": self.source}


def two(name: str, source: str, reason: str, says: str, **more: Any) -> Bad:
    return Bad(name, source, reason, says, format="openqasm2", **more)


def nested(levels: int) -> str:
    """2^levels gates in few bytes (SDKs expand them when they parse or compile)."""
    first = "gate g0 a { x a; x a; } "
    return first + "".join(f"gate g{level} a {{ g{level - 1} a; g{level - 1} a; }} " for level in range(1, levels))


MALFORMED = [
    Bad("blank", " \n\t\n", "InvalidCircuit", "the source is empty"),
    Bad("prose", "I would like a Bell pair, please.", "InvalidCircuit", "line 1"),
    Bad("cut-off", f"{QASM3}qubit[2] q; h q[0", "InvalidCircuit", "line 3: the program ends"),
    Bad("wrong-format", f"{ONE2} measure q -> c;", "InvalidCircuit", "set the circuit's format to openqasm2"),
    Bad("byte-order-mark", f"\ufeff{ONE3} c = measure q;", "InvalidCircuit", "save it as UTF-8 without one"),
    Bad("nul", f"{ONE3}\0 c = measure q;", "InvalidCircuit", "this is not text"),
    Bad("unknown-gate", f"{ONE3} frobnicate q; c = measure q;", "InvalidCircuit", "'frobnicate' is not defined"),
    Bad("escape", f"{ONE3} \x1b[31mx q; c = measure q;", "InvalidCircuit", "line 3"),
]
# Each costs an SDK seconds and gigabytes, or prints a file.
TRAPS = [
    two(
        "nested-gates", f"{QASM2}{nested(17)} qreg q[1]; g16 q[0];", "CircuitTooLarge", "reduce loop bounds, gate nest"
    ),
    Bad("nested-gates-3", f"{QASM3}{nested(17)} qubit q; g16 q;", "CircuitTooLarge", "131072 operations"),
    Bad("loop", f"{ONE3} for int i in [1:100000000] {{ x q; }} c = measure q;", "CircuitTooLarge", "100000000"),
    Bad("nested-loops", f"{ONE3} {'for int i in [1:999] {' * 9} x q; {'}' * 9}", "CircuitTooLarge", "at most 100000"),
    Bad("endless", f"{ONE3} while (!c) {{ x q; }} c = measure q;", "InvalidSpec", "spec.activeDeadlineSeconds"),
    Bad("power", f"{ONE3} pow(1e9) @ x q; c = measure q;", "CircuitTooLarge", "at most 100000 are allowed"),
    two("wide", f"{QASM2}qreg q[10000000];", "CircuitTooLarge", "10000000 qubits"),
    two("wide-bits", f"{QASM2}qreg q[1]; creg c[10000000];", "CircuitTooLarge", "10000000"),
    Bad("parentheses", f"{ONE3} rx({'(' * 2000}1{')' * 2000}) q;", "InvalidCircuit", "simplify it"),
    two("parentheses-2", f"{ONE2} rx({'(' * 60_000}1{')' * 60_000}) q[0];", "InvalidCircuit", "simplify it"),
    Bad("digits", f"{ONE3} rx({'9' * 100_000}) q;", "CircuitTooLarge", "digits"),
    Bad("include-passwd", 'OPENQASM 3.0;\ninclude "/etc/passwd";\nqubit q;', "UnsupportedConstruct", "can be included"),
    two("include-passwd-2", 'OPENQASM 2.0;\ninclude "/etc/passwd";\nqreg q[1];', "UnsupportedConstruct", "be included"),
    two("include-token", f'OPENQASM 2.0;\ninclude "{TOKEN}";\nqreg q[1];', "UnsupportedConstruct", "can be included"),
]
# Each half entangled with the other thirty times: no matrix product is small enough either.
PAIRS = " ".join(f"cx q[{i}],q[{i + 30}];" for i in range(30))
SIXTY = f"{QASM2}qreg q[60]; creg c[60]; h q; t q; {PAIRS} h q; measure q -> c;"
TOO_LARGE = [
    two("sixty-qubits", SIXTY, "InsufficientMemory", "16 bytes x 2^60 = more than 1 EiB; limits.memory of backend"),
    two(
        "sixty-qubits-named",
        SIXTY,
        "InsufficientMemory",
        "with method statevector",
        spec={"simulator": {"method": "statevector"}},
    ),
    two(
        "tight-memory",
        f"{QASM2}qreg q[24]; creg c[24]; h q; t q; measure q -> c;",
        "InsufficientMemory",
        "spec.resources.limits.memory: 200Mi is less than",
        spec={"resources": {"limits": {"memory": "200Mi"}}, "simulator": {"method": "statevector"}},
    ),
]
# The scanner lets these pass; the engine refuses them in its pod.
BEYOND_THE_ENGINE = [
    Bad("box-on-aer", f"{ONE3} box {{ x q; }} c = measure q;", "UnsupportedConstruct", "write its body without it"),
    Bad("unmeasured", f"{ONE3} x q;", "UnsupportedConstruct", "add one"),
    Bad("def-on-cirq", f"{ONE3} def f(qubit a) {{ x a; }} f(q);", "UnsupportedConstruct", "def", engine="cirq"),
]
EVERY = [*MALFORMED, *TRAPS, *TOO_LARGE, *BEYOND_THE_ENGINE]
