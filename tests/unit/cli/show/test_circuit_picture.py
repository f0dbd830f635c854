"""Pictures of circuits: where everything goes, what stands for what, and that something is painted."""

import io
from typing import Any

import pytest

from qee.cli.problem import Problem
from qee.cli.show.circuit_layout import GAP, SYMBOL, Layout, Mark, layout, wrapped
from qee.documents.canonical import DocumentError, canonical_json, strict_object
from qee.documents.result import Register
from qee.sdk.diagram import MAX_OPERATIONS, Diagram, Operation, labels, listed, refuse_many, short
from qee.sdk.errors import RunnerError


def gate(name: str, *qubits: int, **more: Any) -> Operation:
    return Operation("gate", name, qubits, **more)


def measure(qubit: int, bit: int) -> Operation:
    return Operation("measure", "measure", (qubit,), clbits=(bit,))


def laid_out(*operations: Operation, qubits: int = 3, registers: tuple[Register, ...] = ()) -> Layout:
    return layout(Diagram(labels([Register("q", qubits)]), registers, operations))


def mark(operation: Operation) -> Mark:
    registers = (Register("a", 2), Register("b", 1))
    (found,) = laid_out(operation, qubits=4, registers=registers).marks
    return found


def columns(*operations: Operation, **more: Any) -> list[int]:
    return [each.column for each in laid_out(*operations, **more).marks]


def test_operations_on_different_wires_share_a_column() -> None:
    assert columns(gate("h", 0), gate("h", 2), gate("x", 0)) == [0, 0, 1]


def test_what_a_line_crosses_is_in_another_column() -> None:
    crossed = gate("x", 2, controls=(0,))
    assert columns(crossed, gate("h", 1)) == [0, 1]
    assert columns(gate("h", 1), crossed) == [0, 1]


def test_a_barrier_keeps_what_follows_behind_it() -> None:
    barrier = Operation("barrier", "barrier", (0, 1, 2))
    assert columns(gate("h", 0), gate("h", 0), barrier, gate("h", 2)) == [0, 1, 2, 3]


def test_wires_are_qubits_in_order_and_then_a_wire_for_each_register() -> None:
    plan = laid_out(qubits=2, registers=(Register("c", 3), Register("d", 1)))
    assert [(wire.label, wire.size) for wire in plan.wires] == [("q[0]", None), ("q[1]", None), ("c", 3), ("d", 1)]


def test_a_measurement_ends_on_the_wire_of_its_register_with_the_bit_of_it() -> None:
    registers = (Register("a", 2), Register("b", 2))
    found = laid_out(measure(0, 1), measure(1, 2), qubits=2, registers=registers).marks
    assert [each.bits for each in found] == [((2, 1),), ((3, 0),)]
    assert [(each.top, each.bottom) for each in found] == [(0, 2), (1, 3)]
    assert [each.column for each in found] == [0, 1]  # the first one's arrow crosses qubit 1


def test_a_conditional_gate_is_a_box_that_says_on_what_it_depends() -> None:
    found = mark(gate("x", 1, controls=(0,), clbits=(0, 1), condition="a == 2"))
    assert (found.symbol, found.lines, found.controls) == ("box", ("X", "if a == 2"), ((0, 1),))
    assert {wire for wire, _ in found.bits} == {4}


@pytest.mark.parametrize(
    ("operation", "symbol"),
    [
        (gate("x", 1, controls=(0,)), "not"),
        (gate("x", 2, controls=(0, 1)), "not"),
        (gate("X", 1, anticontrols=(0,)), "not"),
        (gate("z", 1, controls=(0,)), "dot"),
        (gate("swap", 0, 1), "cross"),
        (gate("swap", 1, 2, controls=(0,)), "cross"),
        (gate("x", 1), "box"),
        (gate("z", 1), "box"),
        (gate("x", 1, 2, controls=(0,)), "box"),
        (gate("rz", 1, controls=(0,), parameters=("π",)), "box"),
        (measure(0, 0), "meter"),
    ],
)
def test_textbook_symbols_stand_for_what_has_one(operation: Operation, symbol: str) -> None:
    found = mark(operation)
    assert found.symbol == symbol
    assert bool(found.lines) == (symbol == "box")


@pytest.mark.parametrize(
    ("operation", "lines"),
    [
        (gate("h", 0), ("H",)),
        (gate("sdg", 0), ("S†",)),
        (gate("rx", 0, parameters=("π/2",)), ("Rx(π/2)",)),
        (gate("mine", 0, parameters=("1", "2")), ("mine(1, 2)",)),
        (Operation("reset", "reset", (0,)), ("|0⟩",)),
        (Operation("block", "for", (0,), condition="4 rounds", parameters=("2 steps",)), ("for 4 rounds", "2 steps")),
    ],
)
def test_a_box_says_name_and_parameters(operation: Operation, lines: tuple[str, ...]) -> None:
    assert mark(operation).lines == lines


def test_a_long_label_is_cut_and_the_column_is_as_wide_as_the_label() -> None:
    plan = laid_out(gate("n" * 20, 0, parameters=("1.234567",) * 4), gate("h", 1), gate("h", 0))
    (line,) = plan.marks[0].lines
    assert (len(line), line[-1]) == (30, "…")
    assert plan.widths == (plan.marks[0].width, SYMBOL)
    assert plan.widths[0] > 30 * 0.1


def test_a_control_between_the_qubits_of_a_box_is_told_in_the_box() -> None:
    found = mark(gate("mine", 0, 2, controls=(1,), anticontrols=(3,)))
    assert (found.controls, found.ports, found.lines) == ((), (1, 3, 0, 2), ("mine if 10",))
    outside = mark(gate("mine", 0, 1, controls=(2,)))
    assert (outside.controls, outside.ports) == (((2, 1),), (0, 1))


def test_rows_are_as_wide_as_they_may_be() -> None:
    widths = [1.0, 1.0, 1.0, 5.0, 1.0]
    assert wrapped(widths, 2 * (1 + GAP)) == (range(0, 2), range(2, 3), range(3, 4), range(4, 5))
    assert wrapped(widths, 100) == (range(5),)


def test_a_deep_circuit_becomes_rows_and_no_tower() -> None:
    shallow = laid_out(*[gate("h", 0)] * 20, qubits=1)
    deep = laid_out(*[gate("h", 0)] * 1500, qubits=1)
    assert len(shallow.rows) == 1
    assert [column for row in deep.rows for column in row] == list(range(1500))
    assert deep.height < 2 * deep.width < 8 * deep.height


def test_the_middle_of_a_column_is_counted_from_the_beginning_of_its_row() -> None:
    plan = laid_out(*[gate("h", 0)] * 60, qubits=1)
    second = plan.rows[1].start
    assert plan.centre(0) == (0, GAP + SYMBOL / 2)
    assert plan.centre(second) == (1, GAP + SYMBOL / 2)
    assert plan.centre(1)[1] == pytest.approx(GAP + SYMBOL + GAP + SYMBOL / 2)


EVERYTHING = Diagram(
    ("q[0]", "q[1]", "a"),
    (Register("c", 2), Register("d", 1)),
    (
        gate("h", 0),
        gate("x", 1, controls=(0,), anticontrols=(2,)),
        gate("swap", 0, 2),
        gate("mine", 2, 0, parameters=("$x$", "\x1b[31m")),
        Operation("barrier", "barrier", (0, 2)),
        Operation("reset", "reset", (1,)),
        measure(0, 1),
        gate("z", 1, clbits=(0, 1), condition="c == 2"),
        Operation("block", "while", (0, 1), clbits=(2,), parameters=("2 operations",), condition="d == 1"),
    ),
)


def test_a_diagram_is_what_its_json_says() -> None:
    assert Diagram.from_json(strict_object(canonical_json(EVERYTHING.as_json()), "diagram")) == EVERYTHING


@pytest.mark.parametrize(
    "operation",
    [gate("h"), gate("h", 3), gate("x", 0, controls=(3,)), gate("x", 0, anticontrols=(7,)), measure(0, 3)],
)
def test_a_diagram_with_operations_on_no_wire_is_refused(operation: Operation) -> None:
    value = Diagram(EVERYTHING.qubits, EVERYTHING.registers, (gate("h", 0), operation)).as_json()
    with pytest.raises(DocumentError, match=r"operations\[1\] must be on wires"):
        Diagram.from_json(value)


def test_more_operations_than_a_picture_holds_are_refused_with_the_figure() -> None:
    refuse_many(MAX_OPERATIONS)
    with pytest.raises(RunnerError, match="2001 operations, and a picture holds 2000; leave out --png"):
        refuse_many(MAX_OPERATIONS + 1)


def test_texts_are_short_and_on_one_line() -> None:
    assert (short("a\n b"), short("x" * 24), short("x" * 25), short(" ")) == ("a b", "x" * 24, "x" * 23 + "…", "?")
    assert listed(["1", "2", "3", "4"]) == ("1", "2", "3", "4")
    assert listed([str(number) for number in range(9)]) == ("0", "1", "2", "3", "…")


def test_a_picture_has_dark_marks_on_a_light_ground_and_an_empty_circuit_its_wire() -> None:
    matplotlib = pytest.importorskip("matplotlib.image")
    from qee.cli.show import circuit_picture

    picture = circuit_picture.png(EVERYTHING)
    pixels = matplotlib.imread(io.BytesIO(picture))
    assert pixels.shape[1] > pixels.shape[0] > 200
    assert (pixels[:, :, :3].min(axis=2) < 0.3).mean() > 0.005
    empty = matplotlib.imread(io.BytesIO(circuit_picture.png(Diagram(("q",), (), ()))))
    assert (empty[:, :, :3].min(axis=2) < 0.3).any()  # the wire


def test_a_picture_looks_otherwise_with_another_name() -> None:
    pytest.importorskip("matplotlib")
    from qee.cli.show import circuit_picture

    def named(wire: str, gate_name: str) -> bytes:
        return circuit_picture.png(Diagram((wire,), (), (gate(gate_name, 0),)))

    assert named("q", "h") == named("q", "h")
    assert len({named("q", "h"), named("r", "h"), named("q", "k")}) == 3


def test_texts_of_a_picture_are_no_formulas_and_move_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    from qee.cli.show import circuit_picture

    found: list[Any] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: found.extend(self.axes[0].texts))
    circuit_picture.png(EVERYTHING)
    texts = [each.get_text() for each in found]
    assert {"q[0]", "q[1]", "a", "c", "d", "H", "mine($x$, \\x1b[31m)", "Z\nif c == 2"} <= set(texts)
    assert not any(each.get_parse_math() for each in found)


def test_a_picture_that_would_be_too_large_is_refused_with_its_size() -> None:
    pytest.importorskip("matplotlib")
    from qee.cli.show import circuit_picture

    wide = Diagram(labels([Register("q", 4000)]), (), tuple(gate("x", 3999, controls=(0,)) for _ in range(900)))
    with pytest.raises(Problem, match=r"--png: the picture would have \d+ by \d+ pixels; leave it out"):
        circuit_picture.png(wide)
    with pytest.raises(Problem, match="no qubits"):
        circuit_picture.png(Diagram((), (), ()))
