"""Conditions, indexes and ranges of OpenQASM 3 on engine aer, against their values in Python."""

import base64
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3, qpy
from qiskit.circuit.classical import expr

from qee.documents.run import CircuitRun, SimulatorOptions
from qee.runner.engines import load
from qee.sdk.errors import RunnerError
from qee.sdk.limits import Room
from qee.sdk.outcomes import Execution, Options, Task

HEADER = 'OPENQASM 3.0; include "stdgates.inc"; '
WIDTH = 3


def execution(source: str, format: str = "openqasm3") -> Execution:
    loaded = load("aer", Options(SimulatorOptions(), ("counts",), None, None, None, 7), Room(1, 2**30))
    return loaded.execute(loaded.parse(CircuitRun("c", format, source, 20)), Task(20, 1, {}, (1, 1)))


def outcome(source: str, format: str = "openqasm3") -> int:
    """The one outcome of all shots."""
    found = execution(source, format).counts
    assert found is not None
    (only,) = found
    return only


def digest(source: str) -> str:
    return execution(source).compiled_sha256


class Drawn:
    """A condition on registers a and b of three bits, as text and as a function of their values."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def truth(self, depth: int) -> tuple[str, object]:
        """Python's `not`, `and`, `or` beside those of the language; every operand in brackets."""
        kind = self.random.choice(("bit", "bits", "compare", "not", "logic") if depth else ("bit", "compare"))
        if kind == "not":
            text, value = self.truth(depth - 1)
            return f"!({text})", lambda a, b: not value(a, b)
        if kind in ("bits", "logic"):
            (left, first), (right, second) = self.truth(depth - 1), self.truth(depth - 1)
            mark = self.random.choice(("&", "|", "^", "==", "!=") if kind == "bits" else ("&&", "||"))
            return f"({left}) {mark} ({right})", lambda a, b: OPERATORS[mark](bool(first(a, b)), bool(second(a, b)))
        if kind == "bit":
            register, place = self.random.choice("ab"), self.random.randrange(WIDTH)
            wanted = self.random.choice((None, 0, 1, True))
            said = "" if wanted is None else f" == {str(wanted).lower()}"
            value = lambda a, b: (a if register == "a" else b) >> place & 1  # noqa: E731
            return f"{register}[{place}]{said}", lambda a, b: value(a, b) == (1 if wanted is None else wanted)
        left, first = self.number()
        mark = self.random.choice(("==", "!=", "<", "<=", ">", ">="))
        if self.random.random() < 0.5:
            right, second = self.number()
        else:
            number = self.random.randrange(1 << WIDTH)
            right, second = str(number), lambda a, b: number
        return f"({left}) {mark} ({right})", lambda a, b: OPERATORS[mark](first(a, b), second(a, b))

    def number(self) -> tuple[str, object]:
        kind = self.random.choice("abn&|^")
        if kind in "ab":
            return kind, lambda a, b: a if kind == "a" else b
        if kind == "n":
            return "~a", lambda a, b: ~a & 7
        return f"a {kind} b", lambda a, b: OPERATORS[kind](a, b)


OPERATORS = {
    "&": lambda x, y: x & y,
    "|": lambda x, y: x | y,
    "^": lambda x, y: x ^ y,
    "&&": lambda x, y: x and y,
    "||": lambda x, y: x or y,
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
}


@given(st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_a_condition_holds_where_it_does_in_python(seed: int):
    drawn = Drawn(seed)
    text, value = drawn.truth(2)
    a, b = drawn.random.randrange(8), drawn.random.randrange(8)
    flips = "".join(f"x q[{place}]; " for place in range(6) if (a | b << WIDTH) >> place & 1)
    measured = "a = measure q[0:2]; b = measure q[3:5];"
    source = f"{HEADER} qubit[7] q; bit[3] a; bit[3] b; bit o; {flips} {measured} if ({text}) x q[6]; o = measure q[6];"
    assert outcome(source) == (a | b << WIDTH | bool(value(a, b)) << 6), source


@pytest.mark.parametrize("size", [31, 32, 33, 63, 64, 65, 70, 128, 200])
@pytest.mark.parametrize("condition", ["c == {0}", "c != 1", "c > 1", "c >= {0} && c < {1}"])
def test_conditions_on_wide_registers_compare_every_bit(size: int, condition: str):
    high = 1 << (size - 1)
    said = condition.format(high, (1 << size) - 1)
    source = (
        f"{HEADER} qubit[3] q; bit[{size}] c; bit o; x q[0]; c[{size - 1}] = measure q[0]; "
        f"if ({said}) x q[1]; if (c == {high + 1}) x q[1]; o = measure q[1];"
    )
    assert outcome(source) == high | 1 << size


@pytest.mark.parametrize("condition", ["c == 1", "1 == c", "c == true", "c != 0", "c", "!(c == 0)", 'c == "1"'])
def test_a_single_bit_is_compared_with_an_integer(condition: str):
    source = f"{HEADER} qubit[2] q; bit c; bit o; x q[0]; c = measure q[0]; if ({condition}) x q[1]; o = measure q[1];"
    assert outcome(source) == 3


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("c[0] == 2", "a bit is compared with 2"),
        ("c == 4", "a register of 2 bits is never 4"),
        ("c == -1", "a register of 2 bits is never -1"),
        ("c + 1 == 2", "such a condition"),
        ("c ^ c[0]", "such a condition"),
        ("c < true", "such a condition"),
        ("1 == 1", "such a condition"),
    ],
)
def test_what_has_no_such_meaning_is_refused_by_name(condition: str, said: str):
    with pytest.raises(RunnerError, match=f"line 1: .*{said}"):
        outcome(f"{HEADER} qubit q; bit[2] c; if ({condition}) x q; c[0] = measure q;")


EXPORTED = {
    "xor of bits": lambda a, b: expr.bit_xor(a[0], b[0]),
    "xor of registers": lambda a, b: expr.equal(expr.bit_xor(a, b), 3),
    "not equal": lambda a, b: expr.not_equal(a, b),
    "a cast": lambda a, b: expr.less(expr.cast(a, expr.lift(5).type), 5),
    "of an integer": lambda a, b: expr.greater(a, 0),
    "logic": lambda a, b: expr.logic_and(a[0], expr.logic_not(b[0])),
}


@pytest.mark.parametrize("name", EXPORTED)
def test_what_qiskit_s_exporter_writes_runs(name: str):
    """a is 1 and b is 2: each condition holds."""
    a, b, o = ClassicalRegister(2, "a"), ClassicalRegister(2, "b"), ClassicalRegister(1, "o")
    circuit = QuantumCircuit(QuantumRegister(5, "q"), a, b, o)
    circuit.x([0, 3])
    circuit.measure([0, 1, 2, 3], [0, 1, 2, 3])
    with circuit.if_test(EXPORTED[name](a, b)):
        circuit.x(4)
    circuit.measure(4, 4)
    assert outcome(qasm3.dumps(circuit)) == 0b11001


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_selection_has_the_qubits_that_the_language_says(seed: int):
    """Both ends of a range belong to it; indexes below 0 count from the end; an index may follow a selection."""
    draw, size = random.Random(seed), 5
    start, end, step = draw.randrange(size), draw.randrange(size), draw.choice((1, 1, 2, -1, -2))
    chosen = []
    at = start
    while (at <= end) if step > 0 else (at >= end):
        chosen.append(at)
        at += step
    said = [str(each - size if draw.random() < 0.5 else each) for each in (start, end)]
    text = f"{said[0]}:{step}:{said[1]}" if step != 1 or draw.random() < 0.3 else f"{said[0]}:{said[1]}"
    if draw.random() < 0.4:
        chosen = draw.sample(range(size), draw.randint(1, size))
        text = f"{{{', '.join(str(each - size if draw.random() < 0.3 else each) for each in chosen)}}}"
    selection = f"q[{text}]"
    if chosen and draw.random() < 0.4:
        place = draw.randrange(-len(chosen), len(chosen))
        selection, chosen = f"{selection}[{place}]", [chosen[place]]
    source = f"{HEADER} qubit[{size}] q; bit[{size}] c; x {selection}; c = measure q;"
    if not chosen:
        with pytest.raises(RunnerError, match="a range is empty"):
            outcome(source)
    else:
        assert outcome(source) == sum(1 << each for each in chosen), source


@pytest.mark.parametrize(("values", "times"), [("[-2:-1]", 2), ("[-1:1]", 3), ("[3:-1:-1]", 5), ("{-1, 4}", 2)])
def test_a_loop_runs_over_negative_integers(values: str, times: int):
    assert outcome(f"{HEADER} qubit q; bit c; for int i in {values} {{ x q; }} c = measure q;") == times % 2


@pytest.mark.parametrize("value", [0, 1, 1 << 32, 1 << 32 | 1])
def test_an_expression_on_a_wide_register_in_qpy_is_right_in_every_bit(value: int):
    data = io.BytesIO()
    register, other = ClassicalRegister(33, "c"), ClassicalRegister(1, "o")
    circuit = QuantumCircuit(QuantumRegister(2, "q"), register, other)
    circuit.x(0)
    for place in (0, 32):
        if value >> place & 1:
            circuit.measure(0, place)
    with circuit.while_loop(expr.logic_and(expr.not_equal(register, 1), expr.logic_not(other[0]))):
        circuit.x(1)
        circuit.measure(1, other[0])
    qpy.dump(circuit, data)
    assert outcome(base64.b64encode(data.getvalue()).decode(), format="qpy") == value | (value != 1) << 33


def test_circuits_with_other_conditions_have_other_digests():
    source = HEADER + "qubit q; bit[2] a; bit[2] b; if ({}) x q; a[0] = measure q;"
    conditions = ("a != 1", "a != 2", "b != 1", "a < 1", "a[0] ^ b[0]", "a[0] ^ b[1]", "a == 1")
    digests = {digest(source.format(condition)) for condition in conditions}
    assert len(digests) == len(conditions)
    assert digests == {digest(source.format(condition)) for condition in conditions}
