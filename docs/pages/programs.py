"""Small programs, one for each construct of OpenQASM 3 and 2, with the only outcome that each may have."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
_TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


@dataclass(frozen=True)
class Program:
    """`expected` is the joined key of every shot. A format is None where the language has no such construct.

    QPY (base64) and Cirq's JSON are built when they are asked for. `values` are those of parameters.
    """

    topic: str
    construct: str
    expected: str
    openqasm3: str | None
    openqasm2: str | None = None
    qpy: Callable[[], str] | None = None
    cirq_json: Callable[[], str] | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    def source(self, format: str) -> str | None:
        """The whole program in a format, its header included."""
        if format in ("qpy", "cirq-json"):
            build = self.qpy if format == "qpy" else self.cirq_json
            return None if build is None else build()
        head, body = (_THREE, self.openqasm3) if format == "openqasm3" else (_TWO, self.openqasm2)
        return None if body is None else head + body.replace("; ", ";\n").replace("} ", "}\n")


_Q3, _Q2 = "qubit[2] q; bit[2] c; ", "qreg q[2]; creg c[2]; "
_M3, _M2 = " c = measure q;", " measure q -> c;"


def _both(topic: str, construct: str, expected: str, body: str, body2: str | None = None) -> Program:
    """A construct of both languages, on two qubits that are measured at the end."""
    return Program(topic, construct, expected, _Q3 + body + _M3, _Q2 + (body2 or body) + _M2)


def _three(topic: str, construct: str, expected: str, body: str) -> Program:
    """A construct of OpenQASM 3 only, on two qubits that are measured at the end."""
    return Program(topic, construct, expected, _Q3 + body + _M3)


PROGRAMS: tuple[Program, ...] = (
    _both("Gates", "`x q[0];`", "01", "x q[0];"),
    _both("Gates", "`U(pi, 0, pi) q[0];`", "01", "U(pi, 0, pi) q[0];"),
    _both("Gates", "`CX q[0], q[1];`", "11", "x q[0]; CX q[0], q[1];"),
    _both("Gates", "`rx(pi) q[0];`", "01", "rx(pi) q[0];"),
    _both("Gates", "`cp(pi) q[0], q[1];`", "11", "x q[0]; h q[1]; cp(pi) q[0], q[1]; h q[1];"),
    _both("Gates", "`cu(pi, 0, pi, 0) q[0], q[1];`", "11", "x q[0]; cu(pi, 0, pi, 0) q[0], q[1];"),
    _both("Gates", "`sx q[0];`", "01", "sx q[0]; sx q[0];"),
    _both("Gates", "`id q[0];`", "00", "id q[0];"),
    Program(
        "Gates",
        "`ccx q[0], q[1], q[2];`",
        "111",
        "qubit[3] q; bit[3] c; x q[0]; x q[1]; ccx q[0], q[1], q[2]; c = measure q;",
        "qreg q[3]; creg c[3]; x q[0]; x q[1]; ccx q[0], q[1], q[2]; measure q -> c;",
    ),
    Program(
        "Gates", "`cu1`, `cu3`, `rzz` of qelib1.inc", "00", None, _Q2 + "cu1(pi) q[0], q[1]; rzz(1) q[0], q[1];" + _M2
    ),
    _both("Gates", "`h q;` on a register", "11", "x q;"),
    Program(
        "Gates",
        "`cx q[0], r;` on a register",
        "11",
        "qubit[1] q; qubit[2] r; bit[2] c; x q[0]; cx q[0], r; c = measure r;",
        "qreg q[1]; qreg r[2]; creg c[2]; x q[0]; cx q[0], r; measure r -> c;",
    ),
    _both("Gates", "`gate g(a) x, y { ... }`", "11", "gate g(a) x, y { rx(a) x; cx x, y; } g(pi) q[0], q[1];"),
    _both("Gates", "`opaque g a;`", "00", "opaque g a; g q[0];"),
    _three("Gates", "`ctrl @ x q[0], q[1];`", "11", "x q[0]; ctrl @ x q[0], q[1];"),
    _three("Gates", "`negctrl @ x q[0], q[1];`", "10", "negctrl @ x q[0], q[1];"),
    _three("Gates", "`inv @ sx q[0];`", "01", "inv @ sx q[0]; inv @ sx q[0];"),
    _three("Gates", "`pow(2) @ sx q[0];`", "01", "pow(2) @ sx q[0];"),
    _three("Gates", "`gphase(pi);`", "01", "gphase(pi); x q[0];"),
    _three("Gates", "`ctrl @ gphase(pi) q[0];`", "01", "h q[0]; ctrl @ gphase(pi) q[0]; h q[0];"),
    _both("Gates", "`barrier q;`", "01", "x q[0]; barrier q; barrier q[0], q[1];"),
    _three("Gates", "`delay[100ns] q[0];`", "01", "x q[0]; delay[100ns] q[0];"),
    _three("Gates", "`box { ... }`", "01", "box { x q[0]; }"),
    _both("Gates", "`reset q[0];`", "10", "x q; reset q[0];"),
    _both("Angles", "`rx(-pi/2 + 3*pi/2) q[0];`", "01", "rx(-pi/2 + 3*pi/2) q[0];"),
    _both("Angles", "`rx(2.5e-1*pi*4) q[0];`", "01", "rx(2.5e-1*pi*4) q[0];"),
    _both("Angles", "`rx(pi*sin(pi/2)) q[0];`", "01", "rx(pi*sin(pi/2)) q[0];"),
    _both("Angles", "`rx(pi*2**2/4)`, in OpenQASM 2 `2^2`", "01", "rx(pi*2**2/4) q[0];", "rx(pi*2^2/4) q[0];"),
    _three("Angles", "`rx(1/2*pi)`: integers with a remainder", "00", "rx(1/2*pi) q[0];"),
    _three("Angles", "`rx(tau/2)`, `rx(π)`", "01", "rx(tau/4) q[0]; rx(π/2) q[0];"),
    _three("Angles", "`const float a = pi;`", "01", "const float a = pi; rx(a) q[0];"),
    Program(
        "Angles",
        "`input float theta;`, its value in `parameters`",
        "01",
        "input float theta; " + _Q3 + "rx(theta) q[0];" + _M3,
        values={"theta": math.pi},
    ),
    Program("Bits", "`bit[2] c;`, `creg c[2];`", "10", _Q3 + "x q[1];" + _M3, _Q2 + "x q[1];" + _M2),
    Program("Bits", "`bit c;`: a single bit", "1", "qubit q; bit c; x q; c = measure q;"),
    Program(
        "Bits",
        "several registers",
        "100",
        "qubit[3] q; bit[2] a; bit b; x q[2]; a[0] = measure q[0]; b = measure q[2];",
        "qreg q[3]; creg a[2]; creg b[1]; x q[2]; measure q[0] -> a[0]; measure q[2] -> b[0];",
    ),
    Program("Bits", "`bit[2] c = measure q;`", "01", "qubit[2] q; x q[0]; bit[2] c = measure q;"),
    Program("Bits", '`bit[2] c = "01";`', "01", 'qubit[2] q; bit[2] c = "01"; x q[0]; c = measure q;'),
    Program("Bits", "`c[0] = measure q[0];`", "01", "qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0];"),
    Program("Bits", "`measure q -> c;`", "01", "qubit[2] q; bit[2] c; x q[0]; measure q -> c;", _Q2 + "x q[0];" + _M2),
    _three("Bits", "`measure q;` without a target", "01", "x q[0]; measure q;"),
    Program("Bits", "`c[1] = c[0];`, `c = 1;`", "11", _Q3 + "x q[0]; c = measure q; c[1] = c[0];"),
    _three("Bits", "`let r = q[0:1];`", "11", "let r = q[0:1]; x r;"),
    _three("Bits", "`q[{0, 1}]`, `q[0:1]`", "11", "x q[{0, 1}];"),
    _three("Bits", "`q[0:-1]`", "11", "x q[0:-1];"),
    Program("Bits", "`q ++ r`", "01", "qubit[1] r; " + _Q3 + "let both = q ++ r; x both[0];" + _M3),
    Program("Bits", "`$0`: physical qubits", "1", "bit c; x $0; c = measure $0;"),
    Program("Bits", "`qreg`, `creg` in OpenQASM 3", "01", "qreg q[2]; creg c[2]; x q[0]; measure q -> c;"),
    Program(
        "Control flow",
        "a qubit measured and used again",
        "1",
        "qubit q; bit c; x q; c = measure q; x q; x q; c = measure q;",
        "qreg q[1]; creg c[1]; x q[0]; measure q -> c; x q[0]; x q[0]; measure q -> c;",
    ),
    _both(
        "Control flow",
        "`if (c == 1) x q[1];`",
        "11",
        "x q[0]; c = measure q; if (c == 1) x q[1];",
        "x q[0]; measure q -> c; if (c == 1) x q[1];",
    ),
    _both("Control flow", "`if` before any measurement", "01", "if (c == 0) x q[0];"),
    _both(
        "Control flow",
        "`if (c == 1) x q;` on a register",
        "10",
        "x q[0]; c = measure q; if (c == 1) x q;",
        "x q[0]; measure q -> c; if (c == 1) x q;",
    ),
    _three("Control flow", "`if (c[0]) { ... }`", "11", "x q[0]; c = measure q; if (c[0]) { x q[1]; }"),
    _three("Control flow", "`if (c[0] == 1) x q[1];`", "11", "x q[0]; c = measure q; if (c[0] == 1) x q[1];"),
    _three("Control flow", "`if (c[0] == true) { ... }`", "11", "x q[0]; c = measure q; if (c[0] == true) { x q[1]; }"),
    _three("Control flow", "`if (!c[0]) { ... }`", "01", "c = measure q; if (!c[0]) { x q[0]; }"),
    _three(
        "Control flow",
        "`if (c == 1) { ... } else { ... }`",
        "10",
        "c = measure q; if (c == 1) { x q[0]; } else { x q[1]; }",
    ),
    _three("Control flow", "`if (c == 0 && c[0] == 0)`", "01", "c = measure q; if (c == 0 && c[0] == 0) x q[0];"),
    _three("Control flow", "`if (c < 2)`, `if (c != 2)`", "01", "c = measure q; if (c < 2) { x q[0]; }"),
    _three("Control flow", "`if (c[0] ^ c[1])`", "00", "x q[0]; c = measure q; if (c[0] ^ c[1]) { x q[0]; }"),
    _both(
        "Control flow",
        "`if (c == 1) reset q[0];`",
        "00",
        "x q[0]; c = measure q; if (c == 1) { reset q[0]; }",
        "x q[0]; measure q -> c; if (c == 1) reset q[0];",
    ),
    _three("Control flow", "`for int i in [0:2] { ... }`", "01", "for int i in [0:2] { x q[0]; }"),
    _three("Control flow", "`for int i in {1, 3}`: in an angle", "01", "for int i in {1, 2} { rx(i*pi/3.0) q[0]; }"),
    _three("Control flow", "`for int i in [0:1] { x q[i]; }`", "11", "for int i in [0:1] { x q[i]; }"),
    _three("Control flow", "`while (c == 0) { ... }`", "01", "while (c == 0) { x q[0]; c = measure q; }"),
    Program("Control flow", "`while` as the last statement", "01", _Q3 + "while (c == 0) { x q[0]; c = measure q; }"),
    Program("Control flow", "`if` around the only measurement", "01", _Q3 + "if (c == 0) { x q[0]; c = measure q; }"),
    _three("Control flow", "`while (!c[0]) { ... }`", "01", "while (!c[0]) { x q[0]; c = measure q; }"),
    _three(
        "Control flow",
        "`break;`, `continue;`",
        "01",
        "for int i in [0:2] { x q[0]; c = measure q; if (c == 1) { break; } }",
    ),
    _three(
        "Control flow", "`switch (c) { ... }`", "01", "c = measure q; switch (c) { case 0 { x q[0]; } default { } }"
    ),
    _three("Control flow", "`end;`", "01", "x q[0]; c = measure q; end;"),
    Program("Programs", "`def f(qubit a) { ... }`", "01", "def f(qubit a) { x a; } " + _Q3 + "f(q[0]);" + _M3),
    Program("Programs", "`extern f(int) -> int;`", "01", "extern f(int) -> int; " + _Q3 + "x q[0];" + _M3),
    Program("Programs", "`int i = 1;`, `float`, `bool`, `angle`", "01", "int i = 1; " + _Q3 + "x q[0];" + _M3),
    Program("Programs", "`array[int[8], 2] a;`", "01", "array[int[8], 2] a; " + _Q3 + "x q[0];" + _M3),
    Program("Programs", "`complex[float[64]] z;`", "01", "complex[float[64]] z; " + _Q3 + "x q[0];" + _M3),
    Program("Programs", "`output bit[2] c;`", "01", "qubit[2] q; output bit[2] c; x q[0]; c = measure q;"),
    Program("Programs", "`defcal`, `cal`", "01", "cal { } " + _Q3 + "x q[0];" + _M3),
    Program("Programs", "`pragma`", "01", "pragma qee none\n" + _Q3 + "x q[0];" + _M3),
    Program("Programs", "`@annotation`", "01", _Q3 + "@qee.none\nx q[0];" + _M3),
    Program("Programs", "`/* comment */`", "01", _Q3 + "/* x\n */ x q[0]; // y" + _M3.replace(" c", "\nc"), None),
    Program("Programs", "`// comment`", "01", _Q3 + "x q[0]; // x q[1];\n" + _M3, _Q2 + "x q[0]; // x q[1];\n" + _M2),
    Program("Programs", "no measurement", "00", _Q3 + "x q[0];", _Q2 + "x q[0];"),
    Program(
        "Programs",
        "`include` of another file",
        "00",
        'include "mine.inc"; ' + _Q3 + _M3,
        'include "mine.inc"; ' + _Q2 + _M2,
    ),
)
