"""Circuits into IonQ's own format (ionq.circuit.v1, gate set qis): several with as many shots go into one job.

IonQ measures every qubit at the end, so measurements are left out; `wires` say which qubits are read.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit
from qiskit_ionq.helpers import qiskit_circ_to_ionq_circ

from qee.connectors.vendors import compilation
from qee.connectors.vendors.compilation import invalid_option
from qee.connectors.vendors.ionq.payload import BASIS, SIMULATOR, usage
from qee.connectors.vendors.qiskit_programs import Program, compiled, in_basis, programs, unit, wires
from qee.documents.compiled import CompiledDocument, Submission, Unit, Usage
from qee.documents.run import RunDocument, TranspileOptions
from qee.sdk.errors import limit_exceeded
from qee.sdk.naming import naming

MAX_CIRCUITS = 300  # in one job; IonQ takes 5,000, of which one fetch could not read all in its time
MAX_GATES = 150_000  # in one job, of all its circuits
MAX_BODY = 10_000_000  # bytes
LEAST_DEBIASED = 500  # shots
# IonQ's specification, Noise (ionq-core 0.2, October 2026). The machines of some are retired, their models are not.
_MODELS = ("ideal", "harmony", "harmony-1", "harmony-2", "aria-1", "aria-2", "forte-1", "forte-enterprise-1")
_OVERHEAD = 4096  # bytes of a body beside its circuits


@dataclass(frozen=True)
class _Entry:
    """`size`: bytes on the wire."""

    unit: Unit
    circuit: list[Any]
    qubits: int
    size: int


def prepare(document: RunDocument, target: bytes) -> CompiledDocument:
    device, qubits = _device(target)
    _check_transpile(document.transpile or TranspileOptions())
    settings = _settings(document.provider_options, device)
    entries: dict[int, list[_Entry]] = {}  # by shots
    debiased = settings.get("settings") == _mitigation(True)
    circuits = []
    for program in programs(document):
        with naming(program.run):
            if debiased and program.run.shots < LEAST_DEBIASED:
                remedy = (
                    f"IonQ debiases {LEAST_DEBIASED} shots or more; ask for more than {program.run.shots}, or say false"
                )
                raise invalid_option("error_mitigation", remedy)
            circuit = _transpiled(program, qubits, document)
            circuits.append(compiled(program, circuit, "ionq.circuit.v1"))
            where = wires(circuit)
            for number, bound in program.bound(circuit):
                written, _, _ = qiskit_circ_to_ionq_circ(bound, "qis")
                one = _entry(unit(program, number, where), written, circuit.num_qubits)
                entries.setdefault(one.unit.shots, []).append(one)
    submissions = [
        _submission(device, shots, together, settings) for shots, same in entries.items() for together in _jobs(same)
    ]
    return compilation.document(
        document,
        target,
        "ionq",
        submissions,
        circuits,
        simulated=device == SIMULATOR,
        packages=("qiskit", "qiskit-ionq"),
    )


def _entry(one: Unit, circuit: list[Any], qubits: int) -> _Entry:
    size = len(json.dumps(circuit, separators=(",", ":")))
    for what, found, most in (("gates", len(circuit), MAX_GATES), ("bytes", size, MAX_BODY - _OVERHEAD)):
        if found > most:
            text = f"compiled it has {found} {what}, IonQ takes at most {most} in a job; make the circuit smaller"
            raise limit_exceeded(text)
    return _Entry(one, circuit, qubits, size + 64)


def _jobs(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    """In order, as many together as IonQ takes in one job."""
    together: list[_Entry] = []
    gates = size = 0
    for one in entries:
        gates, size = gates + len(one.circuit), size + one.size
        if together and (len(together) == MAX_CIRCUITS or gates > MAX_GATES or size > MAX_BODY - _OVERHEAD):
            yield together
            together, gates, size = [], len(one.circuit), one.size
        together.append(one)
    yield together


def _submission(device: str, shots: int, entries: list[_Entry], settings: dict[str, Any]) -> Submission:
    program: dict[str, Any] = {"circuit": entries[0].circuit}
    if several := len(entries) > 1:
        program = {"circuits": [{"name": str(number), "circuit": each.circuit} for number, each in enumerate(entries)]}
    body = {
        "type": "ionq.multi-circuit.v1" if several else "ionq.circuit.v1",
        "backend": device,
        "shots": shots,
        "input": {"gateset": "qis", "qubits": max(each.qubits for each in entries), **program},
        **settings,
    }
    payload = json.dumps({"body": body}, sort_keys=True, separators=(",", ":")).encode()
    units = tuple(each.unit for each in entries)
    return Submission(payload, units, usage(Submission(payload, units, Usage(tasks=1, shots=shots))))


def _device(target: bytes) -> tuple[str, int]:
    try:
        found = json.loads(target)
        return str(found["device"]), int(found["qubits"])
    except (ValueError, KeyError, TypeError):
        raise compilation.unknown_snapshot("device") from None


def _transpiled(program: Program, qubits: int, document: RunDocument) -> QuantumCircuit:
    circuit = program.circuit
    if circuit.num_qubits > qubits:
        raise limit_exceeded(
            f"{circuit.num_qubits} qubits are declared, the device has {qubits}; use fewer, or another backend"
        )
    refusal = "the circuit cannot be expressed in IonQ's gates; use gates of the library, no delays and no opaque gates"
    return in_basis(program, BASIS, document, refusal)


def _check_transpile(asked: TranspileOptions) -> None:
    compilation.refuse_transpile(
        ("initialLayout", asked.initial_layout is not None, "every qubit reaches every other; remove the field"),
        ("verbatim", asked.verbatim, "native gates are not sent by this adapter; remove the field"),
        ("verifyEquivalence", asked.verify_equivalence, "its image has no equivalence check; remove the field"),
        of="provider ionq: ",
    )


def _settings(options: Any, device: str) -> dict[str, Any]:
    """`error_mitigation: {debiasing: BOOLEAN}` on QPUs, `noise: {model, seed}` on the simulator: the API's spelling.

    A QPU is always told: where nothing is said IonQ debiases from 500 shots on, for several times the price.
    """
    known = ("noise",) if device == SIMULATOR else ("error_mitigation",)
    for name in options:
        if name not in known:
            raise invalid_option(name, f"no option of {device}; there is {', '.join(known)}")
    if device != SIMULATOR:
        asked = options.get("error_mitigation", {"debiasing": False})
        if not isinstance(asked, dict) or set(asked) != {"debiasing"} or not isinstance(asked["debiasing"], bool):
            raise invalid_option("error_mitigation", "give {debiasing: true} or {debiasing: false}")
        return {"settings": _mitigation(asked["debiasing"])}
    if "noise" not in options:
        return {}
    noise = options["noise"]
    if not isinstance(noise, dict) or not set(noise) <= {"model", "seed"} or noise.get("model") not in _MODELS:
        raise invalid_option("noise", f"give {{model: one of {', '.join(_MODELS)}, seed: an integer}}")
    seed = noise.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**31:
        raise invalid_option("noise.seed", "give an integer from 0 to 2147483647")
    return {"noise": dict(noise)}


def _mitigation(debiasing: bool) -> dict[str, Any]:
    return {"error_mitigation": {"debiasing": debiasing}}
