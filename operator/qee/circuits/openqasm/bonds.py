"""How entangled a straight program's state can become: an upper bound on the bond dimension of a matrix product.

A gate multiplies the bond dimension across a cut between qubits by its operator Schmidt rank at most: 2 for one control
or a two-body phase, 4 for any gate on two qubits; and no bond exceeds the smaller side of its cut (Vidal 2003,
arXiv:quant-ph/0301063). Of a gate that the program defines, every operation is taken to cross every cut between its
qubits.
"""

from itertools import pairwise

from qee.circuits.openqasm.gates import BUILTIN_2, BUILTIN_3, QELIB1, STDGATES, Gate

_CONTROLLED = "cx CX cy cz ch cp cphase cu cu1 cu3 crx cry crz csx rxx rzz ccx"
_RANK_TWO = frozenset(_CONTROLLED.split(" "))
_RANK_FOUR = frozenset(("swap", "cswap"))
_ONE_QUBIT = frozenset(g.name for t in (QELIB1, STDGATES, BUILTIN_2, BUILTIN_3) for g in t.values() if g.qubits < 2)
_KNOWN = _RANK_TWO | _RANK_FOUR | _ONE_QUBIT


class Bonds:
    """Sums up, gate by gate in any order, what crosses each cut."""

    def __init__(self) -> None:
        self._changes: dict[int, int] = {}
        self._known = True

    def give_up(self) -> None:
        """For what this bound does not cover: control flow, qubits whose position is not known."""
        self._known = False

    def add(self, gate: Gate, low: int, high: int, times: int) -> None:
        """Adds a gate on several qubits, applied `times` times between the positions `low` and `high`."""
        if not self._known:
            return
        if not gate.names <= _KNOWN:
            self._known = False
            return
        bits = times * (1 if not gate.depth and gate.name in _RANK_TWO else 2 * gate.multi_qubit)
        self._changes[low] = self._changes.get(low, 0) + bits
        self._changes[high] = self._changes.get(high, 0) - bits

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
