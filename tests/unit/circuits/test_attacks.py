"""Small programs that cost an SDK seconds and gigabytes, and what is no program at all: refused, by line, at once."""

import time

import pytest

from qee.api.reasons import Reason
from qee.circuits import Limits, ScanError, scan
from qee.circuits.scanner import scan_unguarded

HEAD_2 = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[4]; creg c[4];\n'
HEAD_3 = 'OPENQASM 3.0; include "stdgates.inc"; qubit[4] q; bit[4] c;\n'


def refused(format: str, source: str | bytes, limits: Limits | None = None) -> ScanError:
    began = time.process_time()
    with pytest.raises(ScanError) as caught:
        scan_unguarded(format, source, limits or Limits())
    assert time.process_time() - began < 2
    return caught.value


def doubling(levels: int, parameter: str = "", argument: str = "", first: str = "x a;") -> str:
    """Definitions that each call the one before twice."""
    lines = [f"gate g0{parameter} a {{ {first} {first} }}"]
    lines += [f"gate g{i}{parameter} a {{ g{i - 1}{argument} a; g{i - 1}{argument} a; }}" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


GROWING = "gate g0(t) a { rx(t*t+t) a; }\n" + "\n".join(
    f"gate g{i}(t) a {{ g{i - 1}(t*t+t) a; }}" for i in range(1, 14)
)
WIDE = ", ".join(f"a{i}" for i in range(9))

TOO_LARGE = {
    "nested gates, 2^17 in 500 bytes": ("openqasm2", HEAD_2 + doubling(17), 18),
    "nested gates that nothing calls": ("openqasm3", HEAD_3 + doubling(17), 18),
    "nested gates that do nothing": ("openqasm3", HEAD_3 + doubling(19, first=""), 19),
    "nested gates that do nothing, in OpenQASM 2": ("openqasm2", HEAD_2 + doubling(19, first=""), 19),
    "a chain of nested gates, each definition within bounds": (
        "openqasm2",
        HEAD_2 + doubling(16) + "".join(f"gate h{i} a {{ g15 a; }}\n" for i in range(9)),
        19,
    ),
    "parameters put into parameters": ("openqasm2", HEAD_2 + GROWING + "g13(0.1) q[0];", 14),
    "a loop of 10^6 rounds": ("openqasm3", HEAD_3 + "for int i in [0:1000000] { x q[0]; }", 2),
    "a loop of 10^12 empty rounds": ("openqasm3", HEAD_3 + "for int i in [0:1000000000000] { }", 2),
    "empty loops inside one another": (
        "openqasm3",
        HEAD_3 + "for int i in [0:999] " * 4 + "{ }",
        2,
    ),
    "a loop of no round around one of 10^9": (
        "openqasm3",
        HEAD_3 + "for int i in [1:0] { for int j in [0:1000000000] { x q[0]; } }",
        2,
    ),
    "a loop that counts down": ("openqasm3", HEAD_3 + "for int i in [1000000:-1:0] { x q[0]; }", 2),
    "loops inside of gates": (
        "openqasm3",
        HEAD_3 + "gate g a { for int i in [0:999] { for int j in [0:999] { x a; } } }",
        2,
    ),
    "a loop over a broadcast": (
        "openqasm3",
        'OPENQASM 3.0; include "stdgates.inc"; qubit[1000] q;\nfor int i in [0:999] { h q; }',
        2,
    ),
    "a broadcast of two large registers in a loop of a subroutine": (
        "openqasm3",
        'OPENQASM 3.0; include "stdgates.inc"; qubit[500] q; qubit[500] r;\n'
        "def f() { for int i in [0:999] { cx q, r; } }",
        2,
    ),
    "a subroutine called in a loop": (
        "openqasm3",
        HEAD_3 + "def f(int n) -> int { h q; h q; h q; h q; return n; }\nfor int i in [0:9999] { f(i); }",
        3,
    ),
    "a power of 2^30": ("openqasm3", HEAD_3 + "pow(2**30) @ x q[0];", 2),
    "a power of a wide gate": (
        "openqasm3",
        HEAD_3 + f"gate g {WIDE} {{ h a0; }} qubit[9] w;\npow(2) @ g w[0], w[1];",
        3,
    ),
    "a control of a power": (
        "openqasm3",
        HEAD_3 + f"gate g {WIDE[:-4]} {{ h a0; }} qubit[9] w;\nctrl @ pow(0.5) @ g w[0], w[1];",
        3,
    ),
    "many powers": (
        "openqasm3",
        HEAD_3
        + f"gate g {WIDE[:-4]} {{ h a0; }} qubit[8] w;\n"
        + "".join(f"pow(2) @ g {', '.join(f'w[{i}]' for i in range(8))};" for _ in range(2000)),
        3,
    ),
    "a thousand controls": ("openqasm3", HEAD_3 + "ctrl(1000) @ x q[0];", 2),
    "2^60 controls": ("openqasm3", HEAD_3 + "ctrl(1 << 60) @ x q[0];", 2),
    "many controls of a definition": (
        "openqasm3",
        'OPENQASM 3.0; include "stdgates.inc"; qubit[64] q;\n'
        f"gate g a {{ {'u3(0.1,0.2,0.3) a;' * 10} }} ctrl(50) @ g {', '.join(f'q[{i}]' for i in range(51))};",
        2,
    ),
    "controls of controls, level after level": (
        "openqasm3",
        HEAD_3 + "gate g0 a { h a; }\ngate g1 b, a { ctrl @ g0 b, a; }\ngate g2 c, b, a { ctrl @ g1 c, b, a; }\n"
        "gate g3 d, c, b, a { ctrl @ g2 d, c, b, a; }\ngate g4 e, d, c, b, a { ctrl @ g3 e, d, c, b, a; }",
        6,
    ),
    "a register of 10^7 qubits": ("openqasm2", "OPENQASM 2.0;\nqreg q[10000000];", 2),
    "a register of 10^20 qubits": ("openqasm3", "qubit[99999999999999999999] q;", 1),
    "registers of 999 qubits, twice": ("openqasm3", "qubit[999] q;\nqubit[999] r;", 2),
    "10^9 classical bits": ("openqasm3", "qubit q;\nbit[1000000000] c;", 2),
    "a size of 5,000 digits": ("openqasm2", f"OPENQASM 2.0;\nqreg q[{'9' * 5000}];", 2),
    "a size that is a tower of powers": ("openqasm3", "qubit[2**2**2**2**2**2] q;", 1),
    "a size that is shifted": ("openqasm3", "qubit[(1 << 63) << 63] q;", 1),
    "a size by multiplication": ("openqasm3", "const int n = 4294967296;\nqubit[n * n * n] q;", 2),
    "the physical qubit 10^9": ("openqasm3", HEAD_3.split("qubit")[0] + "\nx $1000000000;", 2),
    "an alias that doubles": (
        "openqasm3",
        HEAD_3 + "let a0 = q ++ q;\n" + "".join(f"let a{i} = a{i - 1} ++ a{i - 1};\n" for i in range(1, 40)),
        9,
    ),
    "many wide aliases": (
        "openqasm3",
        "qubit[1000] q;\n" + "".join(f"let a{i} = q;\n" for i in range(1000)),
        402,
    ),
    "barriers over 1,000 qubits in a loop": (
        "openqasm3",
        "qubit[1000] q;\nfor int i in [0:999] { barrier q; }",
        2,
    ),
    "conditions on 4,096 bits": (
        "openqasm2",
        "OPENQASM 2.0; qreg q[1]; creg c[4096];\n" + "if(c==1) U(0,0,0) q[0];\n" * 1000,
        99,
    ),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_would_cost_an_engine_too_much_is_refused_by_line(name: str) -> None:
    format, source, line = TOO_LARGE[name]
    error = refused(format, source)
    assert (error.reason, error.line) == (Reason.CIRCUIT_TOO_LARGE, line), str(error)


INVALID = {
    "nothing": ("openqasm3", "", 1, "empty"),
    "blanks": ("openqasm2", " \n\t\r\n", 1, "empty"),
    "a comment only": ("openqasm3", "// nothing\n/* here */", 1, "empty"),
    "a byte order mark": ("openqasm3", b"\xef\xbb\xbfqubit q;", 1, "byte order mark"),
    "UTF-16": ("openqasm3", "qubit q;".encode("utf-16"), 1, "byte order mark"),
    "a NUL byte": ("openqasm3", b"qubit q;\n\0", 2, "NUL"),
    "bytes that are not UTF-8": ("openqasm3", b"qubit q;\n\n// \xff\xfe", 3, "UTF-8"),
    "text that is not Unicode": ("openqasm3", "qubit q; // \ud800", None, "Unicode"),
    "a QPY file": ("openqasm3", b"QISKIT\x0d\x01\x02\x03\x00\x00", 1, "NUL"),
    "a comment without end": ("openqasm3", "qubit q;\n/* x q;", 2, "never closed"),
    "a string without end": ("openqasm3", 'OPENQASM 3.0;\ninclude "stdgates.inc;', 2, "not closed"),
    "a block without end": ("openqasm3", HEAD_3 + "if (c == 1) {\nx q[0];", 3, "program ends"),
    "a gate without end": ("openqasm2", HEAD_2 + "gate g a { x a;", 2, "program ends"),
    "a statement without end": ("openqasm3", HEAD_3 + "x q[0]", 2, "program ends"),
    "no qubits": ("openqasm3", "OPENQASM 3.0;\nbit c;", 2, "no qubits"),
    "200,000 parentheses": ("openqasm3", HEAD_3 + "rx(" + "(" * 199_000 + "1" + ")" * 199_000 + ") q;", 2, "simplify"),
    "200,000 parentheses in OpenQASM 2": ("openqasm2", HEAD_2 + "rx(" + "(" * 200_000, 2, "simplify"),
    "200,000 signs": ("openqasm3", HEAD_3 + "rx(" + "-" * 200_000 + "1) q;", 2, "simplify"),
    "a sum of 30,000 terms": ("openqasm3", HEAD_3 + "rx(" + "1.0+" * 30_000 + "1) q;", 2, "simplify"),
    "powers of powers": ("openqasm3", HEAD_3 + "rx(" + "1**" * 30_000 + "1) q;", 2, "simplify"),
    "40,000 blocks": ("openqasm3", HEAD_3 + "if(c==1){" * 40_000, 2, "flatten"),
    "100,000 bare blocks": ("openqasm3", HEAD_3 + "{" * 100_000, 2, "flatten"),
    "30,000 else-ifs": ("openqasm3", HEAD_3 + "if(c==1) x q; else " * 30_000, 2, "else if"),
    "70,000 modifiers": ("openqasm3", HEAD_3 + "inv @ " * 70_000 + "x q;", 2, "modifiers"),
    "100 levels of definitions": (
        "openqasm2",
        HEAD_2 + "gate g0 a { x a; }\n" + "".join(f"gate g{i} a {{ g{i - 1} a; }}\n" for i in range(1, 100)),
        66,
        "levels",
    ),
    "a name of 100,000 characters": ("openqasm3", f"qubit {'q' * 100_000};", 1, "characters"),
    "a gate that calls itself": ("openqasm3", HEAD_3 + "gate g a { g a; }", 2, "not defined"),
    "gates that call each other": (
        "openqasm2",
        HEAD_2 + "gate g a { h2 a; }\ngate h2 a { g a; }",
        2,
        "not defined",
    ),
    "a subroutine that calls itself": ("openqasm3", HEAD_3 + "def f() { f(); }", 2, "not defined"),
    "a gate defined in a gate": ("openqasm3", HEAD_3 + "gate g a { gate h2 b { } }", 2, "inside"),
    "a register of no size": ("openqasm2", "OPENQASM 2.0;\nqreg q[0];", 2, "at least 1"),
    "a register of negative size": ("openqasm3", "qubit[-1] q;", 1, "at least 1"),
    "a size that is a float": ("openqasm3", "qubit[2.0] q;", 1, "constant integer"),
    "a size that is true": ("openqasm3", "qubit[true] q;", 1, "constant integer"),
    "a size that is an input": ("openqasm3", "input int n;\nqubit[n] q;", 2, "constant integer"),
    "a size of bits that is an input": ("openqasm3", "qubit q; input uint n;\nbit[n] c;", 2, "constant integer"),
    "a size that is a variable": ("openqasm3", "int n = 3;\nqubit[n] q;", 2, "constant integer"),
    "a division by zero": ("openqasm3", "const int n = 1 / 0;", 1, "divides by zero"),
    "an unknown statement": ("openqasm3", HEAD_3 + "frobnicate q;", 2, "not defined"),
    "another language": ("openqasm3", "import os\nos.system('id')", 1, "not defined"),
    "a shell script": ("openqasm2", "#!/bin/sh\nid", 1, "OPENQASM 2.0;"),
    "JSON": ("openqasm3", '{"cirq_type": "Circuit"}', 1, "where"),
    "digits of another script": ("openqasm3", "qubit[٣] q;", 1, "where"),
    "an unknown format": ("quil", "H 0", None, "not one of"),
}


@pytest.mark.parametrize("name", INVALID)
def test_what_is_no_program_is_refused_by_line(name: str) -> None:
    format, source, line, words = INVALID[name]
    error = refused(format, source)
    assert (error.reason, error.line) == (Reason.INVALID_CIRCUIT, line), str(error)
    assert words in error.message


UNSUPPORTED = {
    "a file by its path": ("openqasm2", 'OPENQASM 2.0;\ninclude "/etc/passwd";', 2),
    "a file by a relative path": ("openqasm3", 'OPENQASM 3.0;\ninclude "../../run/secrets/token";', 2),
    "a file in single quotes": ("openqasm3", "include '/dev/zero';", 1),
    "the other version's library": ("openqasm3", 'include "qelib1.inc";', 1),
    "a library of another case": ("openqasm3", 'include "STDGATES.inc";', 1),
    "a calibration": ("openqasm3", HEAD_3 + "cal { play(d0, w); }", 2),
    "a gate's calibration": ("openqasm3", HEAD_3 + "defcal x $0 { }", 2),
    "a grammar": ("openqasm3", 'OPENQASM 3.0;\ndefcalgrammar "openpulse";', 2),
    "an extern": ("openqasm3", HEAD_3 + "extern f(int) -> int;", 2),
    "an array": ("openqasm3", HEAD_3 + "array[int, 1000000, 1000000] a;", 2),
    "a loop over floats": ("openqasm3", HEAD_3 + "for float f in [0:0.001:1] { x q[0]; }", 2),
    "a loop over an input": ("openqasm3", HEAD_3 + "input int n;\nfor int i in [0:n] { x q[0]; }", 3),
    "a loop over a variable": ("openqasm3", HEAD_3 + "int n = 3;\nfor int i in [0:n] { x q[0]; }", 3),
    "a loop over another's variable": (
        "openqasm3",
        HEAD_3 + "for int i in [0:3] {\nfor int j in [0:i] { x q[0]; } }",
        3,
    ),
    "an index that is not constant": ("openqasm3", HEAD_3 + "for int i in [0:3] {\nx q[i]; }", 3),
    "a call of an opaque gate": ("openqasm2", HEAD_2 + "opaque magic a;\nmagic q[0];", 3),
    "a gate with a duration": ("openqasm3", HEAD_3 + "x[100ns] q[0];", 2),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_no_engine_may_see_is_refused_by_line(name: str) -> None:
    format, source, line = UNSUPPORTED[name]
    error = refused(format, source)
    assert (error.reason, error.line) == (Reason.UNSUPPORTED_CONSTRUCT, line), str(error)


def test_errors_quote_a_token_at_most_and_never_a_line() -> None:
    secret = "eyJhbGciOiJSUzI1NiJ9" * 10
    error = refused("openqasm3", HEAD_3 + f"{secret} also_secret;")
    assert secret[:32] in error.message
    assert secret[:33] not in error.message
    assert "also_secret" not in error.message


def test_errors_hold_no_control_characters() -> None:
    assert refused("openqasm3", HEAD_3 + "\x1b[31mred").message.isprintable()
    assert refused("openqasm3", 'include "\x1b]0;title\x07";').message.isprintable()


def test_an_undefined_gate_is_named_with_the_closest_known_ones() -> None:
    assert "did you mean 'swap' or 'cswap'?" in refused("openqasm3", HEAD_3 + "swapp q[0], q[1];").message
    assert 'include "stdgates.inc"' in refused("openqasm3", "qubit q; h q;").message


@pytest.mark.parametrize("source", [None, 7, ["x"], bytearray(b"qubit q;")])
def test_what_is_neither_text_nor_bytes_is_a_scan_error(source: object) -> None:
    with pytest.raises(ScanError):
        scan("openqasm3", source)  # type: ignore[arg-type]


def test_a_bug_of_the_scanner_refuses_the_circuit_and_raises_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("qee.circuits.scanner.scan_openqasm", broken)
    with pytest.raises(ScanError, match="please report") as caught:
        scan("openqasm3", "qubit q;")
    assert "secret" not in caught.value.message


def test_the_limits_are_the_callers() -> None:
    program = HEAD_3 + "for int i in [0:9] { h q; }"
    assert scan("openqasm3", program, Limits(max_operations=40)).operations == 40
    assert refused("openqasm3", program, Limits(max_operations=39)).reason == Reason.CIRCUIT_TOO_LARGE
    assert refused("openqasm3", program, Limits(max_qubits=3)).reason == Reason.CIRCUIT_TOO_LARGE
    assert refused("openqasm3", program, Limits(max_classical_bits=3)).reason == Reason.CIRCUIT_TOO_LARGE
    assert refused("openqasm3", program, Limits(max_bytes=50)).reason == Reason.CIRCUIT_TOO_LARGE
    assert refused("openqasm3", program, Limits(max_tokens=30)).reason == Reason.CIRCUIT_TOO_LARGE
