"""Everything that is checked before a child is made, and the bytes that child will run.

The operator's only look at a circuit is the bounded scanner's. What passes here is snapshotted and handed to the pod as
exactly these bytes.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qee import documents
from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.api.job_circuit import Circuit
from qee.api.job_options import Noise, Transpile
from qee.api.names import ENGINES, MAX_SNAPSHOT_BYTES
from qee.api.reasons import Reason
from qee.core.checks import cloud, sizing, tables
from qee.core.checks.circuit_checks import check_circuits, check_results
from qee.core.checks.engine_checks import check_engine
from qee.core.checks.limits import admits, check_limits, deadline_seconds
from qee.core.checks.sources import Sources
from qee.core.checks.tables import Columns
from qee.core.refusal import Refused, invalid, refused
from qee.documents import CircuitRun, RunDocument, shards


@dataclass(frozen=True)
class Prepared:
    """A job that passed every check."""

    engine: str
    document: bytes = field(repr=False)
    sha256: str
    resources: Mapping[str, Any]
    """requests and limits of the runner container, as quantities."""
    deadline_seconds: int | None
    """The job's total deadline; None where there is none."""
    shards: int = 1
    """The pods that have something to do."""
    compiles: bool = False
    """The child gives no result, but what a QuantumTask submits."""


def prepare(
    job: QuantumJob, backend: QuantumBackend, sources: Sources, namespace_labels: Mapping[str, str], cpu_request: str
) -> Prepared:
    """Check the job against its backend and its circuits' sources, and write the run document.

    Raises `Refused`.
    """
    engine = str(backend.spec.provider)
    if not admits(backend.spec.allowed_namespaces, job.metadata.namespace, namespace_labels):
        raise refused(
            Reason.BACKEND_NOT_ALLOWED,
            f"spec.backendRef.name: {backend.metadata.name!r} does not admit namespace {job.metadata.namespace!r}.",
        )
    target = None
    if engine in ENGINES:
        check_engine(job.spec, engine)
    else:
        target = cloud.target(backend)
        cloud.check_spec(job, backend)
    check_limits(job, backend)
    document = run_document(job, engine, sources, target)
    check_results(document)
    snapshot = document.to_bytes()
    if len(snapshot) > MAX_SNAPSHOT_BYTES:
        raise _too_large(len(snapshot))
    found = sizing.scans(job, document, sources.programs)
    if target is None:
        check_circuits(document, found)
        resources = sizing.resources(job, document, found, backend, cpu_request)
    else:
        cloud.check_circuits(document, found, backend.status)
        resources = cloud.compiler_resources(job, cpu_request)
    digest = hashlib.sha256(snapshot).hexdigest()
    return Prepared(
        engine, snapshot, digest, resources, deadline_seconds(job, backend), shards.count(document), target is not None
    )


def size_of(job: QuantumJob, sources: Sources) -> int:
    """Bytes that `prepare` looks at."""
    files = {id(data): len(data) for data in sources.tables.values()}  # which are parsed once
    columns = (column for circuit in job.spec.circuits for column in (circuit.parameters or {}).values())
    terms = (each.terms for circuit in job.spec.circuits for each in circuit.observables or [])
    return (
        sum(map(len, sources.programs.values()))
        + sum(files.values())
        + sum(8 * len(column) for column in columns)
        + sum(len(label) + 8 for each in terms for label in each)
    )


def run_document(job: QuantumJob, engine: str, sources: Sources, target: bytes | None = None) -> RunDocument:
    """What the runner executes. A function of its arguments alone: every attempt gets the same bytes."""
    spec = job.spec
    circuits = _Circuits(job, sources)
    return RunDocument(
        job=documents.JobReference(job.metadata.namespace, job.metadata.name, job.metadata.uid),
        backend=spec.backend_ref.name,
        engine=engine,
        seed=documents.drawn_seed(job.metadata.uid) if spec.seed is None else spec.seed,
        seed_drawn=spec.seed is None,
        outputs=tuple(spec.outputs),
        simulator=documents.SimulatorOptions(spec.simulator.method, spec.simulator.precision),
        precision=spec.precision,
        noise=_noise(spec.noise),
        transpile=_transpile(spec.transpile),
        shards=spec.shards or 1,
        circuits=tuple(circuits.run(index) for index in range(len(spec.circuits))),
        target=target,
        claim=spec.claim,
        provider_options=(spec.provider_options or {}) if target is not None else {},
    )


def _noise(noise: Noise | None) -> documents.NoiseOptions | None:
    if noise is None:
        return None
    typed = (noise.one_qubit, noise.two_qubit, noise.readout, noise.t1, noise.t2)
    return documents.NoiseOptions(noise.device, *typed, gate_times=noise.gate_times or {})


def _transpile(transpile: Transpile | None) -> documents.TranspileOptions | None:
    if transpile is None:
        return None
    layout = transpile.initial_layout
    return documents.TranspileOptions(
        transpile.optimization_level,
        None if layout is None else tuple(layout),
        transpile.seed,
        bool(transpile.verbatim),
        bool(transpile.verify_equivalence),
    )


class _Circuits:
    """The circuits of one run document. A table that several name is parsed once, and sizes are added up before copies
    are made: what `RunDocument.to_bytes` would write is held against the bound while nothing of it is written.
    """

    def __init__(self, job: QuantumJob, sources: Sources) -> None:
        self._job = job
        self._sources = sources
        self._tables: dict[tuple[str, str, str], Columns] = {}
        self._size = 0

    def run(self, index: int) -> CircuitRun:
        circuit = self._job.spec.circuits[index]
        source = self._sources.programs[circuit.name]
        columns = self._columns(circuit, index)
        self._size += len(source)
        self._size += sum(sum(map(len, column)) + 3 * len(column) for column in columns.values())  # quotes and a comma
        if self._size > MAX_SNAPSHOT_BYTES:
            raise _too_large(self._size)
        return CircuitRun(
            name=circuit.name,
            format=str(circuit.format),
            source=base64.b64encode(source).decode() if circuit.format == "qpy" else _text(circuit, source),
            shots=circuit.shots or self._job.spec.shots,
            parameters=columns,
            observables=tuple(documents.Observable(each.name, each.terms) for each in circuit.observables or []),
        )

    def _columns(self, circuit: Circuit, index: int) -> Columns:
        """The columns of the circuit's sweep, wherever they lie."""
        if circuit.parameters_from is None:
            return {name: tuple(column) for name, column in (circuit.parameters or {}).items()}
        reference = circuit.parameters_from.config_map_key_ref
        where = (reference.name, reference.key, circuit.parameters_from.sha256)
        if where not in self._tables:
            try:
                self._tables[where] = tables.read(self._sources.tables[circuit.name], reference.key)
            except tables.TableProblem as problem:
                raise invalid(
                    f"spec.circuits[{index}].parametersFrom: key {reference.key!r} of ConfigMap {reference.name!r}: "
                    f"{problem}."
                ) from None
        return self._tables[where]


def _too_large(size: int) -> Refused:
    """`size`: of all, or of those that came first."""
    return refused(
        Reason.INPUT_TOO_LARGE,
        f"spec.circuits: {size} bytes or more, programs and parameters together, exceed {MAX_SNAPSHOT_BYTES}.",
    )


def _text(circuit: Circuit, source: bytes) -> str:
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        raise Refused(
            Reason.INVALID_CIRCUIT,
            f"Circuit {circuit.name!r}: byte {error.start} is not UTF-8. {circuit.format} is text; save it as UTF-8.",
        ) from None
