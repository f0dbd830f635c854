"""Where everything goes in a picture of a circuit. Pure; a length of 1 is the distance of two wires.

Quantum wires come first, in order of declaration, below them one wire for each classical register. An operation takes
the first column in which all wires from its uppermost to its lowest are free, those that its line crosses included.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from qee.sdk.diagram import Diagram, Operation

GAP = 0.3  # between columns
ROW_GAP = 1.0
CHARACTER = 0.18  # width of one, in a box
PADDING = 0.3  # of a box, beside its label
PORTS = 0.25  # for the numbers of the qubits of a box on several
SYMBOL = 0.7  # width of what has no label
MAX_LABEL = 30  # characters
COMFORTABLE = 26.0  # width of a row
TALL = 1.4  # height over width from which on wider rows are better

_LETTERS = {
    **{name: name.upper() for name in ("h", "x", "y", "z", "s", "t", "u", "p", "r", "u1", "u2", "u3")},
    **{name: name.capitalize() for name in ("rx", "ry", "rz", "rxx", "ryy", "rzz", "rzx")},
    **{"id": "I", "sdg": "S†", "tdg": "T†", "sx": "√X", "sxdg": "√X†", "iswap": "iSwap", "reset": "|0⟩"},
}


@dataclass(frozen=True)
class Wire:
    """`size` is that of a classical register, None of a qubit."""

    label: str
    size: int | None = None


@dataclass(frozen=True)
class Mark:
    """An operation in its column, `top` and `bottom` the wires from which to which it reaches.

    `symbol` is what stands for it on its qubits: box, not (a crossed circle), dot, cross, meter or barrier. Of a box,
    `lines` are the label and `ports` its qubits, numbered in this order where there are several. `controls` are the
    wires with a dot outside of the box, each with the value that it has to have. `bits` are classical wires with the
    bit of the register: where a measurement writes to, what a condition reads.
    """

    operation: Operation
    column: int
    top: int
    bottom: int
    symbol: str
    lines: tuple[str, ...]
    ports: tuple[int, ...]
    controls: tuple[tuple[int, int], ...]
    bits: tuple[tuple[int, int], ...]

    @property
    def width(self) -> float:
        if not self.lines:
            return SYMBOL
        ports = PORTS if len(self.ports) > 1 else 0.0
        return max(SYMBOL, CHARACTER * max(map(len, self.lines)) + PADDING + ports)


@dataclass(frozen=True)
class Layout:
    """`widths` of the columns; `rows` are ranges of columns, each drawn below the one before it."""

    wires: tuple[Wire, ...]
    marks: tuple[Mark, ...]
    widths: tuple[float, ...]
    rows: tuple[range, ...]

    @property
    def margin(self) -> float:
        """Left of the wires, for their labels."""
        return CHARACTER * max(len(wire.label) for wire in self.wires) + 0.6

    @property
    def width(self) -> float:
        return self.margin + max(self.length(row) for row in self.rows) + GAP

    @property
    def height(self) -> float:
        return len(self.rows) * (len(self.wires) + ROW_GAP)

    def length(self, row: range) -> float:
        """Of the wires in that row."""
        return sum(self.widths[column] + GAP for column in row) + GAP

    def centre(self, column: int) -> tuple[int, float]:
        """The number of its row, and how far from the beginning of the wires the middle of a column is."""
        number = next(number for number, row in enumerate(self.rows) if column in row)
        before = sum(self.widths[each] + GAP for each in range(self.rows[number].start, column))
        return number, GAP + before + self.widths[column] / 2


def layout(diagram: Diagram) -> Layout:
    wires = (
        *(Wire(label) for label in diagram.qubits),
        *(Wire(register.name, register.size) for register in diagram.registers),
    )
    marks = tuple(_placed(diagram))
    widths = [SYMBOL] * (1 + max((mark.column for mark in marks), default=0))
    for mark in marks:
        widths[mark.column] = max(widths[mark.column], mark.width)
    area = sum(width + GAP for width in widths) * (len(wires) + ROW_GAP)
    return Layout(wires, marks, tuple(widths), wrapped(widths, max(COMFORTABLE, math.sqrt(area / TALL))))


def wrapped(widths: Sequence[float], limit: float) -> tuple[range, ...]:
    """The columns in rows as wide as `limit`; a column that is wider has a row of its own."""
    rows, start, used = [], 0, 0.0
    for column, width in enumerate(widths):
        if column > start and used + width + GAP > limit:
            rows.append(range(start, column))
            start, used = column, 0.0
        used += width + GAP
    return (*rows, range(start, len(widths)))


def _placed(diagram: Diagram) -> Iterator[Mark]:
    qubits = len(diagram.qubits)
    ends = list(accumulate(register.size for register in diagram.registers))
    free = [0] * (qubits + len(ends))
    for operation in diagram.operations:
        bits = []
        for bit in operation.clbits:
            number = next(number for number, end in enumerate(ends) if bit < end)
            bits.append((qubits + number, bit - (ends[number] - diagram.registers[number].size)))
        reached = (*operation.touched, *(wire for wire, _ in bits))
        top, bottom = min(reached), max(reached)
        column = max(free[top : bottom + 1])
        free[top : bottom + 1] = [column + 1] * (bottom + 1 - top)
        symbol, lines, ports, controls = _shown(operation)
        yield Mark(operation, column, top, bottom, symbol, lines, ports, controls, tuple(bits))


_Shown = tuple[str, tuple[str, ...], tuple[int, ...], tuple[tuple[int, int], ...]]


def _shown(operation: Operation) -> _Shown:
    """Symbol, label, ports and controls."""
    qubits = operation.qubits
    controls = (*((wire, 1) for wire in operation.controls), *((wire, 0) for wire in operation.anticontrols))
    if operation.kind in ("barrier", "measure"):
        return ("meter" if operation.kind == "measure" else "barrier"), (), qubits, ()
    if symbol := _symbol(operation):
        return symbol, (), qubits, controls
    if any(min(qubits) < wire < max(qubits) for wire, _ in controls):  # a dot would be inside of the box
        held = "".join(f"{value}" for _, value in controls)
        lines = _lines(operation, f"{_name(operation)} if {held}")
        return "box", lines, (*(wire for wire, _ in controls), *qubits), ()
    return "box", _lines(operation, _name(operation)), qubits, controls


def _symbol(operation: Operation) -> str:
    if operation.kind != "gate" or operation.parameters or operation.condition:
        return ""
    name, many = operation.name.lower(), len(operation.qubits)
    if name == "swap" and many == 2:
        return "cross"
    controlled = bool(operation.controls or operation.anticontrols)
    return {"x": "not", "z": "dot"}.get(name, "") if controlled and many == 1 else ""


def _name(operation: Operation) -> str:
    return _LETTERS.get(operation.name, operation.name)


def _lines(operation: Operation, name: str) -> tuple[str, ...]:
    if operation.kind == "block":
        return _clipped(f"{name} {operation.condition}".strip()), *map(_clipped, operation.parameters)
    arguments = f"({', '.join(operation.parameters)})" if operation.parameters else ""
    condition = (_clipped(f"if {operation.condition}"),) if operation.condition else ()
    return (_clipped(name + arguments), *condition)


def _clipped(text: str) -> str:
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"
