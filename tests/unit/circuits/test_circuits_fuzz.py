"""Whatever the input, a scan ends soon and with a Scan or a ScanError."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.circuits.programs import programs

from qee.circuits import Limits, Scan, ScanError
from qee.circuits.scanner import scan_unguarded

FORMATS = ["openqasm2", "openqasm3"]
VOCABULARY = (
    "'OPENQASM 3.0 2.0 include \"stdgates.inc\" \"qelib1.inc\" \\'/etc/passwd\\' qubit qreg bit creg const '"
    "'int uint float angle bool duration stretch complex array input output gate def let if else for '"
    "'while switch case default break continue end return box delay barrier reset measure in ctrl '"
    "'negctrl inv pow gphase opaque extern cal defcal void U CX h cx ccx rz u3 q r c a b g f i n pi '"
    "'true false sin $0 $1 0 1 2 3 -1 0.5 1e3 10ns 0x1F 0b101 1_000 99999999999999999999 '"
    "'9223372036854775807 \"0101\" ( ) [ ] { } , ; : . @ @note # #pragma pragma = += == != < > <= >= << '"
    "'>> && || ! ~ ^ & | + ++ - * ** / % -> // /* */ \\n \\r\\n \\t \\x00 \\u03c0 \\xe9 \\u0663 \\ufeff'"
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


@settings(max_examples=500, deadline=None)
@given(format=st.sampled_from(FORMATS), words=st.lists(st.sampled_from(WORDS), max_size=40), start=st.booleans())
def test_any_words_give_a_scan_or_a_scan_error(format: str, words: list[str], start: bool) -> None:
    head = {"openqasm2": 'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[3]; ', "openqasm3": (
        'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; int n; input angle a; const int b = 2; '
    )}  # fmt: skip
    check(format, (head[format] if start else "") + " ".join(words))


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
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
