"""The size of the runner pod: what the circuits need by estimate, what the job asks for, what the backend allows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.api.job_options import ComputeResources, Resources
from qee.api.quantity import parse_quantity
from qee.api.reasons import Reason
from qee.circuits import Asked, Estimate, Limits, Scan, ScanError, estimate_memory, scan
from qee.core.checks.footprint import footprint
from qee.core.checks.limits import deadline_seconds, exceeded
from qee.core.checks.routing import added
from qee.core.refusal import Refused, invalid, refused
from qee.documents.run import RunDocument

MIB = 2**20
FLOOR = 256 * MIB  # below it the kernel drops the page cache of the Python libraries while they are being imported
HEADROOM = 1024 * MIB  # at most, for what depends on the state itself or on the way that routing takes
SMALL_RESULTS = 16 * MIB  # within the margin of every estimate


def scans(job: QuantumJob, document: RunDocument, programs: Mapping[str, bytes]) -> dict[str, Scan]:
    """The scanner's report on each circuit by its name. Raises `Refused` where one is bad."""
    return {
        circuit.name: scanned(circuit.name, circuit.format, programs[circuit.name]) for circuit in job.spec.circuits
    }


def resources(
    job: QuantumJob, document: RunDocument, found: Mapping[str, Scan], backend: QuantumBackend, cpu_request: str
) -> dict[str, Any]:
    """Requests and limits of the runner container. Raises `Refused` where a circuit does not fit.

    Memory is reserved in full: a state vector is touched from the first gate to the last. CPU has no limit unless the
    job or the backend sets one.
    """
    needed, circuit = max(
        ((_estimate(job, index, document.engine, found, backend), index) for index in range(len(job.spec.circuits))),
        key=lambda pair: pair[0].bytes,
    )
    needed = with_results(needed, document, found)
    requests, limits = asked_for(job)
    _within_backend("spec.resources.limits.memory", limits.memory, backend, "memory")
    _within_backend("spec.resources.limits.cpu", limits.cpu, backend, "cpu")

    memory = _memory_limit(job, backend, needed, circuit, limits.memory)
    cpu = limits.cpu or (backend.spec.limits.cpu if backend.spec.limits else None)
    return {
        "requests": {"cpu": str(requests.cpu or _at_most(cpu_request, cpu)), "memory": str(requests.memory or memory)},
        "limits": {"memory": str(memory), **({"cpu": str(cpu)} if cpu else {})},
    }


def asked_for(job: QuantumJob) -> tuple[ComputeResources, ComputeResources]:
    """Requests and limits, as the job has them."""
    asked = job.spec.resources or Resources()
    return asked.requests or ComputeResources(), asked.limits or ComputeResources()


def _estimate(job: QuantumJob, index: int, engine: str, scans: Mapping[str, Scan], backend: QuantumBackend) -> Estimate:
    circuit = job.spec.circuits[index]
    found = scans[circuit.name]
    limit = backend.spec.limits.max_qubits if backend.spec.limits else None
    if limit is not None and found.qubits > limit:
        field = f"spec.circuits[{index}], circuit {circuit.name!r}"
        raise exceeded(field, f"{found.qubits} qubits", backend.metadata.name, f"maxQubits={limit}")
    if found.needs_deadline and deadline_seconds(job, backend) is None:
        raise invalid(
            f"spec.activeDeadlineSeconds: absent, and the `while` of circuit {circuit.name!r} may never end. "
            "Set a deadline."
        )
    return state(job, index, found, engine, _room(job, backend))


def state(job: QuantumJob, index: int, found: Scan, engine: str, room: int | None = None) -> Estimate:
    """Memory for the state of one circuit, without what its results take. `room`: bytes that the job may have."""
    spec = job.spec
    shots = spec.circuits[index].shots or spec.shots
    noisy = spec.noise is not None
    exact = {"probabilities", "statevector"}
    if spec.circuits[index].observables and not noisy and spec.precision is None:  # else they are sampled
        exact.add("expectation")
    routed = added(spec.noise, spec.transpile, found)
    if exact.isdisjoint(spec.outputs) and not (spec.circuits[index].observables and "expectation" in spec.outputs):
        found = _sampled(job, found, engine)
    asked = Asked(shots, noisy, not exact.isdisjoint(spec.outputs), routed)
    within = {} if room is None else {"room": room}
    return estimate_memory(found, engine, spec.simulator.method, spec.simulator.precision, asked=asked, **within)


def _sampled(job: QuantumJob, found: Scan, engine: str) -> Scan:
    """The circuit without qubits to which nothing happens: samples are drawn without them.

    Not on a device, whose routing may need them. Cirq counts a qubit that is only reset.
    """
    device = job.spec.noise is not None and job.spec.noise.device is not None
    if device or not found.active or (engine == "cirq" and "reset" in found.constructs):
        return found
    return replace(found, qubits=found.active)


def with_results(needed: Estimate, document: RunDocument, found: Mapping[str, Scan]) -> Estimate:
    """The estimate with what the results of all rows take, where that is more than the estimate's own margin."""
    more = footprint(document, found)
    if more <= SMALL_RESULTS:
        return needed
    text = f"{needed.formula}, and {-(-more // MIB)} MiB for results and parameters"
    return replace(needed, bytes=needed.bytes + more, formula=text)


def _room(job: QuantumJob, backend: QuantumBackend) -> int | None:
    """Bytes that the runner will see as its limit; None where nobody has set one."""
    limit = asked_for(job)[1].memory or (backend.spec.limits.memory if backend.spec.limits else None)
    return None if limit is None else int(parse_quantity(limit))


def scanned(name: str, format: str, source: bytes) -> Scan:
    """The scanner's report on one circuit. Raises `Refused` with the circuit's name."""
    try:
        return scan(format=format, source=source, limits=Limits())
    except ScanError as error:
        raise Refused(error.reason, f"Circuit {name!r}: {error}") from None


def _memory_limit(
    job: QuantumJob, backend: QuantumBackend, needed: Estimate, index: int, asked: int | str | None
) -> int | str:
    """The job's own limit if it suffices, else the estimate if the backend allows it."""
    name = job.spec.circuits[index].name
    if asked is not None:
        if parse_quantity(asked) < needed.bytes:
            raise refused(
                Reason.INSUFFICIENT_MEMORY,
                f"spec.resources.limits.memory: {asked} is less than circuit {name!r} needs with method "
                f"{needed.method}: {needed.formula}.",
            )
        return asked
    allowed = backend.spec.limits.memory if backend.spec.limits else None
    if allowed is not None and needed.bytes > parse_quantity(allowed):
        raise refused(
            Reason.INSUFFICIENT_MEMORY,
            f"Circuit {name!r} needs, with method {needed.method}, {needed.formula}; limits.memory of backend "
            f"{backend.metadata.name!r} is {allowed}.",
        )
    wanted = max(needed.bytes + (min(needed.spare, HEADROOM) if needed.bounded else HEADROOM), FLOOR)
    most = wanted if allowed is None else min(wanted, int(parse_quantity(allowed)))
    return f"{-(-most // MIB)}Mi"


def _within_backend(field: str, asked: int | str | None, backend: QuantumBackend, resource: str) -> None:
    allowed = getattr(backend.spec.limits, resource) if backend.spec.limits else None
    if asked is not None and allowed is not None and parse_quantity(asked) > parse_quantity(allowed):
        raise exceeded(field, str(asked), backend.metadata.name, f"{resource}={allowed}")


def _at_most(request: str, limit: int | str | None) -> int | str:
    if limit is None or parse_quantity(request) <= parse_quantity(limit):
        return request
    return limit
