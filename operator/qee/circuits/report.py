"""What a scan takes and what it tells."""

from dataclasses import dataclass, field

DEFAULT_MAX_OPERATIONS = 100_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that a circuit must keep. Exceeding one is CIRCUIT_TOO_LARGE.

    Attributes:
        max_qubits: declared qubits in all, default 1,000 (the stabilizer method can run so many).
        max_operations: operations after every gate definition, loop and broadcast is expanded, default 100,000: engines
            need 8 to 17 KiB and up to 0.6 ms for each.
        max_classical_bits: declared bits in all, default 4,096.
        max_bytes: size of the source in UTF-8, default 1 MiB, what one ConfigMap can hold.
        max_tokens: default 400,000; 128 KiB of the densest source that means something have about 110,000.
    """

    max_qubits: int = 1_000
    max_operations: int = DEFAULT_MAX_OPERATIONS
    max_classical_bits: int = 4_096
    max_bytes: int = 1_048_576
    max_tokens: int = 400_000


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scanner found in a circuit that is within its limits.

    Attributes:
        format: as it was asked for, for example "openqasm3".
        version: of the format, as the program names it, or the format's own where it may be left out.
        qubits: declared qubits, or one more than the highest physical qubit.
        active: those of the qubits to which something is done but a reset at the start or a barrier; None where that is
            not known.
        classical_bits: declared bits.
        registers: classical registers as (name, bits) in order of declaration; a single bit has size 1.
        operations: gates, measurements, resets, delays and barriers when gate definitions are expanded down to the
            standard gates, loops and broadcasts are multiplied, and of branches the longest is taken. Exact for
            programs without gate modifiers and `while`; an upper bound for modifiers; the body of `while` counts once.
        objects: what an engine builds for them: operations, and empty rounds, levels of gate calls, definitions,
            operands of barriers, bits of conditions, matrices; up to 4 KiB each. Mostly little more than `operations`.
        multi_qubit_operations: those of them that act on two or more qubits.
        measured: there is a measurement.
        clifford: every gate is a Clifford gate, so the stabilizer formalism can run it. False where the scanner
            cannot tell (an angle that is an input or a parameter of a gate definition).
        feed_forward: some operation depends on a measured value.
        mid_circuit: a measured qubit is used again, so that every shot has to be run by itself. True in doubt (a
            measurement in a loop or subroutine).
        needs_deadline: `while` occurs, so only a deadline bounds the run.
        includes: files named by `include`, all from the allow-list and never opened.
        gates: standard and built-in gates that are reached by expansion, `ctrl @ x` as cx and so on.
        constructs: features of the language that engines may not support: if, for, while, switch, def, gate, input,
            reset, barrier, delay, "ctrl modifier", "pow modifier", "inv modifier", broadcast, alias, opaque, box, ...
        late_resets: a qubit is reset after something was done to it, so that the state is a mixture. True in doubt
            (aliases, control flow).
        links: pairs of qubits by number, the lower one first, on which gates act together; for three or more, some that
            connect them. Not all where it is not known which qubits these are (aliases, control flow, definitions), and
            none for QPY and Cirq's JSON.
        inputs: names of `input` declarations, in order.
        used_inputs: those of them that some expression has. Engines forget the others, and want no value for them.
        bond_bits: upper bound on log2 of the bond dimension with which a matrix product state is exact, for programs
            without control flow; None where there is no bound.
    """

    format: str
    version: str
    qubits: int
    classical_bits: int
    registers: tuple[tuple[str, int], ...]
    operations: int
    objects: int
    multi_qubit_operations: int
    measured: bool
    clifford: bool
    feed_forward: bool
    mid_circuit: bool
    needs_deadline: bool = False
    includes: tuple[str, ...] = ()
    gates: frozenset[str] = field(default_factory=frozenset)
    constructs: frozenset[str] = field(default_factory=frozenset)
    late_resets: bool = False
    links: frozenset[tuple[int, int]] = frozenset()
    inputs: tuple[str, ...] = ()
    used_inputs: frozenset[str] = frozenset()
    bond_bits: int | None = None
    active: int | None = None
