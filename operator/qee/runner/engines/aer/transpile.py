"""spec.transpile on engine aer: Qiskit's transpiler, for a device's gates and coupling or for the simulator's gates.

Absent options mean translation only, level 0: from level 1 on gates that cancel are deleted, and with them the whole of
a benchmark circuit. What comes back holds only the qubits that are used: of a device of 127 the others cost memory.
"""

from dataclasses import replace
from functools import cached_property
from typing import Any

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import (
    ControlFlowOp,
    Delay,
    ForLoopOp,
    Gate,
    IfElseOp,
    Measure,
    Parameter,
    Qubit,
    Reset,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.converters import circuit_to_dag, dag_to_circuit
from qiskit.exceptions import QiskitError
from qiskit.transpiler import InstructionProperties, PassManager, Target
from qiskit.transpiler.passes import (
    BasisTranslator,
    Optimize1qGatesDecomposition,
    Unroll3qOrMore,
    UnrollCustomDefinitions,
)
from qiskit_aer import AerSimulator

from qee.devices import Device
from qee.documents.run import TranspileOptions, circuit_seed
from qee.runner.engines.aer.channels import Noise
from qee.runner.engines.aer.compiled import Compiled, placed
from qee.runner.engines.aer.states import rotated, unmeasured
from qee.sdk.errors import invalid_spec, unsupported_construct
from qee.sdk.explain import unsupported
from qee.sdk.qiskit.circuits import refuse_expansion, size_of

_FREE = frozenset({"measure", "reset", "barrier", "delay", "if_else", "for_loop", "while_loop", "switch_case"})
_FREE |= {"break_loop", "continue_loop", "global_phase", "store"}
_CONTROL_FLOW = {"if_else": IfElseOp, "for_loop": ForLoopOp, "while_loop": WhileLoopOp, "switch_case": SwitchCaseOp}
_DELETES_BEFORE_MEASUREMENTS = 2  # the level from which Qiskit drops diagonal gates in front of measurements


class Compiler:
    """Compiles every circuit of a run by the same options. Raises RunnerError where these contradict each other."""

    def __init__(self, options: TranspileOptions | None, noise: Noise | None, seed: int, memory: int) -> None:
        """`seed` is the job's, `memory` in bytes what a circuit may expand to.

        Under a device's noise circuits are compiled for it. Under typed errors, which are defined for one and two
        qubits, gates that the source defines and larger ones are replaced by what they are made of.
        """
        device = None if noise is None else noise.device
        self._small_gates = noise is not None and device is None
        self._asked = options is not None
        self._options = options or TranspileOptions()
        self._device = device
        self._memory = memory
        self._level = self._options.optimization_level or 0
        given = self._options.seed
        self._seed = circuit_seed(seed, "transpile", 0, 0) if given is None else given
        _refuse_contradictions(self._options, device)

    def compile(self, circuit: QuantumCircuit, simulator: AerSimulator) -> Compiled:
        """The circuit for the device, or at a level above 0 for the simulator; parameters stay unbound.

        Raises RunnerError, with the field that is at fault.
        """
        self._refuse_size(circuit)
        source = circuit
        if self._options.verbatim:
            self._refuse_foreign(circuit, simulator)
        elif self._small_gates:
            refuse_expansion(circuit, _FREE.union(simulator.configuration().basis_gates), self._memory)
            circuit = _of_small_gates(circuit, simulator)
        if self._options.verbatim or (self._device is None and self._level == 0):
            physical = None if self._device is None else tuple(range(circuit.num_qubits))
            compiled = Compiled(circuit, tuple(range(circuit.num_qubits)), physical)
            return self._recorded(compiled, source, source, circuit)
        basis = self._device.basis_gates if self._device else simulator.configuration().basis_gates
        refuse_expansion(circuit, _FREE.union(basis), self._memory)
        program = _guarded(circuit) if self._level >= _DELETES_BEFORE_MEASUREMENTS else circuit
        transpiled = self._transpiled(program, simulator)
        layout = transpiled.layout
        ends = list(range(circuit.num_qubits)) if layout is None else layout.final_index_layout()
        reduced, kept = _of_used_qubits(transpiled, ends)
        position = {physical: number for number, physical in enumerate(kept)}
        compiled = Compiled(reduced, tuple(position[end] for end in ends), kept if self._device else None)
        return self._recorded(compiled, source, program, transpiled)

    def turned(self, compiled: Compiled, basis: str) -> Compiled:
        """What was compiled for the device, measured in `basis` on the qubits where its state is at the end."""
        gates = self._device.basis_gates if self._device else ()
        passes: list[Any] = [BasisTranslator(SessionEquivalenceLibrary, target_basis=list(gates))]
        if self._level:
            passes.append(Optimize1qGatesDecomposition(basis=list(gates)))
        state = _without_last_barriers(unmeasured(compiled.circuit))
        circuit = PassManager(passes).run(rotated(state, basis, compiled.layout))
        return replace(compiled, circuit=circuit)

    def _recorded(
        self, compiled: Compiled, source: QuantumCircuit, before: QuantumCircuit, after: QuantumCircuit
    ) -> Compiled:
        equivalent = None
        if self._options.verify_equivalence:
            from qee.runner.engines.aer.equivalence import verified

            equivalent = verified(before, after)
        size = size_of(source) if self._asked or self._device else None
        return Compiled(compiled.circuit, compiled.layout, compiled.physical, size, equivalent)

    def _transpiled(self, circuit: QuantumCircuit, simulator: AerSimulator) -> QuantumCircuit:
        layout = self._options.initial_layout
        try:
            return transpile(
                circuit,
                **({"target": self._target} if self._target else {"backend": simulator}),
                optimization_level=self._level,
                seed_transpiler=self._seed,
                initial_layout=None if layout is None else list(layout),
            )
        except QiskitError as error:
            where = f"device {self._device.name}" if self._device else "the simulator"
            raise unsupported_construct(
                f"the transpiler cannot express the circuit in the gates of {where}; use gates of the library, give "
                "durations of delay in ns, and leave out opaque gates"
            ) from error

    @cached_property
    def _target(self) -> Target | None:
        return None if self._device is None else _target(self._device)

    def _refuse_size(self, circuit: QuantumCircuit) -> None:
        device, layout, qubits = self._device, self._options.initial_layout, circuit.num_qubits
        if device is None:
            return
        if qubits > device.qubits:
            raise invalid_spec(
                f"noise.device: {device.name} has {device.qubits} qubits, the circuit has {qubits}; choose a larger "
                "device, or use fewer qubits"
            )
        if layout is not None and len(layout) != qubits:
            raise invalid_spec(
                f"transpile.initialLayout has {len(layout)} qubits, the circuit has {qubits}; give one physical qubit "
                "for each, in order of declaration"
            )

    def _refuse_foreign(self, circuit: QuantumCircuit, simulator: AerSimulator) -> None:
        """Verbatim: each gate has to be one of the device's on its qubits, or one of the simulator's."""
        basis = frozenset(self._device.basis_gates if self._device else simulator.configuration().basis_gates)
        for operation, qubits in placed(circuit):
            if operation.name in _FREE:
                continue
            if operation.name not in basis:
                where = f"{self._device.name}, which has {', '.join(sorted(basis))}" if self._device else "engine aer"
                raise unsupported_construct(
                    f"transpile.verbatim: gate {operation.name} is none of {where}; write it in gates of the basis, or "
                    "leave verbatim out"
                )
            if self._device and tuple(qubits) not in self._device.gates[operation.name]:
                at = ", ".join(map(str, qubits))
                raise invalid_spec(
                    f"transpile.verbatim: {self._device.name} has no {operation.name} on qubits {at}; use coupled "
                    "qubits, or leave verbatim out"
                )


def final_measurements(circuit: QuantumCircuit) -> list[int]:
    """The indexes of the measurements if each is its qubit's and its bit's last operation; [] if one is not, or if
    there are blocks of control flow.
    """
    found: list[int] = []
    over: set[Any] = set()
    for number, each in enumerate(circuit.data):
        if isinstance(each.operation, ControlFlowOp):
            return []
        if each.operation.name != "barrier" and over.intersection([*each.qubits, *each.clbits]):
            return []
        if each.operation.name == "measure":
            found.append(number)
            over.update(each.qubits, each.clbits)
    return found


def _guarded(circuit: QuantumCircuit) -> QuantumCircuit:
    """With a barrier before the final measurements: counts would not notice that gates there are deleted, the state
    would. The measurements stay where layouts are chosen, for these weigh readout errors.
    """
    measured = set(final_measurements(circuit))
    if not measured:
        return circuit
    guarded = circuit.copy_empty_like()
    for number, each in enumerate(circuit.data):
        if number not in measured:
            guarded.append(each)
    guarded.barrier()
    for number in sorted(measured):
        guarded.append(circuit.data[number])
    return guarded


def _without_last_barriers(state: QuantumCircuit) -> QuantumCircuit:
    """They stood before measurements, and would keep a turn apart from the gate that it completes or undoes."""
    kept = state.copy()
    while kept.data and kept.data[-1].operation.name == "barrier":
        kept.data.pop()
    return kept


def _refuse_contradictions(options: TranspileOptions, device: Device | None) -> None:
    layout = options.initial_layout
    if options.verbatim and (options.optimization_level or layout is not None):
        field = "initialLayout" if layout is not None else "optimizationLevel"
        raise invalid_spec(
            f"transpile.verbatim leaves the circuit as written; leave out transpile.{field}, or verbatim"
        )
    if layout is None:
        return
    if device is None:
        raise invalid_spec(
            "transpile.initialLayout: a simulator has no physical qubits; name noise.device, or leave it out"
        )
    beyond = [qubit for qubit in layout if not 0 <= qubit < device.qubits]
    if beyond:
        raise invalid_spec(
            f"transpile.initialLayout: {device.name} has no qubit {beyond[0]}; its qubits are 0 to {device.qubits - 1}"
        )
    if len(set(layout)) < len(layout):
        raise invalid_spec("transpile.initialLayout: a qubit occurs twice; give each physical qubit once")


def _of_used_qubits(circuit: QuantumCircuit, ends: list[int]) -> tuple[QuantumCircuit, tuple[int, ...]]:
    """The circuit without the qubits on which nothing happens, and the indexes of those that are left."""
    dag = circuit_to_dag(circuit)
    wanted = {circuit.qubits[end] for end in ends}
    idle = [wire for wire in dag.idle_wires() if isinstance(wire, Qubit) and wire not in wanted]
    if not idle:
        return circuit, tuple(range(circuit.num_qubits))
    gone = set(idle)
    dag.remove_qubits(*idle)
    kept = tuple(number for number, qubit in enumerate(circuit.qubits) if qubit not in gone)
    return dag_to_circuit(dag, copy_operations=False), kept


def _of_small_gates(circuit: QuantumCircuit, simulator: AerSimulator) -> QuantumCircuit:
    if all(_is_small(operation) for operation, _ in placed(circuit)):
        return circuit
    basis = simulator.configuration().basis_gates
    passes = [UnrollCustomDefinitions(SessionEquivalenceLibrary, basis_gates=basis), Unroll3qOrMore()]
    try:
        return PassManager(passes).run(circuit)
    except QiskitError as error:
        raise unsupported("opaque", engine="aer") from error


def _is_small(operation: Any) -> bool:
    library = (
        operation.name in get_standard_gate_name_mapping() or operation.name in _FREE or operation.name == "unitary"
    )
    return library and (operation.num_qubits <= 2 or operation.name in _FREE)


def _target(device: Device) -> Target:
    target = Target(num_qubits=device.qubits)
    gates: dict[str, Gate] = get_standard_gate_name_mapping()
    for name, table in device.gates.items():
        target.add_instruction(
            gates[name],
            {qubits: InstructionProperties(gate.duration * 1e-9, gate.error) for qubits, gate in table.items()},
        )
    every = range(device.qubits)
    target.add_instruction(Measure(), {(q,): InstructionProperties(error=sum(device.readout[q]) / 2) for q in every})
    target.add_instruction(Reset(), {(q,): None for q in every})
    target.add_instruction(Delay(Parameter("t")), {(q,): None for q in every})
    for name, kind in _CONTROL_FLOW.items():
        target.add_instruction(kind, name=name)
    return target
