"""A job held against the device that its cloud backend's connector has told of, before anything is compiled."""

from collections.abc import Mapping
from typing import Any

from qee.api.backend import QuantumBackend, QuantumBackendStatus
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.circuits import Scan
from qee.core.checks.sizing import asked_for
from qee.core.refusal import Refused, invalid, refused
from qee.documents.canonical import DocumentError
from qee.documents.packing import unpack
from qee.documents.run import MAX_TARGET_BYTES, RunDocument

COMPILER_MEMORY = "1Gi"  # Qiskit's transpiler with a device of 156 qubits takes 0.4 GiB
READY = "Ready"


def target(backend: QuantumBackend) -> bytes:
    """The snapshot to compile for. Raises `Refused`, to wait, where the device takes no jobs now."""
    status = backend.status
    ready = next((each for each in status.conditions if each.type == READY), None)
    if ready is None or status.target is None:
        raise _not_ready(backend, "its connector has not told of it yet")
    if ready.status != "True":
        raise _not_ready(backend, ready.message or status.last_error or "it takes no jobs now")
    try:
        return unpack(status.target.model_dump(), MAX_TARGET_BYTES)
    except DocumentError as error:
        raise _not_ready(backend, f"status.target: {error}") from None


def _not_ready(backend: QuantumBackend, why: str) -> Refused:
    return refused(
        Reason.WAITING_FOR_DEVICE,
        f"spec.backendRef.name: QuantumBackend {backend.metadata.name!r}: {why}.",
        waiting=Reason.WAITING_FOR_DEVICE,
    )


def check_spec(job: QuantumJob, backend: QuantumBackend) -> None:
    """Raises `Refused` with the first field that has no meaning at a provider, or that this one does not do."""
    spec, name = job.spec, backend.metadata.name
    for field, asked in (
        ("spec.noise", spec.noise is not None),
        ("spec.simulator.method", spec.simulator.method != "automatic"),
        ("spec.simulator.precision", spec.simulator.precision != "double"),
        ("spec.shards", (spec.shards or 1) != 1),
        ("spec.results", spec.results is not None),
        ("spec.transpile.verifyEquivalence", bool(spec.transpile and spec.transpile.verify_equivalence)),
    ):
        if asked:
            raise invalid(
                f"{field}: backend {name!r} is a provider's device, where it has no meaning. Remove it, or name a "
                "simulator backend."
            )
    status = backend.status
    for output in spec.outputs:
        if output not in status.outputs:
            raise _unsupported("spec.outputs", output, name, status.outputs)
    for index, circuit in enumerate(spec.circuits):
        if circuit.format not in status.formats:
            raise _unsupported(f"spec.circuits[{index}].format", str(circuit.format), name, status.formats)
        shots = circuit.shots or spec.shots
        if status.max_shots is not None and shots > status.max_shots:
            raise refused(
                Reason.LIMIT_EXCEEDED,
                f"spec.circuits[{index}].shots: {shots} exceed the {status.max_shots} that the device of backend "
                f"{name!r} takes.",
            )


def _unsupported(field: str, value: str, backend: str, known: list[str]) -> Refused:
    return Refused(
        Reason.UNSUPPORTED_CONSTRUCT,
        f"{field}: backend {backend!r} does not do {value!r}. Give one of {', '.join(known)}, or name another backend.",
    )


def check_circuits(document: RunDocument, scans: Mapping[str, Scan], status: QuantumBackendStatus) -> None:
    """Raises `Refused` where a circuit has more qubits than the device."""
    for index, circuit in enumerate(document.circuits):
        found = scans[circuit.name]
        if circuit.format != "cirq-json" and status.qubits is not None and found.qubits > status.qubits:
            raise refused(
                Reason.LIMIT_EXCEEDED,
                f"spec.circuits[{index}], circuit {circuit.name!r}: {found.qubits} qubits, the device of backend "
                f"{document.backend!r} has {status.qubits}.",
            )


def compiler_resources(job: QuantumJob, cpu_request: str) -> dict[str, Any]:
    """Requests and limits of the pod that compiles."""
    requests, limits = asked_for(job)
    memory = str(limits.memory or COMPILER_MEMORY)
    return {
        "requests": {"cpu": str(requests.cpu or cpu_request), "memory": str(requests.memory or memory)},
        "limits": {"memory": memory, **({"cpu": str(limits.cpu)} if limits.cpu else {})},
    }
