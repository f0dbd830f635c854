"""Random OpenQASM programs that are correct, for comparing the scanner with Qiskit."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

FIXED = {
    1: ["x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "id"],
    2: ["cx", "cy", "cz", "ch", "swap"],
    3: ["ccx", "cswap"],
}
TURNING = {1: [("p", 1), ("rx", 1), ("ry", 1), ("rz", 1), ("u1", 1), ("u2", 2), ("u3", 3), ("U", 3)]}
TURNING[2] = [("cp", 1), ("crx", 1), ("cry", 1), ("crz", 1), ("cu", 4)]
ONLY_2 = {1: ["sxdg"], 2: ["csx", "CX"], 3: ["rccx"], 4: ["rc3x", "c3x", "c3sqrtx"], 5: ["c4x"]}
ONLY_2_TURNING = {1: [("u", 3)], 2: [("cu1", 1), ("cu3", 3), ("rxx", 1), ("rzz", 1)]}
ANGLES = ["0", "pi", "pi/2", "-pi/2", "3*pi/2", "pi/4", "2*pi", "-(pi)/4+pi/4", "0.3", "pi*0.5", "tau_"]


@dataclass
class Gates:
    """Gates that a program knows, by number of qubits: (name, parameters)."""

    known: dict[int, list[tuple[str, int]]] = field(default_factory=dict)

    @classmethod
    def standard(cls, version: int) -> "Gates":
        gates = cls()
        tables = [FIXED, ONLY_2] if version == 2 else [FIXED, {2: ["CX"]}]
        for table in tables:
            for qubits, names in table.items():
                gates.known.setdefault(qubits, []).extend((name, 0) for name in names)
        for turning in (
            [TURNING, ONLY_2_TURNING] if version == 2 else [TURNING, {1: [("phase", 1)], 2: [("cphase", 1)]}]
        ):
            for qubits, rows in turning.items():
                gates.known.setdefault(qubits, []).extend(rows)
        return gates


def angle(draw: st.DrawFn, names: list[str]) -> str:
    if names and draw(st.booleans()):
        return draw(st.sampled_from([f"{n}{suffix}" for n in names for suffix in ("", "/2", "*2+0.25")]))
    return draw(st.sampled_from(ANGLES[:-1]))


def call(draw: st.DrawFn, gates: Gates, operands: list[str], parameters: list[str]) -> str:
    width = draw(st.sampled_from([w for w in gates.known if w <= len(operands)]))
    name, count = draw(st.sampled_from(gates.known[width]))
    values = f"({', '.join(angle(draw, parameters) for _ in range(count))})" if count else ""
    chosen = draw(st.permutations(operands))[:width]
    return f"{name}{values} {', '.join(chosen)};"


def definition(draw: st.DrawFn, gates: Gates, number: int, parametric: bool) -> str:
    qubits = [f"a{i}" for i in range(draw(st.integers(1, 3)))]
    # Qiskit 2.6 refuses nested definitions whose parameters share names, so each has its own.
    parameters = [f"t{number}_{i}" for i in range(draw(st.integers(0, 2)))] if parametric else []
    body = " ".join(call(draw, gates, qubits, parameters) for _ in range(draw(st.integers(0, 4))))
    head = f"({', '.join(parameters)})" if parameters else ""
    gates.known.setdefault(len(qubits), []).append((f"own{number}", len(parameters)))
    return f"gate own{number}{head} {', '.join(qubits)} {{ {body} }}"


def statement(draw: st.DrawFn, version: int, gates: Gates, qubits: int, depth: int) -> str:
    elements = [f"q[{i}]" for i in range(qubits)]
    kinds = ["call"] * 6 + ["broadcast", "both", "measure", "measure all", "reset", "barrier"]
    if version == 3 and depth < 3:
        kinds += ["for", "set", "if", "else", "while", "block", "slice", "box", "delay"]
    if version == 2:
        kinds += ["condition"]
    kind = draw(st.sampled_from(kinds))
    if kind == "call":
        return call(draw, gates, elements, [])
    if kind == "broadcast":
        return f"{draw(st.sampled_from(['h', 'x', 'rz(pi/2)']))} q;"
    if kind == "both":
        return draw(st.sampled_from(["cx q, r;", "cz r[0], q;", "swap q, r;"]))
    if kind == "slice":
        return f"h q[0:{draw(st.integers(0, qubits - 1))}]; x q[{{{draw(st.integers(0, qubits - 1))}}}];"
    if kind == "delay":
        return f"delay[10ns] {draw(st.sampled_from(['q', 'q[0], r', '']))};"
    if kind == "measure":
        number = draw(st.integers(0, qubits - 1))
        return f"measure q[{number}] -> c[{number}];" if version == 2 else f"c[{number}] = measure q[{number}];"
    if kind == "measure all":
        return "measure q -> c;" if version == 2 else "c = measure q;"
    if kind in ("reset", "barrier"):
        return f"{kind} {draw(st.sampled_from(['q', 'q[0]']))};"
    if kind == "condition":
        return f"if(c=={draw(st.integers(0, 3))}) {call(draw, gates, elements, [])}"
    body = " ".join(statement(draw, version, gates, qubits, depth + 1) for _ in range(draw(st.integers(1, 3))))
    if kind == "for":
        low, step, high = draw(st.integers(-3, 3)), draw(st.integers(1, 3)), draw(st.integers(-5, 6))
        text = draw(st.sampled_from([f"{low}:{high}", f"{low}:{step}:{high}", f"{high}:{-step}:{low}"]))
        return f"for int i in [{text}] {{ {body} }}"
    if kind == "set":
        members = ", ".join(map(str, draw(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True))))
        return f"for uint i in {{{members}}} {{ {body} }}"
    if kind == "while":
        return f"while (c[0]) {{ {body} }}"
    if kind == "block":
        return body
    if kind == "box":
        return f"box {{ {body} }}"
    other = " ".join(statement(draw, version, gates, qubits, depth + 1) for _ in range(draw(st.integers(1, 2))))
    tail = f" else {{ {other} }}" if kind == "else" else ""
    return f"if (c == {draw(st.integers(0, 3))}) {{ {body} }}{tail}"


@st.composite
def programs(draw: st.DrawFn, version: int, parametric: bool = True, statements: int = 8) -> str:
    """A program of OpenQASM 2 or 3 with two registers, gate definitions and, in 3, control flow."""
    qubits = draw(st.integers(5, 6))
    gates = Gates.standard(version)
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";'] if version == 2 else ["OPENQASM 3.0;", 'include "stdgates.inc";']
    lines += [definition(draw, gates, number, parametric) for number in range(draw(st.integers(0, 4)))]
    if version == 2:
        lines += [f"qreg q[{qubits}];", f"qreg r[{qubits}];", f"creg c[{qubits}];"]
    else:
        lines += [f"qubit[{qubits}] q;", f"qubit[{qubits}] r;", f"bit[{qubits}] c;"]
    if version == 3 and draw(st.booleans()):
        lines += [f"let both = q[{draw(st.integers(0, 3))}:4] ++ r;", "h both;", "cx both[0], both[2];"]
    lines += [statement(draw, version, gates, qubits, 0) for _ in range(draw(st.integers(1, statements)))]
    return "\n".join(lines) + "\n"
