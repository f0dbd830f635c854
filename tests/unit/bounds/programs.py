"""Hostile programs by name: each a function of a size in bytes, of which the spec's circuit is made.

A shape repeats something as often as fits: what every piece costs is then seen twice as often at twice the size.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

HEAD_3 = 'OPENQASM 3.0; include "stdgates.inc"; qubit[60] q; bit[60] c; input float theta;\n'
HEAD_2 = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[60]; creg c[60];\n'


@dataclass(frozen=True)
class Hostile:
    """`make` gives about as many bytes as it is asked for. `circuit` and `spec`: more fields of circuit and job."""

    format: str
    make: Callable[[int], bytes]
    circuit: Callable[[int], dict[str, Any]] = field(default=lambda size: {})
    spec: dict[str, Any] = field(default_factory=dict)


def repeated(piece: str, size: int, head: str = "", tail: str = "") -> bytes:
    """`piece` again and again; `{n}` in it is its number, `{i}` one below 60."""
    pieces, left = [], size - len(head) - len(tail)
    while left > 0:
        pieces.append(piece.replace("{n}", str(len(pieces))).replace("{i}", str(len(pieces) % 60)))
        left -= max(1, len(pieces[-1]))
    return (head + "".join(pieces) + tail).encode()


def _text(format: str, piece: str, head: str | None = None, tail: str = "", **more: Any) -> Hostile:
    before = {"openqasm3": HEAD_3, "openqasm2": HEAD_2}[format] if head is None else head
    return Hostile(format, lambda size: repeated(piece, size, before, tail), **more)


def _three(piece: str, head: str = HEAD_3, tail: str = "", **more: Any) -> Hostile:
    return _text("openqasm3", piece, head, tail, **more)


def _two(piece: str, head: str = HEAD_2, tail: str = "", **more: Any) -> Hostile:
    return _text("openqasm2", piece, head, tail, **more)


def _halves(one: str, other: str) -> Callable[[int], bytes]:
    return lambda size: repeated(one, size // 2, HEAD_3) + repeated(other, size // 2)


def _columns(names: Callable[[int], list[str]]) -> Callable[[int], dict[str, Any]]:
    return lambda size: {"parameters": {name: ["0.1"] for name in names(size)}}


def _observables(size: int) -> dict[str, Any]:
    """Terms of 60 letters: as many as fit, eight observables of 512 at most."""
    letters = random.Random(1)
    terms = [{"".join(letters.choices("IXYZ", k=60)): "0.5" for _ in range(min(512, size // 640))} for _ in range(8)]
    return {"observables": [{"name": f"o{n}", "terms": each} for n, each in enumerate(terms)]}


def _levels(size: int, opened: str, closed: str, inside: str, piece: str, depth: int) -> bytes:
    """Statements, each with brackets as deep as the scanner goes."""
    return repeated(piece.replace("?", opened * depth + inside + closed * depth), size, HEAD_3)


def _chains(size: int) -> bytes:
    """Chains of 60 definitions, each calling the one before."""
    lines, left, chain = [HEAD_3], size, 0
    while left > 0:
        for level in range(60):
            body = "x a;" if not level else f"g{chain}_{level - 1} a;"
            lines.append(f"gate g{chain}_{level} a {{ {body} }}\n")
            left -= len(lines[-1])
        chain += 1
    return "".join(lines).encode()


def _wide_gate(size: int) -> bytes:
    names = ",".join(f"a{n}" for n in range(size // 14))
    parameters = ",".join(f"p{n}" for n in range(size // 14))
    return f"{HEAD_3}gate g({parameters}) {names} {{ x a0; }}".encode()


def _alike(size: int) -> bytes:
    """Names of two letters in any order, which are slow to compare with one another."""
    letters = random.Random(1)
    names = ["".join(letters.choices("ab", k=30)) for _ in range(size // 42)]
    return (HEAD_3 + "".join(f"gate {name} a {{}}" for name in names) + f"{'ab' * 15} q[0];").encode()


def _mix(seed: int) -> Callable[[int], bytes]:
    """Pieces of the other shapes, and of ordinary programs, in any order."""
    pieces = [
        *(
            "x q[{i}];\n",
            "cx q[{i}], q[59];\n",
            "input float i{n};\n",
            "pragma /*\n",
            "/* */",
            "// /*\n",
            "@note {n}\n",
        ),
        *(
            "gate g{n}(a, b) r, s { cx r, s; rz(a*b) s; }\n",
            "bit b{n};",
            "let l{n} = q[0:3];",
            "const int k{n} = {n};\n",
        ),
        *("if (c[0]) { x q[0]; } else { y q[0]; }", "for int v{n} in {0, 1} { x q[1]; }", "rz(theta) q[{i}];\n"),
        *("ctrl @ x q[0], q[1];", "pow(2) @ inv @ x q[2];", "barrier q;", "reset q[{i}];", "c[{i}] = measure q[{i}];"),
        *(
            "int n{n} = 1 + 2 * 3;",
            "rz(-(-(-(1)))) q[0];",
            "switch (c[0]) { case 0 { } default { } }",
            "delay[1ns] q[0];",
        ),
    ]

    def make(size: int) -> bytes:
        choose, found, left = random.Random(seed), [HEAD_3], size
        while left > 0:
            piece = choose.choice(pieces).replace("{n}", str(len(found))).replace("{i}", str(choose.randrange(59)))
            found.append(piece)
            left -= len(piece)
        return "".join(found).encode()

    return make


SHAPES: dict[str, Hostile] = {
    # What checks after the scanner look at.
    "inputs": _three("input int x{n};\n"),
    "inputs of one letter's difference": _three("input int xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{n};\n"),
    "pragmas that look like comments": _three("pragma /*\n"),
    "inputs and such pragmas": Hostile("openqasm3", _halves("input int x{n};\n", "pragma /*\n")),
    "inputs that are used": Hostile("openqasm3", _halves("input float x{n};\n", "rx(x{n}) q[0];\n")),
    "inputs and unknown columns": _three(
        "input int x{n};\n", circuit=_columns(lambda size: [f"unknown{n}" for n in range(256)])
    ),
    "inputs and known columns": _three(
        "input float x{n};\n", circuit=_columns(lambda size: [f"x{n}" for n in range(256)])
    ),
    "names like elements": _three(
        "input float _x_{n}_;\n", circuit=_columns(lambda size: [f"x[{n}]" for n in range(256)])
    ),
    "columns named by brackets": _three(
        "x q[0];", circuit=_columns(lambda size: ["[1" * 31 + str(n) for n in range(99)])
    ),
    "observables": _three("x q[{i}];", circuit=_observables, spec={"outputs": ["expectation"], "precision": "0.5"}),
    # Comments, blanks, pragmas, annotations.
    "comments": _three("/**/ //\n"),
    "comments opened in comments": _three("// /*\n"),
    "comments opened": _three("/*"),
    "comments opened and half closed": _three("/* *"),
    "slashes": _three("/"),
    "stars": _three("*/"),
    "blanks": _three(" \t\r\n"),
    "blanks within a statement": _three(" ", HEAD_3 + "x", "q[0];"),
    "comments in OpenQASM 2": _two("//\n"),
    "blank lines in OpenQASM 2": _two("\n"),
    "pragmas": _three("#pragma x\n"),
    "a long pragma": _three("x ", HEAD_3 + "pragma "),
    "annotations": _three("@note x\n", tail="x q[0];"),
    "signs of annotations": _three("@"),
    "quotes": _three('"'),
    "quotes of both kinds": _three("'\"\n"),
    "includes": _three('include "stdgates.inc";', ""),
    "includes in OpenQASM 2": _two('include "qelib1.inc";', "OPENQASM 2.0;"),
    "semicolons": _two(";"),
    # Names and numbers.
    "a long name": _three("x", "OPENQASM 3.0; qubit "),
    "names of 256 letters": _three("int v{n}" + "a" * 240 + ";"),
    "gates named alike, one misspelt": _three(f"gate {'h' * 200}{{n}} a {{}}", tail=f"{'h' * 210} q[0];"),
    "gates of the same letters, one misspelt": Hostile("openqasm3", _alike),
    "short gates, one misspelt": _three("gate hhhhhhhh{n} a {}", tail="hhhhhhhhx q[0];"),
    "a long number": _three("9", HEAD_3 + "rz(", ") q[0];"),
    "a long number with underscores": _three("1_", HEAD_3 + "rz(", "1) q[0];"),
    "numbers of 80 digits": _three("rz(0." + "7" * 78 + ") q[0];"),
    "points": _three("1."),
    "exponents": _three("1e"),
    "numbers that are names": _three("1e9e"),
    "zeros and letters": _three("0x"),
    "bit strings": _three('if (c == "' + "01" * 60 + '") x q[0];'),
    "letters beyond ASCII": _three("\u03c0\u00b5"),
    "constants": _three("const int k{n} = 2 * ({n} + 1);"),
    "constants of constants": _three("const int k{n}x = k{n};", HEAD_3 + "const int k0 = 1;"),
    # Registers and qubits.
    "bits": _three("bit b{n};"),
    "registers of bits": _two("creg b{n}[1];"),
    "qubits": _three("qubit q{n};", "OPENQASM 3.0;"),
    "physical qubits": _three("x ${i};", 'OPENQASM 3.0; include "stdgates.inc";'),
    "aliases": _three("let a{n} = q[0:3] ++ q[5];"),
    "an alias of many parts": _three("q[0] ++ ", HEAD_3 + "let a = ", "q[1];"),
    "broadcasts": _three("cx q, r;", 'OPENQASM 3.0; include "stdgates.inc"; qubit[500] q; qubit[500] r;'),
    "gates that connect all qubits": _three(
        "cx q[{n}], q[999];cx q[{i}], q[{n}];", 'OPENQASM 3.0; include "stdgates.inc"; qubit[1000] q;'
    ),
    "index sets": _three("0,", HEAD_3 + "x q[{", "0}];"),
    "small index sets": _three("x q[{0, 1, 2}];"),
    "ranges": _three("x q[0:59];"),
    "measurements": _three("c[{i}] = measure q[{i}];"),
    "measurements of a register": _three("c = measure q;"),
    "resets": _three("reset q;"),
    "resets of a thousand qubits": _three("reset q;", "OPENQASM 3.0; qubit[1000] q;"),
    "barriers": _three("barrier;"),
    "a long barrier": _three("q[1],", HEAD_3 + "barrier ", "q[0];"),
    "a call with many operands": _three("q[1],", HEAD_3 + "x ", "q[0];"),
    "delays": _three("delay[1ns] q;"),
    # Gates.
    "calls": _three("cx q[{i}], q[59];\n"),
    "calls in OpenQASM 2": _two("cx q[{i}],q[59];\n"),
    "angles": _three("rz(3*pi/{n}1-0.5) q[{i}];\n"),
    "definitions": _three("gate g{n} a {}"),
    "definitions in OpenQASM 2": _two("gate g{n} a {}"),
    "opaque gates": _two("opaque g{n} a;"),
    "chains of definitions": Hostile("openqasm3", _chains),
    "a gate of many qubits and parameters": Hostile("openqasm3", _wide_gate),
    "definitions of many parameters": _three(
        "gate g{n}("
        + ",".join(f"p{k}" for k in range(60))
        + ") a { rx("
        + "+".join(f"p{k}" for k in range(60))
        + ") a; }"
    ),
    "calls of a gate of many parameters": _three(
        f"g({','.join(['0.1'] * 60)}) q[0];", f"{HEAD_3}gate g({','.join(f'p{k}' for k in range(60))}) a {{ x a; }}"
    ),
    "parameters put into parameters": _three("gate h{n}(t) a { rx(t*t+t*t) a; } gate k{n}(t) a { h{n}(t*t) a; }"),
    "loops within gates": _three("gate g{n}(t) a { for int i in [0:1] { for int j in [0:1] { rx(t) a; } } }"),
    "modifiers": _three("inv @ ", HEAD_3, "x q[0];"),
    "controls": _three("ctrl @ ", HEAD_3, "x q[0];"),
    "controlled gates": _three("ctrl @ ctrl(2) @ x q[0], q[1], q[2], q[3];"),
    "powers": _three("pow(2) @ x q[0];"),
    "powers of powers": _three("pow(0.5) @ pow(2) @ inv @ x q[0];"),
    "phases": _three("gphase(pi);"),
    # Blocks and expressions.
    "braces": _three("{"),
    "braces in a gate": _three("{", HEAD_3 + "gate g a "),
    "closing braces": _three("}"),
    "parentheses": _three("(", HEAD_3 + "rz"),
    "brackets": _three("[", HEAD_3 + "x q"),
    "blocks as deep as may be": Hostile(
        "openqasm3", lambda size: _levels(size, "if (c[0]) {", "}", "x q[0];", "?", 31)
    ),
    "parentheses as deep as may be": Hostile("openqasm3", lambda size: _levels(size, "(", ")", "1", "rz(?) q[0];", 45)),
    "functions as deep as may be": Hostile(
        "openqasm3", lambda size: _levels(size, "sin(", ")", "1", "rz(?) q[0];", 45)
    ),
    "indexes as deep as may be": Hostile(
        "openqasm3", lambda size: _levels(size, "c[", "]", "0", "if (c[?] == 1) x q[0];", 30)
    ),
    "casts as deep as may be": Hostile("openqasm3", lambda size: _levels(size, "float(", ")", "1", "rz(?) q[0];", 45)),
    "signs": _three("-", HEAD_3 + "rz(", "1) q[0];"),
    "signs as many as may be": _three("rz(" + "-" * 99 + "1) q[0];"),
    "negations as many as may be": _three("if (" + "!" * 99 + "c[0]) x q[0];"),
    "sums": _three("1+", HEAD_3 + "rz(", "1) q[0];"),
    "sums as long as may be": _three("rz(" + "1+" * 199 + "1) q[0];"),
    "powers of powers of numbers": _three("rz(" + "1.0**" * 40 + "1) q[0];"),
    "comparisons": _three("if (" + "c[0] == 1 && " * 60 + "c[1]) x q[0];"),
    "conditions on a wide register": _two("if(c==1) x q[0];"),
    "branches": _three("if (c[0]) { x q[0]; } else { }"),
    "branches after branches": _three("if (c[0]) x q[0]; " + "else if (c[0]) x q[0]; " * 59),
    "loops": _three("for int i in [0:1] { x q[0]; }"),
    "loops over sets": _three("0,", HEAD_3 + "for int i in {", "0} x q[0];"),
    "loops of loops": _three("for int i in [0:1] ", HEAD_3, "x q[0];"),
    "empty loops": _three("for int i in [1:0] {}"),
    "endless loops": _three("while (c[0]) {}"),
    "switches": _three("switch (c) { case 0, 1 { x q[0]; } default { } }"),
    "a switch of many cases": _three("case 1 { }", HEAD_3 + "switch (c) {", "}"),
    "a case of many values": _three("1,", HEAD_3 + "switch (c) { case ", "1 { } }"),
    "subroutines": _three("def f{n}(int a) { }"),
    "a subroutine of many arguments": _three("int a{n},", HEAD_3 + "def f(", "int b) { }"),
    "calls of a subroutine": _three("f(q, 1);", HEAD_3 + "def f(qubit[60] r, int a) { x r; }"),
    "a call of many arguments": _three("1,", HEAD_3 + "def f(int a) { } f(", "1);"),
    "calls in calls": _three("f(", HEAD_3 + "def f(int a) -> int { return a; } "),
    "calls in indexes in calls": _three("f(q[", HEAD_3 + "def f(qubit r) -> int { return 1; } "),
    "boxes": _three("box { x q[0]; }"),
    "variables": _three("int v{n} = 1;"),
    "assignments": _three("v = v + 1;", HEAD_3 + "int v;"),
    "types": _three("complex[", HEAD_3),
    "words": _three("x"),
    "words apart": _three("x "),
    "zero bytes": _three("\0"),
    "no line": _three("a", ""),
    **{f"a mix of pieces, {seed}": Hostile("openqasm3", _mix(seed)) for seed in range(8)},
}
