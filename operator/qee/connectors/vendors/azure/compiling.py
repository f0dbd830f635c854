"""Circuits into what Azure Quantum's providers take: IonQ's JSON, OpenQASM 2 for Quantinuum, Quil for Rigetti.

Every program is a provider job of its own: only QIR can hold several, and QEE makes none.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm2

from qee.connectors.vendors import compilation
from qee.connectors.vendors.azure import targets
from qee.connectors.vendors.azure.targets import PRIORITY, Device, usage
from qee.connectors.vendors.compilation import invalid_option
from qee.connectors.vendors.qiskit_programs import Program, compiled, in_basis, programs, unit, wires
from qee.documents.compiled import NOT_MEASURED, CompiledDocument, Submission
from qee.documents.run import RunDocument, TranspileOptions
from qee.sdk.errors import limit_exceeded
from qee.sdk.naming import naming

_QUIL = {"cx": "CNOT"}  # the others are the same in capitals


def prepare(document: RunDocument, target: bytes) -> CompiledDocument:
    device = targets.from_snapshot(target)
    if device is None:
        raise compilation.unknown_snapshot("target")
    _check_transpile(document.transpile or TranspileOptions())
    # IonQ gives probabilities alone, whatever was asked; there it is no error to have left out `outputs`.
    given = ("counts", "memory") if device.family.by_bit else ("counts", "probabilities")
    compilation.refuse_outputs(document.outputs, given, f"target {device.name}")
    parameters = _parameters(document.provider_options, device)
    compilation.refuse_many(document, "provider jobs")
    submissions: list[Submission] = []
    circuits = []
    for program in programs(document):
        with naming(program.run):
            circuit = _compiled(program, device, document)
            circuits.append(compiled(program, circuit, device.family.input_format))
            submissions += _submissions(program, circuit, device, parameters)
    return compilation.document(
        document,
        target,
        "azure",
        submissions,
        circuits,
        simulated=device.simulated,
        packages=("qiskit", "qiskit-ionq", "azure-quantum"),
    )


def _submissions(
    program: Program, circuit: QuantumCircuit, device: Device, parameters: Mapping[str, Any]
) -> Iterator[Submission]:
    where = wires(circuit)
    if device.family.by_bit:
        where = tuple(NOT_MEASURED if wire == NOT_MEASURED else bit for bit, wire in enumerate(where))
    for number, bound in program.bound(circuit):
        content = {
            "target": device.name,
            "providerId": device.provider,
            "inputDataFormat": device.family.input_format,
            "outputDataFormat": device.family.output_format,
            "contentType": device.family.content_type,
            "inputData": _WRITERS[device.family.input_format](bound),
            **parameters,
            "inputParams": {**parameters["inputParams"], "shots": program.run.shots},
        }
        payload = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        yield Submission(payload, (unit(program, number, where),), usage(payload, program.run.shots))


def _compiled(program: Program, device: Device, document: RunDocument) -> QuantumCircuit:
    circuit, shots = program.circuit, program.run.shots
    if circuit.num_qubits > device.qubits:
        raise limit_exceeded(
            f"{circuit.num_qubits} qubits are declared, target {device.name} has {device.qubits}; use fewer, or another"
            " backend"
        )
    if device.max_shots is not None and shots > device.max_shots:
        raise limit_exceeded(
            f"shots is {shots}, target {device.name} takes at most {device.max_shots}; ask for fewer, or name the"
            " circuit several times"
        )
    return in_basis(
        program,
        device.family.basis,
        document,
        f"the circuit cannot be expressed in the gates of target {device.name}; use gates of the library, and leave out"
        " delays and opaque gates",
    )


def _check_transpile(asked: TranspileOptions) -> None:
    compilation.refuse_transpile(
        ("initialLayout", asked.initial_layout is not None, "its provider places the qubits itself; remove the field"),
        ("verbatim", asked.verbatim, "its provider compiles every program; remove the field"),
        ("verifyEquivalence", asked.verify_equivalence, "its image has no equivalence check; remove the field"),
        of="a target of Azure Quantum: ",
    )


def _parameters(options: Mapping[str, Any], device: Device) -> dict[str, Any]:
    """`inputParams` and, where it is given, `priority`, on the wire."""
    known, read = device.options, {}
    for key, value in options.items():
        if key not in known:
            raise invalid_option(key, f"target {device.name} has no such option; there are {', '.join(sorted(known))}")
        try:
            read[key] = known[key].read(value)
        except ValueError:
            raise invalid_option(key, f"it takes {known[key].takes}; correct the value") from None
    priority = {PRIORITY: read.pop(PRIORITY)} if PRIORITY in read else {}
    return {**priority, "inputParams": {**device.defaults, **read}}


def _ionq(circuit: QuantumCircuit) -> str:
    """`ionq.circuit.v1`; IonQ measures every qubit at the end, so the measurements are left out."""
    from qiskit_ionq.helpers import qiskit_circ_to_ionq_circ

    instructions, _, _ = qiskit_circ_to_ionq_circ(circuit, gateset="qis")
    content = {"gateset": "qis", "qubits": circuit.num_qubits, "circuit": instructions}
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _openqasm2(circuit: QuantumCircuit) -> str:
    """With one classical register `c`: names of registers in OpenQASM 3 are not all names in OpenQASM 2."""
    flat = QuantumCircuit(QuantumRegister(circuit.num_qubits, "q"), ClassicalRegister(circuit.num_clbits, "c"))
    flat.compose(circuit, flat.qubits, flat.clbits, inplace=True)
    return str(qasm2.dumps(flat))


def _quil(circuit: QuantumCircuit) -> str:
    qubits = {qubit: number for number, qubit in enumerate(circuit.qubits)}
    bits = {bit: number for number, bit in enumerate(circuit.clbits)}
    lines = [f"DECLARE ro BIT[{circuit.num_clbits}]"]
    for each in circuit.data:
        name, on = each.operation.name, " ".join(str(qubits[qubit]) for qubit in each.qubits)
        if name == "measure":
            lines.append(f"MEASURE {on} ro[{bits[each.clbits[0]]}]")
        elif name != "barrier":
            angles = f"({float(each.operation.params[0])!r})" if each.operation.params else ""
            lines.append(f"{_QUIL.get(name, name.upper())}{angles} {on}")
    return "\n".join(lines) + "\n"


_WRITERS = {"ionq.circuit.v1": _ionq, "honeywell.openqasm.v1": _openqasm2, "rigetti.quil.v1": _quil}
