"""A job's circuits as IBM's devices take them: compiled, checked against the SDK, with names that depend on nothing."""

import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import ClassicalRegister, ControlFlowOp, Parameter
from qiskit.exceptions import QiskitError
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils import validate_isa_circuits

from qee.connectors.vendors.ibm.target import Device
from qee.connectors.vendors.qiskit_programs import Program, optimization_level, transpiler_seed, wires
from qee.documents.compiled import NOT_MEASURED
from qee.documents.run import RunDocument, TranspileOptions
from qee.sdk import limits
from qee.sdk.errors import invalid_spec, unsupported_construct
from qee.sdk.qiskit.circuits import ALWAYS, refuse_expansion

_CONTROL_FLOW = frozenset({"if_else", "for_loop", "while_loop", "switch_case", "break_loop", "continue_loop", "store"})
_RESULT_NAMES = frozenset({"keys", "values", "items", "shape", "ndim", "size"})  # of DataBin: no register's
Columns = Mapping[Parameter, Any]


def refuse_transpile(options: TranspileOptions | None, device: Device) -> None:
    if options is None:
        return
    if options.verify_equivalence:
        raise invalid_spec(
            "spec.transpile.verifyEquivalence: true: provider ibm's compiler has no checker; leave the field out, or"
            " have a compilation checked on a simulator backend with noise.device"
        )
    layout = options.initial_layout
    if options.verbatim and (options.optimization_level or layout is not None):
        field = "initialLayout" if layout is not None else "optimizationLevel"
        raise invalid_spec(f"spec.transpile.verbatim leaves the circuit as written; leave out {field}, or verbatim")
    beyond = [qubit for qubit in layout or () if qubit >= device.qubits]
    if beyond:
        raise invalid_spec(
            f"spec.transpile.initialLayout: {device.name} has no qubit {beyond[0]}; its qubits are 0 to"
            f" {device.qubits - 1}"
        )


def refuse_size(program: Program, document: RunDocument, device: Device) -> None:
    qubits = program.circuit.num_qubits
    if qubits > device.qubits:
        raise invalid_spec(
            f"{qubits} qubits: {device.name} has {device.qubits}; use fewer qubits, or a backend with a larger device"
        )
    layout = document.transpile.initial_layout if document.transpile else None
    if layout is not None and len(layout) != qubits:
        raise invalid_spec(
            f"spec.transpile.initialLayout has {len(layout)} qubits, the circuit has {qubits}; give one physical qubit"
            " for each, in order of declaration"
        )


def isa(circuit: QuantumCircuit, document: RunDocument, device: Device) -> QuantumCircuit:
    """The circuit in the device's gates on its qubits; parameters stay unbound."""
    refuse_expansion(circuit, device.gates | ALWAYS | _CONTROL_FLOW, limits.memory())
    options = document.transpile or TranspileOptions()
    if not options.verbatim:
        try:
            circuit = transpile(
                circuit,
                target=device.target,
                optimization_level=optimization_level(document),
                seed_transpiler=transpiler_seed(document),
                initial_layout=None if options.initial_layout is None else list(options.initial_layout),
            )
        except QiskitError as error:
            raise unsupported_construct(
                f"the transpiler cannot express the circuit in the gates of {device.name}"
                f" ({', '.join(sorted(device.gates))}); use gates of the library, and qubits that work"
            ) from error
    try:
        validate_isa_circuits([circuit], device.target)
    except IBMInputValueError as error:
        what = str(error).split(" Circuits that do not match")[0]
        remedy = "write it in gates of the device, or leave spec.transpile.verbatim out"
        raise unsupported_construct(f"{what[:200]} {remedy}") from error
    return circuit


def sent(
    program: Program, compiled: QuantumCircuit, registers: list[ClassicalRegister]
) -> tuple[QuantumCircuit, dict[Parameter, Any]]:
    """The circuit as it is sent, and for each of its parameters the one that it had before.

    Written anew, so that the same job gives the same bytes: names that Qiskit counts up and ids that it draws are gone.
    Without registers it measures nothing: the estimator adds its own measurements.
    """
    named = {old: Parameter(f"p{number}", uuid=uuid.UUID(int=number)) for number, old in enumerate(compiled.parameters)}
    circuit = QuantumCircuit(QuantumRegister(compiled.num_qubits, "q"), *registers, name=program.run.name)
    body = compiled if registers else unmeasured(compiled)
    circuit.compose(body, range(compiled.num_qubits), circuit.clbits, inplace=True)
    circuit.metadata = {}
    if named:
        circuit.assign_parameters(named, inplace=True)
    return circuit, {new: old for old, new in named.items()}


def table(program: Program, circuit: QuantumCircuit, columns: Columns) -> "np.ndarray[Any, Any]":
    """The parameter sets as rows, in the order of the circuit's parameters."""
    rows = [[row[columns[each]] for each in circuit.parameters] for _, row in program.rows()]
    return np.array(rows, dtype=np.float64)


def unmeasured(circuit: QuantumCircuit) -> QuantumCircuit:
    """On the same qubits, without classical bits."""
    bare = QuantumCircuit(circuit.qubits, global_phase=circuit.global_phase)
    for each in circuit.data:
        if each.operation.name != "measure":
            bare.append(each.operation, each.qubits)
    return bare


def turned(circuit: QuantumCircuit, basis: str) -> QuantumCircuit:
    """An unmeasured circuit with each qubit measured into the bit of its number, in its letter's basis (I as Z).

    `basis` has the letter of the highest qubit first.
    """
    found = circuit.copy()
    bits = ClassicalRegister(len(basis), "c")
    found.add_register(bits)
    for qubit, letter in enumerate(reversed(basis)):
        if letter == "Y":
            found.sdg(qubit)
        if letter in "XY":
            found.h(qubit)
    found.measure(range(len(basis)), bits)
    return found


def measured(circuit: QuantumCircuit) -> tuple[int, ...]:
    """Each classical bit that is measured has its own index in the result's one register."""
    return tuple(NOT_MEASURED if wire == NOT_MEASURED else bit for bit, wire in enumerate(wires(circuit)))


def own_registers(circuit: QuantumCircuit) -> list[ClassicalRegister]:
    """Conditions name registers, so those of a circuit with control flow stay. Each bit must be in one, in order."""
    if [bit for register in circuit.cregs for bit in register] != list(circuit.clbits):
        raise unsupported_construct(
            "control flow with classical bits outside of registers, or in two of them, does not run on this device;"
            " give each bit one register"
        )
    taken = [register.name for register in circuit.cregs if register.name in _RESULT_NAMES]
    if taken:
        raise unsupported_construct(f"register {taken[0]}: the SDK keeps that name; rename it")
    return list(circuit.cregs)


def is_dynamic(circuit: QuantumCircuit) -> bool:
    return any(isinstance(each.operation, ControlFlowOp) for each in circuit.data)
