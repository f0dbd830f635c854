"""A circuit in QPY, walked from end to end without building anything: what it holds, and whether it may be loaded.

Qiskit's loader looks names up in its library and calls what it finds, with the file's parameters; so only the names
listed here pass. Definitions and blocks are circuits inside the circuit: each is walked once, and what it expands to is
multiplied.
"""

from collections.abc import Sequence

from qee.circuits.errors import circuit_too_large, invalid_circuit
from qee.circuits.qpy.file import Reader, broken, read_header, refused
from qee.circuits.qpy.found import CONSTRUCTS, KNOWN, PLAIN, RESETS, Found
from qee.circuits.qpy.values import MAX_DEPTH, Values
from qee.circuits.report import Limits

MAX_RANGED = 200_000


def check(data: bytes, limits: Limits | None = None) -> tuple[int, Found]:
    """The version and what the only circuit of a QPY file holds. Raises ScanError for what must not be loaded."""
    header = read_header(data)
    if header.programs != 1:
        raise invalid_circuit(
            f"the QPY file holds {header.programs} circuits; write each by its own qpy.dump and give each its own "
            "entry in spec.circuits"
        )
    reader = Reader(data, 19)
    (kind,) = reader.fields("!c")
    if kind != b"q":
        raise refused("a schedule of pulses", "give a QuantumCircuit")
    if header.version >= 16 and reader.fields("!Q")[0] != reader.at:
        raise broken("its table of circuits points elsewhere")
    found = _Walk(header.version, limits or Limits()).circuit(reader, 0)
    reader.end("the circuit")
    return header.version, found


class _Walk:
    def __init__(self, version: int, limits: Limits) -> None:
        self._version = version
        self._limits = limits
        self._values = Values(version, limits, self._block)
        self._ranged = 0  # bits of registers that cost the file no byte each

    def circuit(self, reader: Reader, depth: int) -> Found:
        """One circuit, which begins at the cursor. Numbers in its header are held against the bounds first."""
        if depth > MAX_DEPTH:
            raise circuit_too_large(f"circuits are nested in more than {MAX_DEPTH} levels; decompose")
        name, kind, phase, qubits, clbits, metadata, registers, instructions, variables = reader.fields("!HcHIIQIQI")
        for what, count, most in (
            ("qubits", qubits, self._limits.max_qubits),
            ("classical bits", clbits, self._limits.max_classical_bits),
            ("instructions", instructions, self._limits.max_operations),
        ):
            if count > most:
                raise circuit_too_large(f"the circuit has {count} {what}, {most} are possible")
        found = Found(qubits, clbits, parameters=self._values.names)
        reader.text(name)
        global_phase = kind, reader.take(phase)
        reader.text(metadata)
        for _ in range(registers):
            self._register(reader, found)
        if variables:
            raise refused("variables, inputs or stretches", "use classical registers, and Parameters for angles")
        if self._version >= 15 and reader.fields("!I")[0]:
            raise refused("annotations", "leave them out")
        vectors = self._values.vectors(reader) if self._version >= 18 else []
        self._values.value(*global_phase, [], depth, vectors)
        definitions = self._definitions(reader, found, depth, vectors)
        for _ in range(instructions):
            self._instruction(reader, found, definitions, depth, vectors)
            if found.operations > self._limits.max_operations:
                raise circuit_too_large(
                    f"loops and definitions expand to more than {self._limits.max_operations} operations; reduce them"
                )
        if self._version < 18 and reader.fields("!H")[0]:
            raise refused("pulse calibrations", "leave them out")
        self._layout(reader)
        return found

    def _register(self, reader: Reader, found: Found | None) -> None:
        """A register's bits are numbers within the circuit, or are not in it; a range is one number from version 18."""
        kind, _, size, length, inside = reader.fields("!c?IH?")
        ranged = self._version >= 18 and reader.fields("!?")[0]
        name = reader.name(length)
        most = self._limits.max_classical_bits if kind == b"c" else self._limits.max_qubits
        if kind not in (b"q", b"c", b"a") or size > most:
            raise broken("a register is of no known kind or too large")
        if ranged:
            (start,) = reader.fields("!I")
            bits: Sequence[int] = (start, start + size - 1) if size else ()
            self._ranged += size
            if self._ranged > MAX_RANGED:
                raise circuit_too_large(f"its registers have more than {MAX_RANGED} bits in all")
        elif self._version >= 18:
            bits = tuple(-1 if each == 0xFFFFFFFF else each for each in reader.fields(f"!{size}I"))
        else:
            bits = reader.fields(f"!{size}q")
        if found is None:
            return
        limit = found.clbits if kind == b"c" else found.qubits
        if any(not -1 <= each < limit for each in bits):
            raise broken("a register names a bit that the circuit has not")
        if kind == b"c" and inside and size:
            found.registers.append((name, size))

    def _definitions(self, reader: Reader, outer: Found, depth: int, vectors: list[str]) -> dict[str, Found]:
        """The instructions that the circuit defines, by name, each with what it expands to."""
        definitions: dict[str, Found] = {}
        bases = []
        for _ in range(reader.fields("!Q")[0]):
            length, kind, qubits, clbits, defined, size, controls, _, base = reader.fields("!HcII?QIIQ")
            name = reader.text(length)
            if kind == b"p" or name.startswith("###PauliEvolutionGate"):
                raise refused("a PauliEvolutionGate", "decompose() it: the file would choose what synthesises it")
            if kind == b"a":
                raise refused("an AnnotatedOperation", "use gate.control(annotated=False), or decompose() it")
            if kind not in (b"i", b"g", b"c"):
                raise broken("a definition is of no known kind")
            if not defined:
                raise refused("an instruction that has no definition", "define it, or decompose() it")
            inner = Reader(reader.take(size))
            found = self.circuit(inner, depth + 1)
            inner.end("a definition")
            if (found.qubits, found.clbits) != (qubits, clbits) or controls > qubits:
                raise broken("a definition has other bits than its instruction")
            rest = Reader(reader.take(base))
            if kind == b"c":
                bases.append(self._instruction(rest, found, {}, depth, vectors, base=True))
            rest.end("a base gate")
            definitions[name] = found
            outer.constructs |= {"gate"} | found.constructs
        for name in bases:  # what a gate controls may be defined after it
            self._check_name(name, definitions)
        return definitions

    def _instruction(
        self,
        reader: Reader,
        found: Found,
        definitions: dict[str, Found],
        depth: int,
        vectors: list[str],
        base: bool = False,
    ) -> str:
        """One instruction, added to `found`; a base gate has no bits and is not added. Returns its name."""
        length, label, parameters, qubits, clbits, extras, condition, _, controls, _ = reader.fields("!HHHIIBHqII")
        name = reader.text(length)
        reader.text(label)
        reader.take(condition)
        if extras & ~3:
            raise refused("annotations", "leave them out")
        if extras == 2:
            self._values.value(*reader.typed(), [], depth, vectors)
        if controls > self._limits.max_qubits:
            raise circuit_too_large("a gate has more controls than a circuit may have qubits")
        acted = 0
        for kind, count, most in ((b"q", qubits, found.qubits), (b"c", clbits, found.clbits)):
            if count > most:
                raise broken("an instruction has more bits than the circuit")
            for _ in range(0 if base else count):
                if (each := reader.fields("!cI"))[0] != kind or each[1] >= most:
                    raise broken("an instruction names a bit that the circuit has not")
                if kind == b"q":
                    acted |= 1 << each[1]
        blocks: list[Found] = []
        rounds = 1
        for _ in range(parameters):
            rounds = max(rounds, self._values.value(*reader.typed(), blocks, depth, vectors))
        if not base:
            self._check_name(name, definitions)
            inner = [definitions[name]] if name in definitions else blocks
            self._add(found, name, qubits, inner, name in definitions, rounds if name == "ForLoopOp" else 1)
            self._use(found, name, acted, inner)
        return name

    def _check_name(self, name: str, definitions: dict[str, Found]) -> None:
        if name == "BoxOp":
            raise refused("a box", "write its body without it")
        if name not in definitions and name not in KNOWN:
            raise refused(f"the instruction {_shown(name)}", "decompose() it")

    def _block(self, data: bytes, depth: int) -> Found:
        inner = Reader(data)
        block = self.circuit(inner, depth + 1)
        inner.end("a block")
        return block

    def _use(self, found: Found, name: str, acted: int, inner: list[Found]) -> None:
        """Notes what an instruction does to the qubits `acted`."""
        resets = name in RESETS or any(
            "reset" in each.constructs or not RESETS.isdisjoint(each.gates) for each in inner
        )
        found.late_resets |= bool(resets and found.used & acted) or any(each.late_resets for each in inner)
        if name != "Barrier":
            found.mid_circuit |= bool(found.read & acted) or any(each.measured for each in inner)
        if name == "Measure":
            found.read |= acted
        if name not in ("Reset", "Barrier"):
            found.used |= acted

    def _add(self, found: Found, name: str, qubits: int, inner: list[Found], defined: bool, rounds: int) -> None:
        if not defined:
            found.gates.add(name)
        found.constructs |= {CONSTRUCTS[name]} if name in CONSTRUCTS else set()
        found.measured |= name == "Measure"
        simple = name in PLAIN or name in CONSTRUCTS
        found.operations += 1 if simple or inner else max(1, qubits * qubits)  # what a sized gate is synthesised to
        found.multi_qubit += qubits > 1 and name not in CONSTRUCTS
        for each in inner:
            found.operations += each.operations * rounds
            found.multi_qubit += each.multi_qubit * rounds
            found.measured |= each.measured
            found.constructs |= each.constructs
            found.gates |= each.gates

    def _layout(self, reader: Reader) -> None:
        """Where a transpiler put the qubits: checked for its size, for it changes no result."""
        exists, initial, mapping, final, extra, _ = reader.fields("!?iiiIi")
        if not exists:
            return
        if extra > reader.left():
            raise broken("a layout is longer than the file")
        for _ in range(extra):
            self._register(reader, None)
        for _ in range(max(0, initial)):
            index, length = reader.fields("!ii")
            if (index, length) != (-1, -1):
                reader.name(length)
        for count in (mapping, final):
            reader.take(4 * max(0, count))


def _shown(name: str) -> str:
    return name[:32] if name.isidentifier() and name.isascii() else "of an unknown name"
