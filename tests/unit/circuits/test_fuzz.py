"""Whatever the input, a scan ends soon and with a Scan or a ScanError."""

import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.circuits.programs import programs

from qee.circuits import Limits, Scan, ScanError
from qee.circuits.scanner import scan_unguarded

FORMATS = ["openqasm2", "openqasm3"]
VOCABULARY = (
    'OPENQASM 3.0 2.0 include "stdgates.inc" "qelib1.inc" \'/etc/passwd\' qubit qreg bit creg const '
    "int uint float angle bool duration stretch complex array input output gate def let if else for "
    "while switch case default break continue end return box delay barrier reset measure in ctrl "
    "negctrl inv pow gphase opaque extern cal defcal void U CX h cx ccx rz u3 q r c a b g f i n pi "
    "true false sin $0 $1 0 1 2 3 -1 0.5 1e3 10ns 0x1F 0b101 1_000 99999999999999999999 "
    '9223372036854775807 "0101" ( ) [ ] { } , ; : . @ @note # #pragma pragma = += == != < > <= >= << '
    ">> && || ! ~ ^ & | + ++ - * ** / % -> // /* */ \n \r\n \t \x00 \u03c0 \xe9 \u0663 \ufeff"
)
WORDS = VOCABULARY.split(" ")


def outcome(format: str, source: str | bytes) -> Scan | ScanError:
    try:
        return scan_unguarded(format, source, Limits())
    except ScanError as error:
        return error


def check(format: str, source: str | bytes) -> None:
    found = outcome(format, source)
    if isinstance(found, ScanError):
        assert found.line is None or 1 <= found.line <= source.count(b"\n" if isinstance(source, bytes) else "\n") + 1
        assert len(found.message) < 400
        assert found.message.isprintable()
        assert found.message.isascii() or "µ" in found.message
    else:
        assert 0 <= found.operations <= Limits().max_operations
        assert 0 < found.qubits <= Limits().max_qubits


@settings(max_examples=250, deadline=None)
@given(format=st.sampled_from(FORMATS), words=st.lists(st.sampled_from(WORDS), max_size=40), start=st.booleans())
def test_any_words_give_a_scan_or_a_scan_error(format: str, words: list[str], start: bool) -> None:
    head = {"openqasm2": 'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[3]; ', "openqasm3": (
        'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; int n; input angle a; const int b = 2; '
    )}  # fmt: skip
    check(format, (head[format] if start else "") + " ".join(words))


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), version=st.sampled_from([2, 3]))
def test_a_damaged_program_gives_a_scan_or_a_scan_error(data: st.DataObject, version: int) -> None:
    source = data.draw(programs(version))
    for _ in range(data.draw(st.integers(1, 3))):
        cut = data.draw(st.integers(0, len(source)))
        width = data.draw(st.integers(0, 5))
        source = source[:cut] + data.draw(st.sampled_from(["", *WORDS])) + source[cut + width :]
    check(f"openqasm{version}", source)


@settings(max_examples=300, deadline=None)
@given(format=st.sampled_from(FORMATS), source=st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_any_text_or_bytes_give_a_scan_or_a_scan_error(format: str, source: str | bytes) -> None:
    check(format, source)


GATES_3 = 'OPENQASM 3.0; include "stdgates.inc"; qubit[60] q; bit[60] c;\n'
GATES_2 = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[60]; creg c[60];\n'
SHAPES = {
    "gates": ("openqasm3", GATES_3, "cx q[{i}], q[59];\n"),
    "gates of OpenQASM 2": ("openqasm2", GATES_2, "cx q[{i}],q[59];\n"),
    "angles": ("openqasm3", GATES_3, "rz(3*pi/{i}1-0.5) q[{i}];\n"),
    "definitions": ("openqasm3", GATES_3, "gate g{n} a{{h a;}}"),
    "loops": ("openqasm3", GATES_3, "for int i in[0:1]{{h q[0];}}"),
    "branches": ("openqasm3", GATES_3, "if(c[0]){{h q[0];}}else{{}}"),
    "aliases": ("openqasm3", GATES_3, "let a{n}=q[0:3]++q[5];"),
    "constants": ("openqasm3", GATES_3, "const int k{n}=2*({n}+1);"),
    "measurements": ("openqasm3", GATES_3, "c[{i}]=measure q[{i}];"),
    "semicolons": ("openqasm2", GATES_2, ";"),
    "opening parentheses": ("openqasm3", GATES_3 + "rz", "("),
    "operators": ("openqasm3", GATES_3 + "rz(", "1+"),
    "slashes": ("openqasm3", GATES_3, "/"),
    "comments opened": ("openqasm3", GATES_3, "/*"),
    "comments": ("openqasm3", GATES_3, "/**/ //\n"),
    "quotes": ("openqasm3", GATES_3, "\""),
    "quotes of both kinds": ("openqasm3", GATES_3, "'\"\n"),
    "blanks": ("openqasm3", GATES_3, " \t\n"),
    "digits": ("openqasm3", GATES_3 + "rz(", "9"),
    "points": ("openqasm3", GATES_3, "1."),
    "letters": ("openqasm3", GATES_3, "e"),
    "signs of annotations": ("openqasm3", GATES_3, "@"),
    "words that are not defined": ("openqasm3", GATES_3, "x"),
    "definitions and a misspelt gate": ("openqasm3", GATES_3 + "{end}", "gate hhhhhhhh{n} a{{}}"),
}  # fmt: skip


def seconds(format: str, head: str, line: str, size: int) -> float:
    """The best of three scans of about `size` bytes."""
    lines = []
    while size > 0:
        lines.append(line.format(i=len(lines) % 59, n=len(lines)) if "{" in line else line)
        size -= len(lines[-1])
    source = head.replace("{end}", "") + "".join(lines) + ("hhhhhhhhx q;" if "{end}" in head else "")
    times = []
    for _ in range(3):
        began = time.process_time()
        outcome(format, source)
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_scan_takes_time_linear_in_the_size_of_the_source(shape: str) -> None:
    small, large = (seconds(*SHAPES[shape], size) for size in (32 * 1024, 256 * 1024))
    assert large < 16 * small + 0.05  # eight times the source; quadratic time would be 64
    assert large < 1.0


def test_scanning_loads_no_quantum_sdk_and_nothing_outside_of_the_standard_library() -> None:
    program = (
        "import sys; before = set(sys.modules); import qee.circuits as c;"
        "c.estimate_memory(c.scan('openqasm3', 'qubit q; bit b; U(0,0,0) q; b = measure q;'), 'aer');"
        "loaded = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(loaded - sys.stdlib_module_names))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['qee']"
