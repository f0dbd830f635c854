"""Circuits into IonQ's own format (ionq.circuit.v1, gate set qis): several with as many shots go into one job.

IonQ measures every qubit at the end, so measurements are left out; `wires` say which qubits are read.
"""

import hashlib
import json
from importlib.metadata import version
from typing import Any

from qiskit import QuantumCircuit, transpile
from qiskit.exceptions import QiskitError
from qiskit_ionq.helpers import qiskit_circ_to_ionq_circ

from qee import __version__
from qee.api.compiled_document import CompiledDocument, Submission, Unit, Usage
from qee.api.reasons import Reason
from qee.api.run_document import RunDocument, TranspileOptions
from qee.connectors.vendors.ionq import BASIS, SIMULATOR, IonQ
from qee.connectors.vendors.qiskit_programs import (
    Program,
    compiled,
    optimization_level,
    programs,
    transpiler_seed,
    unit,
    wires,
)
from qee.runner.engines.qiskit_circuits import ALWAYS, refuse_expansion
from qee.runner.errors import RunnerError
from qee.runner.limits import memory
from qee.runner.naming import naming

MAX_CIRCUITS = 300  # in one job; IonQ documents no number
_MODELS = ("ideal", "aria-1", "forte-1")
_Entry = tuple[Unit, list[Any], int]


def prepare(document: RunDocument, target: bytes) -> CompiledDocument:
    device, qubits = _device(target)
    _check_transpile(document.transpile or TranspileOptions())
    settings = _settings(document.provider_options, device)
    entries: dict[int, list[_Entry]] = {}  # by shots
    circuits = []
    for program in programs(document):
        with naming(program.run):
            circuit = _transpiled(program, qubits, document)
            circuits.append(compiled(program, circuit, "ionq.circuit.v1"))
            where = wires(circuit)
            for number, _ in program.rows():
                bound = program.bound(circuit, number)
                written, _, _ = qiskit_circ_to_ionq_circ(bound, "qis")
                one = unit(program, number, where)
                entries.setdefault(one.shots, []).append((one, written, circuit.num_qubits))
    submissions = [
        _submission(device, shots, same[start : start + MAX_CIRCUITS], settings)
        for shots, same in entries.items()
        for start in range(0, len(same), MAX_CIRCUITS)
    ]
    return CompiledDocument(
        job=document.job,
        backend=document.backend,
        provider=IonQ.PROVIDER,
        target_sha256=hashlib.sha256(target).hexdigest(),
        simulated=device == SIMULATOR,
        submissions=tuple(submissions),
        circuits=tuple(circuits),
        versions={"qee": __version__, **{name: version(name) for name in ("qiskit", "qiskit-ionq")}},
    )


def _submission(device: str, shots: int, entries: list[_Entry], settings: dict[str, Any]) -> Submission:
    wide = max(qubits for _, _, qubits in entries)
    several = len(entries) > 1
    program: dict[str, Any] = {"circuit": entries[0][1]}
    if several:
        program = {"circuits": [{"name": str(number), "circuit": each[1]} for number, each in enumerate(entries)]}
    body = {
        "type": "ionq.multi-circuit.v1" if several else "ionq.circuit.v1",
        "backend": device,
        "shots": shots,
        "input": {"gateset": "qis", "qubits": wide, **program},
        **settings,
    }
    payload = json.dumps({"body": body}, sort_keys=True, separators=(",", ":")).encode()
    units = tuple(each[0] for each in entries)
    return Submission(payload, units, IonQ.estimate(Submission(payload, units, Usage(tasks=1, shots=shots))))


def _device(target: bytes) -> tuple[str, int]:
    try:
        found = json.loads(target)
        return str(found["device"]), int(found["qubits"])
    except (ValueError, KeyError, TypeError):
        text = "the snapshot of the device is not of this version of the adapter"
        raise RunnerError(Reason.RUNNER_FAILED, text) from None


def _transpiled(program: Program, qubits: int, document: RunDocument) -> QuantumCircuit:
    circuit = program.circuit
    if circuit.num_qubits > qubits:
        raise RunnerError(
            Reason.LIMIT_EXCEEDED,
            f"{circuit.num_qubits} qubits are declared, the device has {qubits}; use fewer, or another backend",
        )
    refuse_expansion(circuit, ALWAYS.union(BASIS), memory())
    try:
        done = transpile(
            circuit,
            basis_gates=list(BASIS),
            optimization_level=optimization_level(document),
            seed_transpiler=transpiler_seed(document),
        )
    except QiskitError as error:
        raise _inexpressible() from error
    if not {each.operation.name for each in done.data} <= {"measure", "barrier", *BASIS}:
        raise _inexpressible()  # a delay passes the transpiler
    return done


def _inexpressible() -> RunnerError:
    return RunnerError(
        Reason.UNSUPPORTED_CONSTRUCT,
        "the circuit cannot be expressed in IonQ's gates; use gates of the library, no delays and no opaque gates",
    )


def _check_transpile(asked: TranspileOptions) -> None:
    for field, given, remedy in (
        ("initialLayout", asked.initial_layout is not None, "every qubit reaches every other; remove the field"),
        ("verbatim", asked.verbatim, "native gates are not sent by this adapter; remove the field"),
        ("verifyEquivalence", asked.verify_equivalence, "its image has no equivalence check; remove the field"),
    ):
        if given:
            raise RunnerError(Reason.INVALID_SPEC, f"spec.transpile.{field}: provider ionq: {remedy}")


def _settings(options: Any, device: str) -> dict[str, Any]:
    """`error_mitigation: {debiasing: BOOLEAN}` on QPUs, `noise: {model, seed}` on the simulator: the API's spelling."""
    known = ("noise",) if device == SIMULATOR else ("error_mitigation",)
    for name in options:
        if name not in known:
            raise _bad(name, f"no option of {device}; there is {', '.join(known)}")
    found: dict[str, Any] = {}
    if "error_mitigation" in options:
        asked = options["error_mitigation"]
        if not isinstance(asked, dict) or set(asked) != {"debiasing"} or not isinstance(asked["debiasing"], bool):
            raise _bad("error_mitigation", "give {debiasing: true} or {debiasing: false}")
        found["settings"] = {"error_mitigation": {"debiasing": asked["debiasing"]}}
    if "noise" in options:
        noise = options["noise"]
        if not isinstance(noise, dict) or not set(noise) <= {"model", "seed"} or noise.get("model") not in _MODELS:
            raise _bad("noise", f"give {{model: one of {', '.join(_MODELS)}, seed: an integer}}")
        seed = noise.get("seed", 0)
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**31:
            raise _bad("noise.seed", "give an integer from 0 to 2147483647")
        found["noise"] = dict(noise)
    return found


def _bad(name: str, remedy: str) -> RunnerError:
    return RunnerError(Reason.INVALID_SPEC, f"spec.providerOptions.{name}: {remedy}")
