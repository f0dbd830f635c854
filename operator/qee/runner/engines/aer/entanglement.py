"""How entangled a circuit's state can become, from which gates cross which cut.

A gate can multiply the bond dimension across a cut by its operator Schmidt rank at most: 2 for a gate with one control
or a two-body phase, 4 for any gate on two qubits, and never more than the smaller side of the cut allows (Vidal 2003,
arXiv:quant-ph/0301063).
"""

from collections.abc import Iterable, Sequence

# Gates of rank 2 across every cut between their qubits.
_RANK_TWO = frozenset(
    {
        "cx",
        "cy",
        "cz",
        "ch",
        "cp",
        "cu",
        "cu1",
        "cu3",
        "crx",
        "cry",
        "crz",
        "csx",
        "ecr",
        "rxx",
        "ryy",
        "rzz",
        "rzx",
        "ccx",
        "ccz",
    }
)


def bond_dimension_bits(gates: Iterable[tuple[str, Sequence[int]]], qubits: int) -> int:
    """An upper bound on log2 of the bond dimension of a matrix product over the qubits in their order.

    `gates` are names with the positions (0 to qubits-1) of the qubits that they act on.
    """
    crossing = [0] * max(qubits - 1, 0)
    for name, positions in gates:
        if len(positions) < 2:
            continue
        for cut in range(min(positions), max(positions)):
            left = sum(position <= cut for position in positions)
            rank_bits = 2 * min(left, len(positions) - left)
            crossing[cut] += 1 if name in _RANK_TWO else rank_bits
    return max((min(bits, cut + 1, qubits - 1 - cut) for cut, bits in enumerate(crossing)), default=0)
