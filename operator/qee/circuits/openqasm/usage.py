"""What was done to which qubits so far: measured, used, reset."""

from collections.abc import Sequence

from qee.circuits.openqasm.symbols import Operand, Qubits, Scope

_ALL = -1  # an integer with every bit set


class Usage:
    """Sets of qubits are integers with a bit for each position.

    Attributes:
        mid_circuit: something was done to a qubit that was measured before, or may have been.
        late_resets: a reset undoes something.
        acted: qubits to which something is done anywhere.
        selected: of the operands just read, those in selections.
    """

    __slots__ = ("_measured", "_measured_alias", "_scope", "_used", "acted", "late_resets", "mid_circuit", "selected")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.mid_circuit = False
        self.late_resets = False
        self.acted = 0
        self.selected = 0
        self._used = 0  # as `acted`, but every qubit once something was done in a block
        self._measured_alias = False
        self._measured: dict[str, set[int] | None] = {}  # None: the whole register

    def touch(self, operands: Sequence[Operand]) -> None:
        """Notes operations on qubits that were measured before."""
        if not self._measured:
            return
        for name, index, _, _ in operands:
            if self._measured_alias or self._is_alias(name):
                self.mid_circuit = True
            elif name in self._measured:
                indices = self._measured[name]
                if indices is None or index is None or index in indices:
                    self.mid_circuit = True

    def use(self, operands: Sequence[Operand], nested: bool) -> None:
        """Notes that something is done to qubits, which a reset would then undo; `nested`: in a block."""
        for operand in operands:
            self.acted |= self._acted(operand)
            self._used |= _ALL if nested else _positions(operand)
        self.selected = 0

    def use_all(self) -> None:
        self.acted = self._used = _ALL

    def select(self, elements: int, register: Qubits) -> None:
        """Notes a selection of a register, a bit for each of its elements."""
        self.selected |= _ALL if register.alias else elements << register.start

    def reset(self, operand: Operand, nested: bool) -> None:
        self.touch([operand])
        if nested:
            self.acted |= self._acted(operand)
        self.selected = 0
        if self._used & (_ALL if nested else _positions(operand)):
            self.late_resets = True

    def measure(self, operand: Operand, nested: bool, repeated: bool) -> None:
        if repeated:
            self.mid_circuit = True
        self.touch([operand])
        self.use([operand], nested)
        name, index, _, _ = operand
        if self._is_alias(name):
            self._measured_alias = True
        indices = self._measured.setdefault(name, set())
        if index is None:
            self._measured[name] = None
        elif indices is not None:
            indices.add(index)

    def _acted(self, operand: Operand) -> int:
        """As `_positions`, but exact for selections of a declared register."""
        if operand[3] is not None or not self.selected or self._is_alias(operand[0]):
            return _positions(operand)
        return self.selected

    def _is_alias(self, name: str) -> bool:
        symbol = self._scope.names.get(name)
        return isinstance(symbol, Qubits) and symbol.alias


def _positions(operand: Operand) -> int:
    """A bit for each of its qubits; where these are not known, for all."""
    _, index, size, position = operand
    if position is None:
        return _ALL
    width = size if index is None and size is not None else 1
    return ((1 << width) - 1) << position
