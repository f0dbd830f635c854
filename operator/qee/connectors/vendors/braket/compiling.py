"""Circuits into Braket's OpenQASM 3, one program for each circuit and row of its parameters."""

import json
import re
from collections.abc import Mapping
from typing import Any

from braket.device_schema import GateModelParameters
from braket.device_schema.error_mitigation import Debias
from braket.device_schema.ionq import IonqDeviceParameters
from braket.device_schema.rigetti import RigettiDeviceParameters
from braket.device_schema.simulators import GateModelSimulatorDeviceParameters
from braket.ir.openqasm import Program as OpenQasm
from qiskit import QuantumCircuit

from qee.connectors.vendors import compilation
from qee.connectors.vendors.braket.device import GATES, Device, from_snapshot
from qee.connectors.vendors.compilation import invalid_option
from qee.connectors.vendors.qiskit_programs import compiled, in_basis, programs, unit, wires
from qee.documents.compiled import NOT_MEASURED, CompiledDocument, Submission, Usage
from qee.documents.run import RunDocument, TranspileOptions
from qee.sdk.errors import invalid_spec, limit_exceeded, unsupported_construct
from qee.sdk.naming import naming

_RESERVATION = re.compile(r"arn:aws[a-z-]*:braket:[a-z0-9-]+:\d{12}:reservation/[0-9a-f-]{36}")
_PACKAGES = ("qiskit", "amazon-braket-sdk", "amazon-braket-schemas", "botocore")


def prepare(document: RunDocument, target: bytes) -> CompiledDocument:
    device = from_snapshot(target)
    if device is None:
        raise compilation.unknown_snapshot("device")
    asked = document.transpile or TranspileOptions()
    _check_transpile(asked, device)
    # IonQ's devices give probabilities alone, whatever was asked.
    given = ("counts", "probabilities") if "/ionq/" in device.arn else ("counts", "memory")
    compilation.refuse_outputs(document.outputs, given, device.arn)
    options = _options(document.provider_options, device)
    compilation.refuse_many(document, "Braket tasks")
    inexpressible = (
        f"the circuit cannot be expressed in the gates of {device.arn}; use gates of the library, and leave out delays"
        " and opaque gates"
    )
    submissions: list[Submission] = []
    circuits = []
    for program in programs(document):
        with naming(program.run):
            circuit = program.circuit
            if not asked.verbatim:  # the service places the qubits and compiles to native gates itself
                circuit = in_basis(program, device.basis, document, inexpressible)
            places = _places(circuit, device, asked)
            _check_size(len(places), program.run.shots, device)
            circuits.append(compiled(program, circuit, "verbatim" if asked.verbatim else "openqasm3"))
            where = tuple(wire if wire == NOT_MEASURED else places[wire] for wire in wires(circuit))
            for row, bound in program.bound(circuit):
                source = _source(bound, places, verbatim=asked.verbatim)
                payload = _payload(source, len(places), program.run.shots, device, options, asked.verbatim)
                usage = Usage(tasks=1, shots=program.run.shots)
                submissions.append(Submission(payload, (unit(program, row, where),), usage))
    return compilation.document(
        document, target, "braket", submissions, circuits, simulated=device.simulated, packages=_PACKAGES
    )


def _places(circuit: QuantumCircuit, device: Device, asked: TranspileOptions) -> dict[int, int]:
    """Of each qubit that something acts on, its index in the program: physical if verbatim, else without gaps, which
    some devices ask for (requiresContiguousQubitIndices)."""
    used = sorted(
        {circuit.find_bit(qubit).index for each in circuit.data if each.name != "barrier" for qubit in each.qubits}
    )
    if not asked.verbatim:
        return {qubit: number for number, qubit in enumerate(used)}
    layout = asked.initial_layout
    if layout is not None and len(layout) != circuit.num_qubits:
        raise invalid_spec(
            f"spec.transpile.initialLayout: it has {len(layout)} entries, the circuit has {circuit.num_qubits} qubits;"
            " give one for each"
        )
    places = {qubit: qubit if layout is None else layout[qubit] for qubit in used}
    native = [name for name, own in GATES.items() if own in device.native]
    for each in circuit.data:
        name = each.operation.name
        if name in ("measure", "barrier"):
            continue
        if name not in native:
            raise unsupported_construct(
                f"spec.transpile.verbatim: gate {name} is not native to {device.arn}; use {', '.join(native)}, or"
                " leave verbatim out"
            )
        on = [str(places[circuit.find_bit(qubit).index]) for qubit in each.qubits]
        if (
            len(on) == 2
            and device.edges
            and "-".join(on) not in device.edges
            and "-".join(on[::-1]) not in device.edges
        ):
            raise unsupported_construct(
                f"spec.transpile.verbatim: qubits {' and '.join(on)} of {device.arn} are not coupled; choose others by"
                " initialLayout"
            )
    return places


def _source(circuit: QuantumCircuit, places: Mapping[int, int], *, verbatim: bool) -> str:
    """All qubits that are used are measured at the end, in order: some devices ask for it, and it costs nothing."""
    name = "${}" if verbatim else "q[{}]"
    lines = ["OPENQASM 3.0;", f"bit[{len(places)}] b;"]
    lines += ["#pragma braket verbatim", "box {"] if verbatim else [f"qubit[{len(places)}] q;"]
    for each in circuit.data:
        if each.operation.name not in ("measure", "barrier"):
            angles = ", ".join(repr(float(angle)) for angle in each.operation.params)
            on = ", ".join(name.format(places[circuit.find_bit(qubit).index]) for qubit in each.qubits)
            lines.append(f"{GATES[each.operation.name]}{f'({angles})' if angles else ''} {on};")
    lines += ["}"] if verbatim else []
    lines += [f"b[{bit}] = measure {name.format(qubit)};" for bit, qubit in enumerate(sorted(places.values()))]
    return "\n".join(lines) + "\n"


def _payload(source: str, qubits: int, shots: int, device: Device, options: Mapping[str, Any], verbatim: bool) -> bytes:
    """CreateQuantumTask's request, but for what the connector adds. Which parameters a device has, Braket's SDK says
    (braket.aws.aws_quantum_task)."""
    paradigm = GateModelParameters(qubitCount=qubits, disableQubitRewiring=verbatim)
    if "ionq" in device.arn:
        mitigation = [Debias()] if options.get("debias") else None
        parameters: Any = IonqDeviceParameters(paradigmParameters=paradigm, errorMitigation=mitigation)
    elif "rigetti" in device.arn:
        parameters = RigettiDeviceParameters(paradigmParameters=paradigm)
    else:
        parameters = GateModelSimulatorDeviceParameters(paradigmParameters=paradigm)
    content: dict[str, Any] = {
        "deviceArn": device.arn,
        "deviceParameters": parameters.json(exclude_none=True),
        "shots": shots,
        "action": OpenQasm(source=source).json(exclude_none=True),
    }
    if "reservationArn" in options:
        content["associations"] = [{"arn": options["reservationArn"], "type": "RESERVATION_TIME_WINDOW_ARN"}]
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _check_transpile(asked: TranspileOptions, device: Device) -> None:
    compilation.refuse_transpile(
        ("verifyEquivalence", asked.verify_equivalence, "Braket's image has no equivalence check; remove the field"),
        ("verbatim", asked.verbatim and not device.verbatim, f"{device.arn} takes no verbatim programs; remove it"),
        (
            "initialLayout",
            asked.initial_layout is not None and not asked.verbatim,
            "Braket places the qubits itself; remove the field, or set verbatim",
        ),
        (
            "optimizationLevel",
            asked.verbatim and asked.optimization_level is not None,
            "with verbatim nothing is compiled; remove one of the two",
        ),
    )


def _check_size(qubits: int, shots: int, device: Device) -> None:
    if qubits > device.qubits:
        raise limit_exceeded(
            f"{qubits} qubits are used, {device.arn} has {device.qubits}; use fewer, or another backend"
        )
    least, most = device.shots
    if not least <= shots <= most:
        raise limit_exceeded(
            f"shots is {shots}, {device.arn} takes {least} to {most}; change shots, or name the circuit several times"
        )


def _options(options: Mapping[str, Any], device: Device) -> Mapping[str, Any]:
    known = {"reservationArn": "an ARN of a reservation (arn:aws:braket:REGION:ACCOUNT:reservation/ID)"}
    if "/ionq/" in device.arn:
        known["debias"] = "true or false"
    for name, value in options.items():
        if name not in known:
            raise invalid_option(name[:60], f"{device.arn} has no such option; there are {', '.join(sorted(known))}")
        valid = type(value) is bool if name == "debias" else type(value) is str and _RESERVATION.fullmatch(value)
        if not valid:
            raise invalid_option(name, f"it takes {known[name]}; correct the value")
    return options
