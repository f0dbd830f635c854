"""Gates that an OpenQASM 3 program defines or modifies, against matrices from the text of the specification.

The reference knows no SDK: `U`, `gphase` and the modifiers are those of the chapter "Gates" (3.1), the standard gates
those of the chapter "Standard library". Programs are drawn as trees, written as text for the engines, and multiplied.
"""

import cmath
import math
import random
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qee.documents.run import CircuitRun, SimulatorOptions, TranspileOptions
from qee.runner.engines import load
from qee.sdk.errors import RunnerError
from qee.sdk.limits import Room
from qee.sdk.outcomes import Execution, Options, Task
from qee.sdk.qiskit.openqasm3.converter import Converter
from qee.sdk.qiskit.openqasm3.loader import load_openqasm3

HEADER = 'OPENQASM 3.0; include "stdgates.inc"; '
ROOM = Room(1, 2**30)

Matrix = np.ndarray


def u(theta: float, phi: float, lam: float) -> Matrix:
    turn = cmath.exp(1j * theta)
    upper = [1 + turn, -1j * cmath.exp(1j * lam) * (1 - turn)]
    lower = [1j * cmath.exp(1j * phi) * (1 - turn), cmath.exp(1j * (phi + lam)) * (1 + turn)]
    return np.array([upper, lower]) / 2


def phase(lam: float) -> Matrix:
    return np.diag([1, cmath.exp(1j * lam)])


def rotation(pauli: Matrix, theta: float) -> Matrix:
    return math.cos(theta / 2) * np.eye(2) - 1j * math.sin(theta / 2) * pauli


def u3(theta: float, phi: float, lam: float) -> Matrix:
    return cmath.exp(-0.5j * (theta + phi + lam)) * u(theta, phi, lam)


def controlled(gate: Matrix, controls: int = 1, positive: bool = True) -> Matrix:
    """The first operands are the controls; an operand's bit is the lower, the earlier it stands."""
    size = gate.shape[0] << controls
    found = np.eye(size, dtype=complex)
    wanted = (1 << controls) - 1 if positive else 0
    rows = [(target << controls) | wanted for target in range(gate.shape[0])]
    found[np.ix_(rows, rows)] = gate
    return found


def power(gate: Matrix, exponent: float) -> Matrix:
    """A whole one by repetition, a fraction by the principal value: angles above -π and up to π."""
    if float(exponent).is_integer():
        return np.linalg.matrix_power(gate if exponent >= 0 else gate.conj().T, abs(int(exponent)))
    values, vectors = np.linalg.eig(gate)
    basis, _ = np.linalg.qr(vectors)
    values = np.diag(basis.conj().T @ gate @ basis)
    angles = [math.pi if abs(cmath.phase(each)) > math.pi - 1e-7 else cmath.phase(each) for each in values]
    return basis @ np.diag([cmath.exp(1j * exponent * angle) for angle in angles]) @ basis.conj().T


X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1])
H = np.array([[1, 1], [1, -1]]) / math.sqrt(2)
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
SWAP = np.eye(4)[[0, 2, 1, 3]]
# Of `cu` the text says two things; this is the definition in stdgates.inc: p(γ-θ/2) a; ctrl @ U(θ, φ, λ) a, b;
STANDARD = {
    "U": (3, u), "p": (1, phase), "phase": (1, phase), "u1": (1, phase),
    "u2": (2, lambda a, b: u3(math.pi / 2, a, b)), "u3": (3, u3),
    "x": (0, lambda: X), "y": (0, lambda: Y), "z": (0, lambda: Z), "h": (0, lambda: H), "id": (0, lambda: np.eye(2)),
    "s": (0, lambda: phase(math.pi / 2)), "sdg": (0, lambda: phase(-math.pi / 2)),
    "t": (0, lambda: phase(math.pi / 4)), "tdg": (0, lambda: phase(-math.pi / 4)), "sx": (0, lambda: SX),
    "rx": (1, lambda a: rotation(X, a)), "ry": (1, lambda a: rotation(Y, a)), "rz": (1, lambda a: rotation(Z, a)),
    "cx": (0, lambda: controlled(X)), "CX": (0, lambda: controlled(X)), "cy": (0, lambda: controlled(Y)),
    "cz": (0, lambda: controlled(Z)), "ch": (0, lambda: controlled(H)), "swap": (0, lambda: SWAP),
    "cp": (1, lambda a: controlled(phase(a))), "cphase": (1, lambda a: controlled(phase(a))),
    "crx": (1, lambda a: controlled(rotation(X, a))), "cry": (1, lambda a: controlled(rotation(Y, a))),
    "crz": (1, lambda a: controlled(rotation(Z, a))), "ccx": (0, lambda: controlled(X, 2)),
    "cswap": (0, lambda: controlled(SWAP)),
    "cu": (4, lambda a, b, c, d: np.kron(np.eye(2), phase(d - a / 2)) @ controlled(u(a, b, c))),
}  # fmt: skip
WIDTH = {name: round(math.log2(make(*[0.1] * count).shape[0])) for name, (count, make) in STANDARD.items()}
# In both libraries and in all three readers, and the same in all of them up to a phase.
SHARED = ("u3", "rx", "ry", "rz", "x", "h", "s", "t", "sdg", "cx", "cz", "ccx", "swap", "u1", "u2")
# Some are names of Qiskit's or Aer's gates, some sort otherwise than they stand.
OWN = ("h", "rzz", "sx", "x_dg", "g", "zeta", "_gate_p", "unitary", "cu3", "if_else", "G2")
PARAMETERS = ("theta", "phi", "lambda", "a", "Z", "b2", "b10", "_gate_p_2", "_gate_p_10", "π2")


@dataclass
class Call:
    gate: str
    angles: list[str]
    values: list[float] | None
    qubits: list[int]
    modifiers: list[tuple[str, float]] = field(default_factory=list)

    def text(self, wire: str) -> str:
        marks = "".join(f"{kind} @ " if number == 1 else f"{kind}({number}) @ " for kind, number in self.modifiers)
        angles = f"({', '.join(self.angles)})" if self.angles else ""
        qubits = ", ".join(wire.format(qubit) for qubit in self.qubits)
        return f"{marks}{self.gate}{angles} {qubits}".rstrip() + "; "


@dataclass
class Definition:
    name: str
    parameters: list[str]
    width: int
    body: list[Call]

    def text(self) -> str:
        parameters = f"({', '.join(self.parameters)})" if self.parameters else ""
        qubits = ", ".join(f"w{number}" for number in range(self.width))
        return f"gate {self.name}{parameters} {qubits} {{ {''.join(each.text('w{}') for each in self.body)}}} "


class World:
    """A random program, and what it does."""

    def __init__(self, seed: int, qubits: int = 4, modifiers: bool = True, names: tuple[str, ...] = ()) -> None:
        self.random = random.Random(seed)
        self.qubits = qubits
        self.modifiers = modifiers
        self.names = names or tuple(STANDARD)
        self.own: dict[str, Definition] = {}
        for name in self.random.sample(OWN, 3):
            if name not in STANDARD or not names:
                self.define(name)
        self.calls = [self.call(qubits, []) for _ in range(4)]

    def define(self, name: str) -> None:
        if name in STANDARD:  # of the library: it would be defined twice
            return
        parameters = self.random.sample(PARAMETERS, self.random.randint(0, 4))
        width = self.random.randint(1, 2)
        body = [self.call(width, parameters) for _ in range(self.random.randint(1, 4))]
        self.own[name] = Definition(name, parameters, width, body)

    def call(self, width: int, parameters: list[str]) -> Call:
        while True:
            modifiers = self._modifiers() if self.modifiers else []
            controls = sum(int(number) for kind, number in modifiers if kind.endswith("ctrl"))
            known = [*self.own, *self.own, *self.names, *(["gphase"] * 3 if self.modifiers else [])]
            name = self.random.choice(known)
            needs = controls + self._width(name)
            if needs <= width:
                break
        count = 1 if name == "gphase" else len(self.own[name].parameters) if name in self.own else STANDARD[name][0]
        angles = [self._angle(parameters) for _ in range(count)]
        return Call(name, angles, None, self.random.sample(range(width), needs), modifiers)

    def _width(self, name: str) -> int:
        return 0 if name == "gphase" else self.own[name].width if name in self.own else WIDTH[name]

    def _modifiers(self) -> list[tuple[str, float]]:
        found: list[tuple[str, float]] = []
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            kind = self.random.choice(("ctrl", "ctrl", "negctrl", "inv", "pow"))
            found.append((kind, self.random.choice((2, -1, 0.5, 3, 1.5)) if kind == "pow" else 1))
            if kind.endswith("ctrl") and self.random.random() < 0.2:
                found[-1] = (kind, 2)
        return found

    def _angle(self, parameters: list[str]) -> str:
        number = f"{self.random.uniform(-7, 7):.3f}"
        if parameters and self.random.random() < 0.7:
            name = self.random.choice(parameters)
            return self.random.choice((name, f"{name}/2", f"-{name}", f"{name} + {number}", f"2*{name}"))
        return self.random.choice((number, "pi", "pi/2", "-pi/4", "0"))

    def matrix(self, call: Call, values: dict[str, float]) -> Matrix:
        given = [evaluate(angle, values) for angle in call.angles]
        if call.gate == "gphase":
            found = np.array([[cmath.exp(1j * given[0])]])
        elif call.gate in self.own:
            own = self.own[call.gate]
            inner = dict(zip(own.parameters, given, strict=True))
            found = np.eye(1 << own.width, dtype=complex)
            for each in own.body:
                found = placed(self.matrix(each, inner), each.qubits, own.width) @ found
        else:
            found = STANDARD[call.gate][1](*given)
        for kind, number in reversed(call.modifiers):
            if kind == "inv":
                found = found.conj().T
            elif kind == "pow":
                found = power(found, number)
            else:
                found = controlled(found, int(number), kind == "ctrl")
        return found

    def prepared(self) -> list[Call]:
        """Turns that leave no qubit in an axis, so that no entry of a matrix goes unnoticed."""
        turns = (("ry", "0.3"), ("rz", "0.7"), ("rx", "1.1"))
        return [Call(name, [f"{angle}*{n + 1}"], None, [n]) for n in range(self.qubits) for name, angle in turns]

    def state(self) -> Matrix:
        found = np.zeros(1 << self.qubits, dtype=complex)
        found[0] = 1
        for each in [*self.prepared(), *self.calls]:
            found = placed(self.matrix(each, {}), each.qubits, self.qubits) @ found
        return found

    def text(self, header: str, declarations: str) -> str:
        definitions = "".join(each.text() for each in self.own.values())
        calls = "".join(each.text("q[{}]") for each in [*self.prepared(), *self.calls])
        return f"{header}{definitions}{declarations}{calls}"


def evaluate(angle: str, values: dict[str, float]) -> float:
    known = {name.replace("lambda", "lam"): value for name, value in values.items()}
    return float(eval(angle.replace("lambda", "lam"), {"pi": math.pi}, known))


def placed(gate: Matrix, qubits: list[int], width: int) -> Matrix:
    found = np.zeros((1 << width, 1 << width), dtype=complex)
    for column in range(1 << width):
        local = sum((column >> qubit & 1) << place for place, qubit in enumerate(qubits))
        rest = column & ~sum(1 << qubit for qubit in qubits)
        for row in range(gate.shape[0]):
            to = rest | sum((row >> place & 1) << qubit for place, qubit in enumerate(qubits))
            found[to, column] = gate[row, local]
    return found


def execution(engine: str, format: str, source: str, output: str, values: dict[str, str] | None = None) -> Execution:
    options = Options(SimulatorOptions(), (output,), None, None, None, 7)
    loaded = load(engine, options, ROOM)
    circuit = CircuitRun("c", format, source, 100, {name: (value,) for name, value in (values or {}).items()})
    return loaded.execute(loaded.parse(circuit), Task(100, 1, circuit.row(0) if values else {}, (1, 1)))


def overlap(engine: str, format: str, source: str, wanted: Matrix, values: dict[str, str] | None = None) -> float:
    found = execution(engine, format, source, "statevector", values).statevector
    assert found is not None
    return float(abs(np.vdot(wanted, np.asarray(found))))


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_random_program_with_modifiers_prepares_the_state_that_the_specification_says(seed: int):
    world = World(seed)
    source = world.text(HEADER, "qubit[4] q; ")
    assert overlap("aer", "openqasm3", source, world.state()) == pytest.approx(1, abs=1e-6), source


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_own_gates_with_shuffled_names_do_the_same_in_every_format_and_engine(seed: int):
    world = World(seed, modifiers=False, names=SHARED)
    world.own = {f"g{number}": own for number, own in enumerate(world.own.values())}
    for own in world.own.values():  # a body may call one that is called otherwise now
        own.body = [each for each in own.body if each.gate in SHARED] or [Call("x", [], None, [0])]
    world.calls = [Call(name, [f"{n + 1}.25" for n in range(len(own.parameters))], None, [*range(own.width)])
                   for name, own in world.own.items()]  # fmt: skip
    for number, own in enumerate(world.own.values()):
        own.name = f"g{number}"
        renamed = {name: f"a{chr(122 - place)}" for place, name in enumerate(own.parameters)}
        for each in own.body:
            each.angles = [_renamed(angle, renamed) for angle in each.angles]
        own.parameters = list(renamed.values())
    wanted = world.state()
    two = world.text('OPENQASM 2.0; include "qelib1.inc"; ', "qreg q[4]; ")
    three = world.text(HEADER, "qubit[4] q; ")
    for engine, format, source in (
        ("aer", "openqasm3", three),
        ("aer", "openqasm2", two),
        ("cirq", "openqasm3", three),
        ("cirq", "openqasm2", two),
    ):
        assert overlap(engine, format, source, wanted) == pytest.approx(1, abs=1e-5), (engine, format, source)


def _renamed(angle: str, names: dict[str, str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        if name in angle:
            return angle.replace(name, names[name])
    return angle


ANGLES = ("0.7", "-1.3", "2.1", "0.4")
MODIFIERS: dict[str, list[tuple[str, float]]] = {
    "none": [],
    "inv": [("inv", 1)],
    "pow(2)": [("pow", 2)],
    "pow(-3)": [("pow", -3)],
    "pow(0.5)": [("pow", 0.5)],
    "negctrl": [("negctrl", 1)],
    "ctrl(2)": [("ctrl", 2)],
}


@pytest.mark.parametrize("modifiers", MODIFIERS)
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("name", [*STANDARD, "gphase"])
def test_a_controlled_standard_gate_has_the_phase_of_the_specification(name: str, nested: bool, modifiers: str):
    count, width = (1, 0) if name == "gphase" else (STANDARD[name][0], WIDTH[name])
    inner = MODIFIERS[modifiers]
    wide = width + sum(int(number) for kind, number in inner if kind.endswith("ctrl"))
    world = World(1, qubits=max(wide + 1, 2), names=tuple(STANDARD))
    world.own = {}
    call = Call(name, list(ANGLES[:count]), None, list(range(wide)), inner)
    if nested and wide:
        world.own["outer"] = Definition("outer", [], wide, [call])
        world.calls = [Call("outer", [], None, list(range(wide + 1)), [("ctrl", 1)])]
    else:
        world.calls = [Call(name, list(ANGLES[:count]), None, list(range(wide + 1)), [("ctrl", 1), *inner])]
    source = world.text(HEADER, f"qubit[{world.qubits}] q; ")
    assert overlap("aer", "openqasm3", source, world.state()) == pytest.approx(1, abs=1e-6), source


ORDER = "gate g(theta, phi) a { ry(theta) a; rz(phi) a; } "
ONES = {
    "parameters out of alphabetical order": f"{ORDER} qubit[2] q; bit[2] c; g(pi, 0) q[0];",
    "an unused one": "gate g(theta, phi) a { ry(theta) a; } qubit[2] q; bit[2] c; g(pi, 0) q[0];",
    "elements of vectors": "gate g(_p_2, _p_10) a { ry(_p_2) a; rz(_p_10) a; } qubit[2] q; bit[2] c; g(pi, 0) q[0];",
    "under ctrl": f"{ORDER} qubit[2] q; bit[2] c; x q[1]; ctrl @ g(pi, 0) q[1], q[0]; x q[1];",
    "in a block": f"{ORDER} qubit[2] q; bit[2] c; if (c == 0) {{ g(pi, 0) q[0]; }}",
    "in a loop": f"{ORDER} qubit[2] q; bit[2] c; for int i in [0:2] {{ g(pi, 0) q[0]; }}",
    "in another gate": f"{ORDER} gate f(z, a) q {{ g(z, a) q; }} qubit[2] q; bit[2] c; f(pi, 0) q[0];",
    "inputs of its parameters' names": f"input float phi; input float theta; {ORDER} qubit[2] q; bit[2] c; "
    "g(phi, theta) q[0];",
    "an own gate of a library name under ctrl": "gate sxdg a { U(pi, 0, pi) a; } qubit[2] q; bit[2] c; x q[1];"
    "ctrl @ sxdg q[1], q[0]; x q[1];",
    "an own gate of a library name inside of one under ctrl": "gate ecr a { U(pi, 0, pi) a; } gate f a { ecr a; }"
    "qubit[2] q; bit[2] c; x q[1]; ctrl @ f q[1], q[0]; x q[1];",
    "an own gate whose inverse would have a library name": "gate iswap_dg a { U(pi, 0, pi) a; } qubit[2] q; bit[2] c;"
    "inv @ iswap_dg q[0];",
    "an own gate of the name of control flow": "gate if_else a { U(pi, 0, pi) a; } qubit[2] q; bit[2] c; if_else q[0];",
    "a loop's variable of the name of a gate": "gate g a { x a; } qubit[2] q; bit[2] c; for int x in [0:0] { g q[0]; }",
}
VALUES = {"phi": ("3.141592653589793",), "theta": ("0",)}


@pytest.mark.parametrize("level", [None, 0, 3])
@pytest.mark.parametrize("name", ONES)
def test_an_own_gate_gets_its_values_in_the_order_of_its_declaration(name: str, level: int | None):
    source = f"{HEADER} {ONES[name]} c = measure q;"
    transpile = None if level is None else TranspileOptions(optimization_level=level)
    loaded = load("aer", Options(SimulatorOptions(), ("counts",), None, None, transpile, 7), ROOM)
    circuit = CircuitRun("c", "openqasm3", source, 100, VALUES if "input" in source else {})
    task = Task(100, 1, circuit.row(0) if circuit.parameters else {}, (1, 1))
    assert loaded.execute(loaded.parse(circuit), task).counts == {1: 100}


def test_a_phase_of_u3_under_a_control_is_measured():
    gates = "h q[0]; x q[1]; ctrl @ u3(0, 0, pi) q[0], q[1]; sdg q[0]; h q[0];"
    source = f"{HEADER} qubit[2] q; bit c; {gates} c = measure q[0];"
    assert execution("aer", "openqasm3", source, "counts").counts == {0: 100}


def test_a_fraction_of_a_gate_is_its_principal_value():
    """p(3*pi) is z, whose square root is s."""
    source = f"{HEADER} qubit q; bit c; h q; pow(0.5) @ p(3*pi) q; sdg q; h q; c = measure q;"
    assert execution("aer", "openqasm3", source, "counts").counts == {0: 100}


def test_a_fraction_of_a_gate_with_an_input_is_refused_by_name():
    source = f"{HEADER} input float turn; qubit q; bit c; pow(0.5) @ p(turn) q; c = measure q;"
    with pytest.raises(RunnerError, match="line 1: engine aer does not run a fraction of a gate"):
        execution("aer", "openqasm3", source, "counts", {"turn": "1"})


def test_inputs_go_through_modifiers():
    call = "x q[1]; ctrl @ inv @ pow(3) @ g(turn, 0) q[1], q[0]; c = measure q[0];"
    source = f"{HEADER} input float turn; {ORDER} qubit[2] q; bit c; {call}"
    assert execution("aer", "openqasm3", source, "counts", {"turn": "3.141592653589793"}).counts == {1: 100}


def nested(levels: int, first: str, angle: str = "") -> str:
    """A gate of 2^levels rotations by `angle` in all, each level two calls of the one below."""
    text = "gate g0(t) a { rx(t) a; } "
    for level in range(levels):
        text += f"gate g{level + 1}(t) a {{ g{level}(t/2) a; g{level}(t/2) a; }} "
    return f"{HEADER} {first} {text} qubit q; bit c; g{levels}({angle}) q; c = measure q;"


@pytest.mark.parametrize(("first", "angle"), [("", "pi"), ("input float turn;", "turn")])
def test_the_body_of_a_gate_is_converted_once_for_the_same_angles(
    first: str, angle: str, monkeypatch: pytest.MonkeyPatch
):
    converted = []
    body = Converter.body
    monkeypatch.setattr(Converter, "body", lambda *given: converted.append(1) or body(*given))
    levels = 10
    load_openqasm3(nested(levels, first, angle))
    assert len(converted) == 2 * (levels + 1)  # each is looked at when it is defined, too


def test_rows_of_a_sweep_through_nested_gates_keep_apart():
    loaded = load("aer", Options(SimulatorOptions(), ("counts",), None, None, None, 7), ROOM)
    rows = (str(math.pi), "0", str(-math.pi), str(2 * math.pi))
    circuit = CircuitRun("c", "openqasm3", nested(5, "input float turn;", "turn"), 50, {"turn": rows})
    parsed = loaded.parse(circuit)
    found = [loaded.execute(parsed, Task(50, 1, circuit.row(number), (1, 1))).counts for number in range(4)]
    assert found == [{1: 50}, {0: 50}, {1: 50}, {0: 50}]
