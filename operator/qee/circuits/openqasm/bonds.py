"""How entangled a straight program's state can become: an upper bound on the bond dimension of a matrix product.

A gate multiplies the bond dimension across a cut between qubits by its operator Schmidt rank at most: 2 for one control
or a two-body phase, 4 for any gate on two qubits; and no bond exceeds the smaller side of its cut (Vidal 2003,
arXiv:quant-ph/0301063). Of a gate that the program defines, every operation is taken to cross every cut between its
qubits.
"""

import sys
from collections.abc import Sequence
from itertools import pairwise

from qee.circuits.openqasm.gates import BUILTIN_2, BUILTIN_3, QELIB1, STDGATES, Gate
from qee.circuits.openqasm.symbols import Operand

_CONTROLLED = "cx CX cy cz ch cp cphase cu cu1 cu3 crx cry crz csx rxx rzz ccx"
_RANK_TWO = frozenset(_CONTROLLED.split(" "))
_RANK_FOUR = frozenset(("swap", "cswap"))
_ONE_QUBIT = frozenset(g.name for t in (QELIB1, STDGATES, BUILTIN_2, BUILTIN_3) for g in t.values() if g.qubits < 2)
_KNOWN = _RANK_TWO | _RANK_FOUR | _ONE_QUBIT


class Bonds:
    """Sums up, gate by gate in any order, what crosses each cut.

    `links`: pairs of positions, the lower first, on which a gate acts.
    """

    def __init__(self) -> None:
        self._changes: dict[int, int] = {}
        self._known = True
        self.links: set[tuple[int, int]] = set()

    def give_up(self) -> None:
        """For what this bound does not cover: control flow, qubits whose position is not known."""
        self._known = False

    def add(self, gate: Gate, operands: Sequence[Operand], times: int) -> None:
        """Adds a gate on several qubits, applied `times` times."""
        low, high = sys.maxsize, 0
        for _, index, _, position in operands:
            if position is None:
                self.give_up()
                return
            last = position + times - 1 if times > 1 and index is None else position
            if position < low:
                low = position
            if last > high:
                high = last
        self._cross(gate, low, high, times)
        if gate.qubits == 2 or not gate.depth:  # a gate that is defined on more need not connect them all
            self._link(operands, times)

    def _cross(self, gate: Gate, low: int, high: int, times: int) -> None:
        if not self._known:
            return
        if not gate.names <= _KNOWN:
            self._known = False
            return
        bits = times * (1 if not gate.depth and gate.name in _RANK_TWO else 2 * gate.multi_qubit)
        self._changes[low] = self._changes.get(low, 0) + bits
        self._changes[high] = self._changes.get(high, 0) - bits

    def _link(self, operands: Sequence[Operand], times: int) -> None:
        """Notes which qubits a gate acts on; all positions are known."""
        for time in range(times):
            before: int | None = None
            for _, index, size, position in operands:
                if position is None:
                    return
                at = position + time if index is None and size is not None else position
                if before is not None:
                    self.links.add((before, at) if before < at else (at, before))
                before = at

    def bits(self, qubits: int) -> int | None:
        """log2 of the bound for so many qubits, None where there is none."""
        if not self._known:
            return None
        most = crossing = 0
        cuts = sorted(self._changes)
        for low, high in pairwise(cuts):
            crossing += self._changes[low]
            # Within a stretch of equal crossings the cut nearest to the middle allows the most.
            middle = min(max(low, qubits // 2 - 1), high - 1)
            most = max(most, min(crossing, middle + 1, qubits - 1 - middle))
        return most
