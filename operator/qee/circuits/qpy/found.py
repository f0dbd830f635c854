"""What a walk over a circuit in QPY finds, within which bounds, and the instructions that it may find."""

from dataclasses import dataclass, field

_ONE = (
    "HGate IGate XGate YGate ZGate PhaseGate RGate RXGate RYGate RZGate SGate SdgGate SXGate SXdgGate TGate TdgGate"
    " UGate U1Gate U2Gate U3Gate GlobalPhaseGate Measure Reset Delay"
)
_MORE = (
    "CHGate CXGate CYGate CZGate DCXGate ECRGate SwapGate iSwapGate CPhaseGate CRXGate CRYGate CRZGate CSGate CSdgGate"
    " CSXGate CUGate CU1Gate CU3Gate RXXGate RYYGate RZZGate RZXGate XXMinusYYGate XXPlusYYGate CCXGate CCZGate"
    " CSwapGate RCCXGate C3XGate C3SXGate RC3XGate C4XGate"
)
_SIZED = "MCXGate MCPhaseGate Initialize StatePreparation UnitaryGate PermutationGate DiagonalGate QFTGate PauliGate"
_FLOW = "IfElseOp WhileLoopOp ForLoopOp SwitchCaseOp BreakLoopOp ContinueLoopOp"
KNOWN = frozenset(f"{_ONE} {_MORE} {_SIZED} {_FLOW} Barrier Store".split())
PLAIN = frozenset(f"{_ONE} {_MORE}".split())
CONSTRUCTS = {
    **{"IfElseOp": "if", "WhileLoopOp": "while", "ForLoopOp": "for", "SwitchCaseOp": "switch"},
    **{"Reset": "reset", "Barrier": "barrier", "Delay": "delay", "Store": "variable"},
}
RESETS = frozenset({"Reset", "Initialize"})


@dataclass(slots=True)
class Found:
    """What a walk found: `operations` and `multi_qubit` are expanded; `registers` are classical, (name, size).

    `late_resets`: a qubit is reset after something was done to it. `used` has a bit for each qubit with which something
    was done, `read` for each that was measured; `mid_circuit`: something is done to one of these, or there is a
    measurement in a block.
    """

    qubits: int = 0
    clbits: int = 0
    operations: int = 0
    multi_qubit: int = 0
    measured: bool = False
    late_resets: bool = False
    mid_circuit: bool = False
    used: int = 0
    read: int = 0
    registers: list[tuple[str, int]] = field(default_factory=list)
    constructs: set[str] = field(default_factory=set)
    gates: set[str] = field(default_factory=set)
    parameters: dict[str, None] = field(default_factory=dict)
