"""A job's circuits as provider jobs of IBM: compiled for the device, with parameters as arrays, put together."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.quantum_info import SparsePauliOp
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.json import RuntimeEncoder
from qiskit_ibm_runtime.utils import validate_classical_registers

from qee.connectors.vendors import compilation
from qee.connectors.vendors.ibm import circuits, executor, options
from qee.connectors.vendors.ibm.payload import MAX_EXECUTIONS, Payload, Shape, usage
from qee.connectors.vendors.ibm.target import Device
from qee.connectors.vendors.qiskit_programs import Program, compiled, programs, unit
from qee.documents.compiled import NOT_MEASURED, CompiledDocument, Submission, Unit
from qee.documents.run import RunDocument
from qee.sdk.errors import invalid_spec, unsupported_construct
from qee.sdk.naming import naming
from qee.sdk.observables import measurements

_Sent = tuple[QuantumCircuit, circuits.Columns]


@dataclass(frozen=True)
class _Pub:
    """`circuits`, each with its parameters' values: one, or one for each group of commuting terms.

    `executions`: shots of all of it, at least. `estimator`: the PUB where IBM estimates itself.
    """

    circuits: tuple[tuple[QuantumCircuit, BindingsArray], ...]
    units: tuple[Unit, ...]
    shots: int
    executions: int
    registers: tuple[tuple[str, int], ...] = ()
    measured: Mapping[str, Any] | None = None
    estimator: EstimatorPub | None = None


def prepare(document: RunDocument, target: bytes) -> CompiledDocument:
    estimates = _estimates(document)
    device = Device(target)
    chosen = options.chosen(document.provider_options, device.program, estimates)
    circuits.refuse_transpile(document.transpile, device)
    together: dict[int, list[_Pub]] = {}
    described = []
    for each in programs(document, dynamic=device.dynamic and not estimates):
        with naming(each.run):
            circuits.refuse_size(each, document, device)
            made = list(_pubs(each, document, device, chosen))
        described.append(compiled(each, made[0].circuits[0][0], chosen.program))
        for pub in made:
            together.setdefault(pub.shots, []).append(pub)
    parts = [part for pubs in together.values() for part in _parts(pubs, chosen.program)]
    memory = "memory" in document.outputs
    return compilation.document(
        document,
        target,
        "ibm",
        [_submission(part, chosen, memory) for part in parts],
        described,
        simulated=device.simulated,
        packages=("qiskit", "qiskit-ibm-runtime"),
    )


def _estimates(document: RunDocument) -> bool:
    if "expectation" not in document.outputs:
        return False
    others = [output for output in document.outputs if output != "expectation"]
    if others:
        raise invalid_spec(
            f"spec.outputs: {others[0]} comes from IBM's sampler, expectation from its estimator; ask for them in two"
            " jobs"
        )
    return True


def _pubs(program: Program, document: RunDocument, device: Device, chosen: options.Chosen) -> Iterator[_Pub]:
    if "expectation" not in document.outputs:
        yield from _sampler_pubs(program, circuits.isa(program.circuit, document, device), chosen)
        return
    if not program.run.observables:
        raise invalid_spec("observables: there are none, and outputs has expectation only; add observables")
    if chosen.program == "executor":
        yield from _measured_pubs(program, document, device)
    else:
        yield from _estimator_pubs(program, circuits.isa(program.circuit, document, device), document)


def _sampler_pubs(program: Program, isa: QuantumCircuit, chosen: options.Chosen) -> Iterator[_Pub]:
    dynamic = circuits.is_dynamic(isa)
    if chosen.decoupling and dynamic:
        raise invalid_spec("spec.providerOptions.dynamical_decoupling: not with control flow; leave it out")
    shots = program.run.shots
    options.refuse_twirling(chosen.twirling, shots)
    registers = circuits.own_registers(isa) if dynamic else [ClassicalRegister(isa.num_clbits, "c")]
    sent = circuits.sent(program, isa, registers)
    where = tuple(range(isa.num_clbits)) if dynamic else circuits.measured(program.circuit)
    shapes = tuple((each.name, each.size) for each in registers)
    for values, units in _rows(program, [sent], where, (), MAX_EXECUTIONS // shots):
        try:
            validate_classical_registers([SamplerPub(sent[0], values[0], shots)])
        except IBMInputValueError as error:
            raise unsupported_construct(f"{str(error)[:200]}; rename the register") from error
        yield _Pub(((sent[0], values[0]),), units, shots, shots * len(units), shapes)


def _estimator_pubs(program: Program, isa: QuantumCircuit, document: RunDocument) -> Iterator[_Pub]:
    observables = program.run.observables
    groups = len(measurements(observables, program.circuit.num_qubits).groups)
    layout = isa.layout
    operators = [
        SparsePauliOp.from_list([(label, float(value)) for label, value in each.terms.items()]).apply_layout(
            None if layout is None else layout.final_index_layout(), isa.num_qubits
        )
        for each in observables
    ]
    circuit, columns = circuits.sent(program, isa, [])
    precision = program.run.shots**-0.5 if document.precision is None else float(document.precision)
    shots = max(1, groups) * max(1, math.ceil(precision**-2 - 1e-9))
    where = (NOT_MEASURED,) * program.circuit.num_clbits
    names = tuple(each.name for each in observables)
    together = program.run.shots if document.precision is None else 0
    for (values,), units in _rows(program, [(circuit, columns)], where, names, program.run.parameter_sets):
        # Rows and observables are the two axes of the result.
        rows = values.reshape((-1, 1)) if circuit.parameters else values
        pub = EstimatorPub(circuit, ObservablesArray(operators), rows, precision)
        yield _Pub(((circuit, values),), units, together, len(units) * shots, estimator=pub)


def _measured_pubs(program: Program, document: RunDocument, device: Device) -> Iterator[_Pub]:
    """A circuit for each group of commuting terms, turned into their basis; the values are computed from the counts."""
    qubits = program.circuit.num_qubits
    plan = measurements(program.run.observables, qubits)
    if not plan.groups:
        raise invalid_spec(
            "observables: each is a multiple of the identity, which is its value; nothing is to be measured"
        )
    if document.transpile is not None and document.transpile.verbatim:
        raise invalid_spec(
            "spec.transpile.verbatim: not with outputs expectation of program executor, which adds gates"
        )
    precision = None if document.precision is None else float(document.precision)
    shots = max(plan.shots(program.run.shots, precision))
    each = shots * len(plan.groups)
    if each > MAX_EXECUTIONS:
        raise invalid_spec(
            f"observables: {len(plan.groups)} measurements of {shots} shots are {each} executions of one parameter"
            f" set, a job has {MAX_EXECUTIONS} at most; lower shots, or ask for a larger standard error"
        )
    bare = circuits.unmeasured(program.circuit)
    register = ClassicalRegister(qubits, "c")
    sent = [
        circuits.sent(program, circuits.isa(circuits.turned(bare, group.basis), document, device), [register])
        for group in plan.groups
    ]
    measured = {
        "constants": dict(plan.constants),
        "groups": [
            {"basis": group.basis, "terms": {name: list(map(list, terms)) for name, terms in group.terms.items()}}
            for group in plan.groups
        ],
    }
    where = (NOT_MEASURED,) * program.circuit.num_clbits
    names = tuple(observable.name for observable in program.run.observables)
    for values, units in _rows(program, sent, where, names, MAX_EXECUTIONS // each):
        bound = tuple((circuit, row) for (circuit, _), row in zip(sent, values, strict=True))
        yield _Pub(bound, units, shots, each * len(units), (("c", qubits),), measured)


def _rows(
    program: Program, sent: Sequence[_Sent], where: tuple[int, ...], observables: tuple[str, ...], most: int
) -> Iterator[tuple[list[BindingsArray], tuple[Unit, ...]]]:
    """The values for each circuit and the units of each PUB, of `most` units at most.

    A sweep is one, or one a row where compiling left a circuit no parameter to sweep.
    """
    units = tuple(unit(program, number, where, observables) for number in range(program.run.parameter_sets))
    tables = [circuits.table(program, circuit, columns) for circuit, columns in sent]
    size = most if all(circuit.parameters for circuit, _ in sent) else 1
    for start in range(0, len(units), size):
        values = [
            BindingsArray({tuple(each.name for each in circuit.parameters): rows[start : start + size]})
            if circuit.parameters
            else BindingsArray()
            for (circuit, _), rows in zip(sent, tables, strict=True)
        ]
        yield values, units[start : start + size]


def _parts(pubs: Sequence[_Pub], program: str) -> Iterator[list[_Pub]]:
    """Provider jobs: all in one, but for IBM's limit on the executions of a job. Estimator jobs it splits itself."""
    part: list[_Pub] = []
    for pub in pubs:
        if part and program != "estimator" and sum(p.executions for p in part) + pub.executions > MAX_EXECUTIONS:
            yield part
            part = []
        part.append(pub)
    yield part


def _submission(pubs: Sequence[_Pub], chosen: options.Chosen, memory: bool) -> Submission:
    if chosen.program == "executor":
        params = executor.params([each for pub in pubs for each in pub.circuits], pubs[0].shots, chosen.options)
    else:
        made = [each.estimator or SamplerPub(each.circuits[0][0], each.circuits[0][1], each.shots) for each in pubs]
        params = json.loads(json.dumps({**chosen.fixed, "pubs": made}, cls=RuntimeEncoder))
    shapes = tuple(Shape(len(each.units), each.registers, each.measured) for each in pubs)
    ours = chosen.program == "estimator" or pubs[0].measured is not None
    executions = sum(each.executions for each in pubs) if ours else None
    payload = Payload(chosen.program, params, shapes, chosen.limit, memory, executions, chosen.session)
    units = tuple(unit for each in pubs for unit in each.units)
    return Submission(payload.to_bytes(), units, usage(payload, units))
