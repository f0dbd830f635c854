"""What is known of a program up to the statement that is being read."""

from dataclasses import dataclass, field

from qee.circuits.openqasm.bonds import Bonds
from qee.circuits.openqasm.symbols import Scope
from qee.circuits.openqasm.usage import Usage
from qee.circuits.report import Limits, Scan
from qee.circuits.tally import Tally


@dataclass(slots=True)
class Program:
    """What was declared, what it adds up to, and between which braces the reader is.

    Attributes:
        tally: of the block that is being read; at the end, of the whole program.
        definitions: work of all definitions together.
        physical: one more than the highest physical qubit, such as `$3`.
        depth, loops, calls: blocks, loops and calls of subroutines around the present position.
        repeated: inside of a loop or a subroutine.
    """

    limits: Limits
    scope: Scope
    usage: Usage
    tally: Tally = field(default_factory=Tally)
    bonds: Bonds = field(default_factory=Bonds)
    definitions: int = 0
    version: str = ""
    qubits: int = 0
    bits: int = 0
    physical: int = 0
    registers: list[tuple[str, int]] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    used_inputs: set[str] = field(default_factory=set)
    constructs: set[str] = field(default_factory=set)
    feed_forward: bool = False
    in_gate: bool = False
    in_subroutine: bool = False
    repeated: bool = False
    depth: int = 0
    loops: int = 0
    calls: int = 0

    def count(self, construct: str, operations: int) -> None:
        """Adds operations that are no gates."""
        self.constructs.add(construct)
        self.tally.operations += operations
        self.tally.work += operations
        self.tally.basis += operations

    def report(self, format: str) -> Scan:
        tally, usage = self.tally, self.usage
        qubits = self.qubits + self.physical
        return Scan(
            format=format,
            version=self.version,
            qubits=qubits,
            classical_bits=self.bits,
            registers=tuple(self.registers),
            operations=tally.operations,
            objects=tally.work + self.definitions,
            multi_qubit_operations=tally.multi_qubit,
            measured=tally.measurements > 0,
            clifford=tally.clifford,
            feed_forward=self.feed_forward,
            mid_circuit=usage.mid_circuit,
            needs_deadline="while" in self.constructs,
            includes=tuple(self.includes),
            gates=frozenset(tally.names),
            constructs=frozenset(self.constructs),
            late_resets=usage.late_resets,
            links=frozenset(self.bonds.links),
            inputs=tuple(self.inputs),
            used_inputs=frozenset(self.used_inputs),
            bond_bits=self.bonds.bits(qubits),
            active=None if usage.acted < 0 else usage.acted.bit_count(),
        )
