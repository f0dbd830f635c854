"""Circuits into Cirq programs on the processor's own qubits and gates. A circuit is a provider job; a sweep is one too.

Placing, routing and decomposing are Cirq's, without random choices. Measurements are taken out before and put back as
one at the end, over the qubits in order of the classical bits, so that a result needs no other key than ours.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qee.sdk.lazily import OF_CIRQ, LazyImports

with LazyImports(*OF_CIRQ):
    import cirq
    import cirq_google
from cirq_google.api import v2
from cirq_google.engine.engine_validator import MAX_MESSAGE_SIZE, MAX_MOMENTS, MAX_TOTAL_REPETITIONS

from qee.api.names import MAX_SUBMISSIONS
from qee.connectors.vendors import compilation
from qee.connectors.vendors.google.device import Device, read_device
from qee.connectors.vendors.google.options import check_transpile, gateset_of, job_options
from qee.connectors.vendors.google.payload import FORMATS, KEY, usage, written
from qee.connectors.vendors.google.routing import layout_of, routed
from qee.documents.compiled import NOT_MEASURED, CompiledDocument, Submission, Unit
from qee.documents.provenance import CompiledCircuit, Size
from qee.documents.run import CircuitRun, RunDocument, TranspileOptions
from qee.sdk.binding import matched
from qee.sdk.cirq.json_reading import MAX_OPERATIONS, load_cirq_json
from qee.sdk.cirq.openqasm import load_openqasm
from qee.sdk.cirq.program import Program
from qee.sdk.errors import RunnerError, circuit_too_large, invalid_circuit, invalid_spec, unsupported_construct
from qee.sdk.naming import naming


@dataclass(frozen=True)
class Compiled:
    """`circuit` ends with the one measurement, `qubits` are those it measures, `wires` as in Unit."""

    circuit: Any
    qubits: tuple[Any, ...]
    wires: tuple[int, ...]


def prepare(document: RunDocument, target: bytes) -> CompiledDocument:
    device = read_device(target)
    transpile = document.transpile or TranspileOptions()
    check_transpile(transpile, device)
    gateset = gateset_of(document.provider_options, device, transpile.verbatim)
    options = job_options(document.provider_options)
    submissions: list[Submission] = []
    circuits = []
    for run in document.circuits:
        with naming(run, parsing=True):
            program = _read(run)
        with naming(run):
            made = list(_submissions(run, program, device, gateset, transpile, options))
            circuits.append(_provenance(run, program, [each for each, _ in made]))
            submissions += [each for _, each in made]
            if len(submissions) > MAX_SUBMISSIONS:
                raise invalid_spec(f"spec.circuits: they make more than {MAX_SUBMISSIONS} provider jobs; split the job")
    return compilation.document(
        document, target, "google", submissions, circuits, simulated=False, packages=("cirq-core", "cirq-google")
    )


def _read(run: CircuitRun) -> Program:
    if run.format not in FORMATS:
        raise invalid_spec(f"format {run.format}: provider google reads {', '.join(FORMATS)}; convert the circuit")
    if run.format == "cirq-json":
        program = load_cirq_json(run.source)
    else:
        program = load_openqasm(run.source, run.format, MAX_OPERATIONS)
    symbols = {str(name): name for name in cirq.parameter_names(program.circuit)}
    matched(run.parameters, symbols)
    if not program.measured:
        raise invalid_circuit("it measures nothing; a QPU gives counts of measured bits only: add measurements")
    return program


def _submissions(
    run: CircuitRun,
    program: Program,
    device: Device,
    gateset: Any,
    transpile: TranspileOptions,
    options: Mapping[str, Any],
) -> Iterator[tuple[Compiled, Submission]]:
    """One with a sweep over all rows, where the circuit can be compiled and written down with its symbols; else one
    for each row."""
    if run.shots > MAX_TOTAL_REPETITIONS:
        raise invalid_spec(
            f"shots: {run.shots}: Quantum Engine takes at most {MAX_TOTAL_REPETITIONS} a job; ask for fewer"
        )
    columns = matched(run.parameters, {str(name): str(name) for name in cirq.parameter_names(program.circuit)})
    rows = [{columns[name]: value for name, value in run.row(number).items()} for number in range(run.parameter_sets)]

    def made(circuit: Any, numbers: Sequence[int], swept: bool) -> tuple[Compiled, Submission]:
        compiled = _compiled(circuit, program, device, gateset, transpile)
        return compiled, _submission(run, program, device, compiled, numbers, rows if swept else None, options)

    if not columns:
        yield made(program.circuit, [0], swept=False)
        return
    try:
        if len(rows) * run.shots > MAX_TOTAL_REPETITIONS:
            raise ValueError("the sweep has more repetitions than a job may have")
        yield made(program.circuit, range(len(rows)), swept=True)
    except (RunnerError, ValueError, TypeError, NotImplementedError):
        if len(rows) > MAX_SUBMISSIONS:
            raise invalid_spec(
                f"parameters: {len(rows)} rows need a provider job each, and {MAX_SUBMISSIONS} are allowed; Cirq cannot"
                " compile this circuit with its symbols, or shots times rows are too many: give fewer rows"
            ) from None
        for number, row in enumerate(rows):
            yield made(cirq.resolve_parameters(program.circuit, row), [number], swept=False)


def _compiled(circuit: Any, program: Program, device: Device, gateset: Any, transpile: TranspileOptions) -> Compiled:
    place = _measured(program)
    used = circuit.all_qubits()
    logical = [qubit for qubit in program.qubits if qubit in used]
    gates = cirq.Circuit(each for each in circuit.all_operations() if not cirq.is_measurement(each))
    if transpile.verbatim:
        # Moments are the user's own, so they are kept; only the measurements move to the end.
        gates = cirq.Circuit(
            cirq.Moment(each for each in moment if not cirq.is_measurement(each)) for moment in circuit
        )
        final = {qubit: qubit for qubit in logical}
    else:
        gates, final = routed(gates, logical, device, layout_of(program, device, transpile.initial_layout))
        gates = cirq.optimize_for_target_gateset(gates, gateset=gateset)
    measured = sorted(place, key=lambda qubit: place[qubit])
    qubits = tuple(final[qubit] for qubit in measured)
    wires = [NOT_MEASURED] * len(program.bits)
    for column, qubit in enumerate(measured):
        wires[place[qubit]] = column
    compiled = cirq.Circuit(*(moment for moment in gates if moment), cirq.Moment(cirq.measure(*qubits, key=KEY)))
    _check_compiled(compiled, device, transpile.verbatim)
    return Compiled(compiled, qubits, tuple(wires))


def _measured(program: Program) -> dict[Any, int]:
    """The classical bit of each measured qubit. Refuses what the processor cannot do after a measurement."""
    try:
        return dict(program.final_measurements())
    except RunnerError:
        raise unsupported_construct(
            "an operation after a qubit's measurement, or one that depends on its outcome, does not run on this device;"
            " measure at the end only, or use a simulator backend"
        ) from None


def _check_compiled(circuit: Any, device: Device, verbatim: bool) -> None:
    try:
        device.grid.validate_circuit(circuit)
    except ValueError as error:
        remedy = "write it in gates and qubits of the processor" if verbatim else "use other gates"
        what = str(error).replace("\n", " ")[:160]
        raise unsupported_construct(f"processor {device.processor} does not run it: {what}; {remedy}") from error
    if len(circuit) > MAX_MOMENTS:
        raise circuit_too_large(
            f"{len(circuit)} moments when compiled; Quantum Engine takes {MAX_MOMENTS}: use a shorter circuit"
        )


def _submission(
    run: CircuitRun,
    program: Program,
    device: Device,
    compiled: Compiled,
    numbers: Sequence[int],
    rows: Sequence[Mapping[str, float]] | None,
    options: Mapping[str, Any],
) -> Submission:
    code = cirq_google.CIRCUIT_SERIALIZER.serialize(compiled.circuit).SerializeToString(deterministic=True)
    if len(code) > MAX_MESSAGE_SIZE:
        raise circuit_too_large(
            f"its program has {len(code)} bytes, Quantum Engine takes {MAX_MESSAGE_SIZE}; use a shorter circuit"
        )
    sweep = cirq.UnitSweep
    if rows is not None:
        sweep = cirq.Zip(*(cirq.Points(name, [row[name] for row in rows]) for name in sorted(rows[0])))
    context = v2.run_context_to_proto(sweep, run.shots).SerializeToString(deterministic=True)
    payload = written(
        device.processor,
        device.selector,
        code,
        context,
        [v2.qubit_to_proto_id(qubit) for qubit in compiled.qubits],
        options,
    )
    units = tuple(Unit(run.name, number, run.shots, program.registers, compiled.wires) for number in numbers)
    return Submission(payload, units, usage(units))


def _gates(circuit: Any) -> tuple[int, int]:
    sizes = [len(each.qubits) for each in circuit.all_operations() if not cirq.is_measurement(each)]
    return sizes.count(1), len(sizes) - sizes.count(1)


def _provenance(run: CircuitRun, program: Program, compiled: Sequence[Compiled]) -> CompiledCircuit:
    """Of a circuit that was compiled for each row the first: they differ in angles, and a little in size."""
    digest = hashlib.sha256()
    for each in compiled:
        digest.update(cirq_google.CIRCUIT_SERIALIZER.serialize(each.circuit).SerializeToString(deterministic=True))
    return CompiledCircuit(
        circuit=run.name,
        method="cirq-v2",
        depth=len(compiled[0].circuit),
        two_qubit_gates=_gates(compiled[0].circuit)[1],
        compiled_sha256=digest.hexdigest(),
        source=Size(len(program.circuit), _gates(program.circuit)[1]),
    )
