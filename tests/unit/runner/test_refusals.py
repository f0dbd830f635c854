"""A circuit that cannot run is refused in own words: reason, line, construct and what to write instead."""

import re

import pytest
from tests.physics.running import run

from qee.api.reasons import Reason
from qee.sdk.errors import RunnerError

HEADS = {
    "openqasm3": 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[3] c;\n',
    "openqasm2": 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n',
}
ENDS = {"openqasm3": "\nc = measure q;\n", "openqasm2": "\nmeasure q -> c;\n"}


def refusal(body: str, format: str, engine: str) -> RunnerError:
    with pytest.raises(RunnerError) as caught:
        run(HEADS[format] + body + ENDS[format], format, engine, 1)
    return caught.value


INVALID = [
    ("x q[0", ("openqasm3", "openqasm2"), "line [56]: (this is no OpenQASM|.*where )"),
    ("foo q[0];", ("openqasm3", "openqasm2"), "line 5: .*'?foo'? is not (defined|known)"),
    ("x q[5];", ("openqasm3", "openqasm2"), "line 5: ((an index|index 5) lies outside|.* there is no index 5)"),
    ("cx q[0], q[0];", ("openqasm3", "openqasm2"), "line 5: (a gate uses the same qubit|a qubit is given) twice"),
    ("rx(1, 2) q[0];", ("openqasm3", "openqasm2"), "line 5: .* takes (another number of|1) parameters"),
    ("cx q[0];", ("openqasm3", "openqasm2"), "line 5: .* takes (another number of|2) qubits"),
    ("x r[0];", ("openqasm3", "openqasm2"), "line 5: .*r'? is not (declared|defined)"),
    ("qubit[2] q;", ("openqasm3",), "line 5: .* (is declared already|is taken|is already defined)"),
    ("qreg q[2];", ("openqasm2",), "line 5: (the name q is taken|'q' is already defined)"),
    ("c[7] = measure q[0];", ("openqasm3",), "line 5: ((an index|index 7) lies outside|.* there is no index 7)"),
    (
        "c = measure q[0];",
        ("openqasm3",),
        "line 5: (a measurement of 1 qubits into 3|1 qubits cannot be measured into 3) bits",
    ),
    (
        "measure q[0] -> c;",
        ("openqasm3", "openqasm2"),
        "line 5: (a measurement of 1 qubits|the registers of this|1 qubits cannot be measured)",
    ),
    ("rx(1.0/0) q[0];", ("openqasm3", "openqasm2"), "(division by|divides by) zero"),
    ("gate g(a) x { rx(a) x; } g q[0];", ("openqasm3", "openqasm2"), "(another number of|1) parameters"),
    ("if (c == 8) x q[0];", ("openqasm3", "openqasm2"), "line 5: c has 3 bits and is never 8"),
    ("\x00", ("openqasm3", "openqasm2"), "line 5: (this is no OpenQASM|a NUL byte)"),
]
CASES = [
    (body, format, engine, said) for body, formats, said in INVALID for format in formats for engine in ("aer", "cirq")
]


@pytest.mark.parametrize(("body", "format", "engine", "said"), CASES)
def test_a_wrong_program_is_told_its_line(body: str, format: str, engine: str, said: str) -> None:
    error = refusal(body, format, engine)
    assert error.reason is Reason.INVALID_CIRCUIT
    assert re.search(said, error.message), error.message
    assert error.message.startswith("circuit circuit: ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("let a = q[1:7];", "outside of its register"),
        ("x q[1:7];", "outside of its register"),
        ("x q[2:1];", "a range is empty"),
        ("x q[0:-9];", "outside of its register"),
        ("x q[-9];", "outside of its register"),
        ("rx(1/2) q[0];", "a division of integers"),
        ("for int i in [0:3] { rx(i/2) q[0]; }", "a division of integers"),
    ],
)
def test_programs_that_the_openqasm_3_importer_misreads_are_refused(body: str, said: str) -> None:
    assert said in refusal(body, "openqasm3", "aer").message


SECRET = "s3cr3t-t0k3n"  # no identifier: a name that the source uses may be repeated


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize("format", ["openqasm3", "openqasm2"])
@pytest.mark.parametrize(
    "body",
    [
        f'include "/{SECRET}";',
        f'{SECRET}-{SECRET} "{SECRET}"',
        f"x q[0] {SECRET} ;",
        f"// {SECRET}\nx q[0",
        f"if ({SECRET} == 1) {{ }} }}",
        f"rx({SECRET}(1)) q[0];",
        f"pragma {SECRET}",
    ],
)
def test_no_refusal_quotes_the_source(body: str, format: str, engine: str, capfd: pytest.CaptureFixture[str]) -> None:
    error = refusal(body, format, engine)
    assert SECRET not in error.message
    assert SECRET not in capfd.readouterr().err


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_deep_nesting_is_an_error_of_the_circuit(engine: str) -> None:
    for depth in (400, 20_000):
        try:
            run(f"{HEADS['openqasm3']}rx({'(' * depth}1{')' * depth}) q[0];c = measure q;", "openqasm3", engine, 1)
        except RunnerError as error:
            assert error.reason is Reason.INVALID_CIRCUIT  # noqa: PT017 (some engines can)
            assert re.search("nested|100 levels", error.message)  # noqa: PT017


def test_a_panic_of_the_parser_is_an_error_of_the_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    from qee.sdk.qiskit import openqasm2 as aer_openqasm2

    class Panic(BaseException):
        pass

    def panic(*_: object, **__: object) -> None:
        raise Panic("called Result::unwrap() on an Err value")

    monkeypatch.setattr(aer_openqasm2.qasm2, "loads", panic)
    error = refusal("", "openqasm2", "aer")
    assert error.reason is Reason.INVALID_CIRCUIT
    assert "unwrap" not in error.message
