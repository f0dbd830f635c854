"""What vendors whose circuits come by way of Qiskit share: reading, binding, and where each measured bit ends up.

Runs in the pod that compiles. No vendor's SDK in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ControlFlowOp
from qiskit.exceptions import QiskitError

from qee.documents.compiled import NOT_MEASURED, Unit
from qee.documents.provenance import CompiledCircuit, Size
from qee.documents.result import Register
from qee.documents.run import CircuitRun, RunDocument
from qee.sdk.binding import matched
from qee.sdk.errors import invalid_circuit, unsupported_construct
from qee.sdk.limits import memory
from qee.sdk.naming import naming
from qee.sdk.qiskit.circuits import (
    ALWAYS,
    bound,
    digest,
    instructions,
    refuse_expansion,
    size_of,
    two_qubit_gates,
    without_fresh_resets,
)
from qee.sdk.qiskit.loading import load

OPTIMIZATION_LEVEL = 2  # of a QPU's circuits where spec.transpile says nothing
MAX_SEED = 2**31 - 1  # Qiskit's transpiler takes 32 bits


@dataclass(frozen=True)
class Program:
    """A circuit as it was read, before its parameters have values. `parameters`: the circuit's, by column."""

    run: CircuitRun
    circuit: QuantumCircuit
    registers: tuple[Register, ...]
    parameters: dict[str, Any]

    def rows(self) -> Iterator[tuple[int, dict[Any, float]]]:
        """Each parameter set's number, and the values of the circuit's own parameters."""
        for number in range(self.run.parameter_sets):
            yield number, {self.parameters[name]: value for name, value in self.run.row(number).items()}

    def bound(self, circuit: QuantumCircuit) -> Iterator[tuple[int, QuantumCircuit]]:
        """A circuit, compiled from this one, with the values of each parameter set in turn, after its number."""
        return ((number, bound(circuit, values)) for number, values in self.rows())


def programs(document: RunDocument, *, dynamic: bool = False) -> Iterator[Program]:
    """Every circuit of the document, read and checked. Raises RunnerError with the circuit's name.

    `dynamic`: the device acts on measured values and measures in mid-circuit.
    """
    for run in document.circuits:
        with naming(run, parsing=True):
            circuit, registers = load(run)
            circuit = without_fresh_resets(circuit)
            parameters = matched(run.parameters, {each.name: each for each in circuit.parameters})
            estimates = "expectation" in document.outputs and run.observables
            if not estimates and all(each.operation.name != "measure" for each in instructions(circuit)):
                raise invalid_circuit("it measures nothing; a QPU gives counts of measured bits only: add measurements")
            if not dynamic:
                _refuse_dynamic(circuit)
        yield Program(run, circuit, registers, parameters)


def wires(circuit: QuantumCircuit) -> tuple[int, ...]:
    """For each classical bit the index of the qubit that is last measured into it, else NOT_MEASURED."""
    found = [NOT_MEASURED] * circuit.num_clbits
    qubits = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    bits = {bit: index for index, bit in enumerate(circuit.clbits)}
    for each in circuit.data:
        if each.operation.name == "measure":
            found[bits[each.clbits[0]]] = qubits[each.qubits[0]]
    return tuple(found)


def unit(program: Program, number: int, where: tuple[int, ...], observables: tuple[str, ...] = ()) -> Unit:
    """The program's unit for one parameter set; `where` as `wires` gives it."""
    return Unit(program.run.name, number, program.run.shots, program.registers, where, observables)


def compiled(program: Program, circuit: QuantumCircuit, method: str) -> CompiledCircuit:
    """How the program was compiled, for the result's provenance. `method`: what will execute it, in a word."""
    size = size_of(circuit)
    return CompiledCircuit(
        circuit=program.run.name,
        method=method,
        depth=size.depth,
        two_qubit_gates=size.two_qubit_gates,
        compiled_sha256=digest(circuit),
        source=Size(program.circuit.depth(), two_qubit_gates(program.circuit)),
    )


def transpiler_seed(document: RunDocument) -> int:
    """spec.transpile.seed, else derived from the job's seed."""
    asked = document.transpile.seed if document.transpile else None
    return (document.seed if asked is None else asked) % (MAX_SEED + 1)


def optimization_level(document: RunDocument) -> int:
    asked = document.transpile.optimization_level if document.transpile else None
    return OPTIMIZATION_LEVEL if asked is None else asked


def in_basis(program: Program, basis: Sequence[str], document: RunDocument, refusal: str) -> QuantumCircuit:
    """In these gates, for a provider that places the qubits itself. Raises RunnerError, with `refusal` if it cannot."""
    refuse_expansion(program.circuit, ALWAYS.union(basis), memory())
    refused = unsupported_construct(refusal)
    try:
        done = transpile(
            program.circuit,
            basis_gates=list(basis),
            optimization_level=optimization_level(document),
            seed_transpiler=transpiler_seed(document),
        )
    except QiskitError as error:
        raise refused from error
    if not {each.operation.name for each in done.data} <= {"measure", "barrier", *basis}:
        raise refused  # a delay passes the transpiler
    return done


def _refuse_dynamic(circuit: QuantumCircuit) -> None:
    """Anything after a qubit's measurement, resets and control flow."""
    measured: set[Any] = set()
    for each in circuit.data:
        name = each.operation.name
        if isinstance(each.operation, ControlFlowOp) or name == "reset":
            what = "control flow" if name != "reset" else "a reset"
        elif name != "barrier" and measured.intersection(each.qubits):
            what = "an operation after a qubit's measurement"
        else:
            if name == "measure":
                measured.update(each.qubits)
            continue
        raise unsupported_construct(
            f"{what} does not run on this device; measure at the end only, or use a simulator backend"
        )
