"""A job's circuits as PUBs of IBM's primitives: compiled for the device, with parameters as arrays, put together."""

import json
import math
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import ClassicalRegister, ControlFlowOp, Parameter
from qiskit.exceptions import QiskitError
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.quantum_info import SparsePauliOp
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.json import RuntimeEncoder
from qiskit_ibm_runtime.utils import validate_classical_registers, validate_isa_circuits

from qee import __version__
from qee.api.compiled_document import NOT_MEASURED, Submission, Unit
from qee.api.reasons import Reason
from qee.api.result_document import CompiledCircuit
from qee.api.run_document import RunDocument, TranspileOptions
from qee.connectors.vendors import ibm_options
from qee.connectors.vendors.ibm_payload import Payload, Shape, usage
from qee.connectors.vendors.ibm_target import Device
from qee.connectors.vendors.qiskit_programs import (
    Program,
    compiled,
    optimization_level,
    programs,
    transpiler_seed,
    unit,
    wires,
)
from qee.runner import limits
from qee.runner.engines.qiskit_circuits import ALWAYS, refuse_expansion
from qee.runner.errors import RunnerError
from qee.runner.naming import naming
from qee.runner.observables import measurements

_CONTROL_FLOW = frozenset({"if_else", "for_loop", "while_loop", "switch_case", "break_loop", "continue_loop", "store"})
_RESULT_NAMES = frozenset({"keys", "values", "items", "shape", "ndim", "size"})  # of DataBin: no register's


@dataclass(frozen=True)
class _Pub:
    """`executions`: shots that the estimator is expected to spend on it."""

    pub: Any
    units: tuple[Unit, ...]
    registers: tuple[tuple[str, int], ...] = ()
    executions: int = 0


_Made = tuple[tuple[Submission, ...], tuple[CompiledCircuit, ...], dict[str, str], bool]


def submissions(document: RunDocument, snapshot: bytes) -> _Made:
    """The submissions, how each circuit was compiled, by which versions, and whether the device is a simulator.

    Raises RunnerError.
    """
    estimates = _estimates(document)
    program = "estimator" if estimates else "sampler"
    fixed, limit, decoupling = ibm_options.inputs(program, document.provider_options)
    device = Device(snapshot)
    _refuse_transpile(document.transpile, device)
    together: dict[int | None, list[_Pub]] = {}
    circuits = []
    for each in programs(document, dynamic=device.dynamic and not estimates):
        with naming(each.run):
            _refuse_size(each, document, device)
            isa = _isa(each.circuit, document, device)
            if decoupling and _is_dynamic(isa):
                raise _invalid("spec.providerOptions.dynamical_decoupling: not with control flow; leave it out")
            made = _estimator_pubs(each, isa, document) if estimates else _sampler_pubs(each, isa)
        circuits.append(compiled(each, made[0].pub.circuit, program))
        together.setdefault(None if estimates and document.precision else each.run.shots, []).extend(made)
    memory = "memory" in document.outputs
    return (
        tuple(_submission(program, pubs, fixed, limit, memory) for pubs in together.values()),
        tuple(circuits),
        {"qee": __version__, "qiskit": version("qiskit"), "qiskit-ibm-runtime": version("qiskit-ibm-runtime")},
        device.simulated,
    )


def _estimates(document: RunDocument) -> bool:
    if "expectation" not in document.outputs:
        return False
    others = [output for output in document.outputs if output != "expectation"]
    if others:
        raise _invalid(
            f"spec.outputs: {others[0]} comes from IBM's sampler, expectation from its estimator; ask for them in two"
            " jobs"
        )
    return True


def _refuse_transpile(options: TranspileOptions | None, device: Device) -> None:
    if options is None:
        return
    if options.verify_equivalence:
        raise _invalid(
            "spec.transpile.verifyEquivalence: true: provider ibm's compiler has no checker; leave the field out, or"
            " have a compilation checked on a simulator backend with noise.device"
        )
    layout = options.initial_layout
    if options.verbatim and (options.optimization_level or layout is not None):
        field = "initialLayout" if layout is not None else "optimizationLevel"
        raise _invalid(f"spec.transpile.verbatim leaves the circuit as written; leave out {field}, or verbatim")
    beyond = [qubit for qubit in layout or () if qubit >= device.qubits]
    if beyond:
        raise _invalid(
            f"spec.transpile.initialLayout: {device.name} has no qubit {beyond[0]}; its qubits are 0 to"
            f" {device.qubits - 1}"
        )


def _refuse_size(program: Program, document: RunDocument, device: Device) -> None:
    qubits, shots = program.circuit.num_qubits, program.run.shots
    if qubits > device.qubits:
        raise _invalid(
            f"{qubits} qubits: {device.name} has {device.qubits}; use fewer qubits, or a backend with a larger device"
        )
    if device.max_shots is not None and shots > device.max_shots:
        raise _invalid(f"shots: {shots}: {device.name} takes {device.max_shots} at most; lower shots")
    layout = document.transpile.initial_layout if document.transpile else None
    if layout is not None and len(layout) != qubits:
        raise _invalid(
            f"spec.transpile.initialLayout has {len(layout)} qubits, the circuit has {qubits}; give one physical qubit"
            " for each, in order of declaration"
        )


def _isa(circuit: QuantumCircuit, document: RunDocument, device: Device) -> QuantumCircuit:
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
            raise RunnerError(
                Reason.UNSUPPORTED_CONSTRUCT,
                f"the transpiler cannot express the circuit in the gates of {device.name}"
                f" ({', '.join(sorted(device.gates))}); use gates of the library, and qubits that work",
            ) from error
    try:
        validate_isa_circuits([circuit], device.target)
    except IBMInputValueError as error:
        what = str(error).split(" Circuits that do not match")[0]
        remedy = "write it in gates of the device, or leave spec.transpile.verbatim out"
        raise RunnerError(Reason.UNSUPPORTED_CONSTRUCT, f"{what[:200]} {remedy}") from error
    return circuit


def _sampler_pubs(program: Program, isa: QuantumCircuit) -> list[_Pub]:
    dynamic = _is_dynamic(isa)
    registers = _own_registers(isa) if dynamic else [ClassicalRegister(isa.num_clbits, "c")]
    circuit, columns = _sent(program, isa, registers)
    where = tuple(range(isa.num_clbits)) if dynamic else _measured(program.circuit)
    pubs = [
        _Pub(SamplerPub(circuit, values, program.run.shots), units, tuple((each.name, each.size) for each in registers))
        for values, units in _rows(program, circuit, columns, where, ())
    ]
    try:
        validate_classical_registers([each.pub for each in pubs])
    except IBMInputValueError as error:
        raise RunnerError(Reason.UNSUPPORTED_CONSTRUCT, f"{str(error)[:200]}; rename the register") from error
    return pubs


def _estimator_pubs(program: Program, isa: QuantumCircuit, document: RunDocument) -> list[_Pub]:
    observables = program.run.observables
    if not observables:
        raise _invalid("observables: there are none, and outputs has expectation only; add observables")
    groups = len(measurements(observables, program.circuit.num_qubits).groups)
    layout = isa.layout
    operators = [
        SparsePauliOp.from_list([(label, float(value)) for label, value in each.terms.items()]).apply_layout(
            None if layout is None else layout.final_index_layout(), isa.num_qubits
        )
        for each in observables
    ]
    circuit, columns = _sent(program, isa, [])
    precision = program.run.shots**-0.5 if document.precision is None else float(document.precision)
    shots = max(1, groups) * max(1, math.ceil(precision**-2 - 1e-9))
    where = (NOT_MEASURED,) * program.circuit.num_clbits
    names = tuple(each.name for each in observables)
    return [
        _Pub(
            # Rows and observables are the two axes of the result.
            EstimatorPub(
                circuit,
                ObservablesArray(operators),
                values.reshape((-1, 1)) if circuit.parameters else values,
                precision,
            ),
            units,
            executions=len(units) * shots,
        )
        for values, units in _rows(program, circuit, columns, where, names)
    ]


def _rows(
    program: Program,
    circuit: QuantumCircuit,
    columns: Mapping[Parameter, Any],
    where: tuple[int, ...],
    observables: tuple[str, ...],
) -> Iterator[tuple[BindingsArray, tuple[Unit, ...]]]:
    """The values and the units of each PUB. A sweep is one, or one a row where compiling left no parameter to sweep."""
    units = tuple(unit(program, number, where, observables) for number in range(program.run.parameter_sets))
    if not circuit.parameters:
        for each in units:
            yield BindingsArray(), (each,)
        return
    table = [[row[columns[each]] for each in circuit.parameters] for _, row in program.rows()]
    yield BindingsArray({tuple(each.name for each in circuit.parameters): np.array(table, dtype=np.float64)}), units


def _sent(
    program: Program, isa: QuantumCircuit, registers: list[ClassicalRegister]
) -> tuple[QuantumCircuit, dict[Parameter, Any]]:
    """The circuit as it is sent, and for each of its parameters the one that it had before.

    Written anew, so that the same job gives the same bytes: names that Qiskit counts up and ids that it draws are gone.
    Without registers it measures nothing: the estimator adds its own measurements.
    """
    named = {old: Parameter(f"p{number}", uuid=uuid.UUID(int=number)) for number, old in enumerate(isa.parameters)}
    circuit = QuantumCircuit(QuantumRegister(isa.num_qubits, "q"), *registers, name=program.run.name)
    body = isa if registers else _without_measurements(isa)
    circuit.compose(body, range(isa.num_qubits), circuit.clbits, inplace=True)
    circuit.metadata = {}
    if named:
        circuit.assign_parameters(named, inplace=True)
    return circuit, {new: old for old, new in named.items()}


def _without_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    bare = QuantumCircuit(circuit.qubits, global_phase=circuit.global_phase)
    for each in circuit.data:
        if each.operation.name != "measure":
            bare.append(each.operation, each.qubits)
    return bare


def _measured(circuit: QuantumCircuit) -> tuple[int, ...]:
    """Each classical bit that is measured has its own index in the result's one register."""
    return tuple(NOT_MEASURED if wire == NOT_MEASURED else bit for bit, wire in enumerate(wires(circuit)))


def _own_registers(circuit: QuantumCircuit) -> list[ClassicalRegister]:
    """Conditions name registers, so those of a circuit with control flow stay. Each bit must be in one, in order."""
    if [bit for register in circuit.cregs for bit in register] != list(circuit.clbits):
        raise RunnerError(
            Reason.UNSUPPORTED_CONSTRUCT,
            "control flow with classical bits outside of registers, or in two of them, does not run on this device;"
            " give each bit one register",
        )
    taken = [register.name for register in circuit.cregs if register.name in _RESULT_NAMES]
    if taken:
        raise RunnerError(Reason.UNSUPPORTED_CONSTRUCT, f"register {taken[0]}: the SDK keeps that name; rename it")
    return list(circuit.cregs)


def _is_dynamic(circuit: QuantumCircuit) -> bool:
    return any(isinstance(each.operation, ControlFlowOp) for each in circuit.data)


def _submission(
    program: str, pubs: list[_Pub], fixed: Mapping[str, Any], limit: int | None, memory: bool
) -> Submission:
    params = json.loads(json.dumps({**fixed, "pubs": [each.pub for each in pubs]}, cls=RuntimeEncoder))
    executions = sum(each.executions for each in pubs)
    shapes = tuple(Shape(len(each.units), each.registers) for each in pubs)
    payload = Payload(program, params, shapes, limit, memory, executions or None)
    units = tuple(unit for each in pubs for unit in each.units)
    return Submission(payload.to_bytes(), units, usage(payload, units))


def _invalid(message: str) -> RunnerError:
    return RunnerError(Reason.INVALID_SPEC, message)
