"""What the operator snapshots and the runner executes: the run document.

Standard library only: the runner imports this before its sandbox is on.
"""

import base64
import binascii
import gzip
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qee.api.names import ENGINES, MAX_CIRCUITS, MAX_SAFE_INTEGER, RUN_FORMAT
from qee.documents.canonical import DocumentError, Fields, canonical_json, parsed

FORMATS = ("openqasm3", "openqasm2", "qpy", "cirq-json")
OUTPUTS = ("counts", "memory", "probabilities", "statevector", "expectation")
METHODS = (
    "automatic",
    "statevector",
    "density_matrix",
    "stabilizer",
    "extended_stabilizer",
    "matrix_product_state",
)
PRECISIONS = ("double", "single")
MAX_TARGET_BYTES = 8 * 2**20  # of a device's snapshot, unpacked


def circuit_seed(seed: int, circuit: str, parameter_set: int, index: int) -> int:
    """The seed of one circuit on one shard, 0 to 2^53-1: independent streams from one seed, the same in every retry."""
    return _seed_of([seed, circuit, parameter_set, index])


def drawn_seed(uid: str) -> int:
    """The seed of a job that names none, 0 to 2^53-1. Derived from the job's uid, so that retries keep it."""
    return _seed_of(["qee.dev/seed/v1", uid])


def _seed_of(parts: list[Any]) -> int:
    return int.from_bytes(hashlib.sha256(canonical_json(parts)).digest()[:8], "big") % (MAX_SAFE_INTEGER + 1)


@dataclass(frozen=True)
class JobReference:
    """The QuantumJob that a document belongs to."""

    namespace: str
    name: str
    uid: str

    def as_json(self) -> dict[str, Any]:
        return {"namespace": self.namespace, "name": self.name, "uid": self.uid}

    @classmethod
    def from_fields(cls, fields: Fields) -> "JobReference":
        job = cls(fields.text("namespace"), fields.text("name"), fields.text("uid"))
        fields.finish()
        return job


@dataclass(frozen=True)
class SimulatorOptions:
    """`method` is one of METHODS, `precision` one of PRECISIONS."""

    method: str = "automatic"
    precision: str = "double"

    def as_json(self) -> dict[str, Any]:
        return {"method": self.method, "precision": self.precision}

    @classmethod
    def from_fields(cls, fields: Fields) -> "SimulatorOptions":
        options = cls(fields.one_of("method", METHODS), fields.one_of("precision", PRECISIONS))
        fields.finish()
        return options


@dataclass(frozen=True)
class TranspileOptions:
    """As spec.transpile. None where the spec has none: the engine's own default."""

    optimization_level: int | None = None
    initial_layout: tuple[int, ...] | None = None
    seed: int | None = None
    verbatim: bool = False
    verify_equivalence: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            **_present(
                optimizationLevel=self.optimization_level,
                initialLayout=None if self.initial_layout is None else list(self.initial_layout),
                seed=self.seed,
            ),
            "verbatim": self.verbatim,
            "verifyEquivalence": self.verify_equivalence,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "TranspileOptions":
        options = cls(
            optimization_level=fields.integer("optimizationLevel") if fields.has("optimizationLevel") else None,
            initial_layout=tuple(fields.integers("initialLayout")) if fields.has("initialLayout") else None,
            seed=fields.integer("seed") if fields.has("seed") else None,
            verbatim=fields.boolean("verbatim"),
            verify_equivalence=fields.boolean("verifyEquivalence"),
        )
        fields.finish()
        return options


@dataclass(frozen=True)
class NoiseOptions:
    """As spec.noise: a device's name, or typed errors; probabilities, microseconds, nanoseconds as decimal strings."""

    device: str | None = None
    one_qubit: str | None = None
    two_qubit: str | None = None
    readout: str | None = None
    t1: str | None = None
    t2: str | None = None
    gate_times: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return _present(
            device=self.device,
            oneQubit=self.one_qubit,
            twoQubit=self.two_qubit,
            readout=self.readout,
            t1=self.t1,
            t2=self.t2,
            gateTimes=dict(self.gate_times) or None,
        )

    @classmethod
    def from_fields(cls, fields: Fields) -> "NoiseOptions":
        times = fields.object("gateTimes") if fields.has("gateTimes") else None
        noise = cls(
            device=fields.text("device") if fields.has("device") else None,
            one_qubit=fields.number("oneQubit") if fields.has("oneQubit") else None,
            two_qubit=fields.number("twoQubit") if fields.has("twoQubit") else None,
            readout=fields.number("readout") if fields.has("readout") else None,
            t1=fields.number("t1") if fields.has("t1") else None,
            t2=fields.number("t2") if fields.has("t2") else None,
            gate_times={name: times.number(name) for name in times.names()} if times is not None else {},
        )
        fields.finish()
        return noise


@dataclass(frozen=True)
class Observable:
    """A weighted sum of Pauli strings, the highest qubit leftmost; coefficients are decimal strings."""

    name: str
    terms: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "terms": dict(self.terms)}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Observable":
        terms = fields.object("terms")
        observable = cls(fields.text("name"), {label: terms.number(label) for label in terms.names()})
        fields.finish()
        return observable


@dataclass(frozen=True)
class CircuitRun:
    """One circuit with its resolved source: text, or base64 for qpy. `format` is one of FORMATS; `shots` is 1 or more.

    `parameters` are columns of equal length, decimal strings; without any the circuit runs once, as parameter set 0.
    """

    name: str
    format: str
    source: str
    shots: int
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    observables: tuple[Observable, ...] = ()

    @property
    def parameter_sets(self) -> int:
        return len(next(iter(self.parameters.values()))) if self.parameters else 1

    def row(self, parameter_set: int) -> dict[str, float]:
        """The values of one parameter set, by parameter."""
        return {name: float(column[parameter_set]) for name, column in self.parameters.items()}

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "format": self.format,
            "source": self.source,
            "shots": self.shots,
            **({"parameters": {n: list(c) for n, c in self.parameters.items()}} if self.parameters else {}),
            **({"observables": [each.as_json() for each in self.observables]} if self.observables else {}),
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "CircuitRun":
        columns = fields.object("parameters") if fields.has("parameters") else None
        circuit = cls(
            name=fields.text("name"),
            format=fields.one_of("format", FORMATS),
            source=fields.text("source"),
            shots=fields.integer("shots", at_least=1),
            parameters={n: tuple(columns.decimals(n)) for n in columns.names()} if columns is not None else {},
            observables=tuple(Observable.from_fields(each) for each in fields.objects("observables"))
            if fields.has("observables")
            else (),
        )
        fields.finish()
        if len({len(column) for column in circuit.parameters.values()}) > 1:
            raise DocumentError("parameters must have columns of equal length")
        return circuit


@dataclass(frozen=True)
class RunDocument:
    """What the operator snapshots and the runner executes. `seed` is 0 to 2^53-1, always resolved.

    `precision` is the standard error wanted of expectation values, a decimal string. `shards` is how many parts the
    work is cut into (see `qee.documents.shards`), 1 or more.

    With a `target` the circuits are compiled for it and not executed: `engine` is the provider then, `target` the
    snapshot of its device that the connector published, `provider_options` are spec.providerOptions.

    `claim` is the PersistentVolumeClaim that takes a result which is too large to be framed.
    """

    job: JobReference
    backend: str
    engine: str
    seed: int
    seed_drawn: bool
    circuits: tuple[CircuitRun, ...]
    outputs: tuple[str, ...] = ("counts",)
    simulator: SimulatorOptions = SimulatorOptions()
    precision: str | None = None
    noise: NoiseOptions | None = None
    transpile: TranspileOptions | None = None
    shards: int = 1
    target: bytes | None = None
    provider_options: Mapping[str, Any] = field(default_factory=dict)
    claim: str | None = None

    def to_bytes(self) -> bytes:
        return canonical_json(
            {
                "apiVersion": RUN_FORMAT,
                "job": self.job.as_json(),
                "backend": self.backend,
                "engine": self.engine,
                "seed": self.seed,
                "seedDrawn": self.seed_drawn,
                "outputs": list(self.outputs),
                "simulator": self.simulator.as_json(),
                "shards": self.shards,
                **_present(
                    precision=self.precision,
                    noise=None if self.noise is None else self.noise.as_json(),
                    transpile=None if self.transpile is None else self.transpile.as_json(),
                    target=None if self.target is None else _packed(self.target),
                    providerOptions=dict(self.provider_options) or None,
                    persistentVolumeClaim=self.claim,
                ),
                "circuits": [circuit.as_json() for circuit in self.circuits],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "RunDocument":
        """Raises DocumentError with the path of the field that is wrong."""
        fields = parsed(data, "run document")
        fields.literal("apiVersion", RUN_FORMAT)
        document = cls(
            job=JobReference.from_fields(fields.object("job")),
            backend=fields.text("backend"),
            engine=fields.text("engine") if fields.has("target") else fields.one_of("engine", ENGINES),
            seed=fields.integer("seed"),
            seed_drawn=fields.boolean("seedDrawn"),
            outputs=tuple(fields.texts("outputs")),
            simulator=SimulatorOptions.from_fields(fields.object("simulator")),
            shards=fields.integer("shards", at_least=1),
            precision=fields.number("precision") if fields.has("precision") else None,
            noise=NoiseOptions.from_fields(fields.object("noise")) if fields.has("noise") else None,
            transpile=TranspileOptions.from_fields(fields.object("transpile")) if fields.has("transpile") else None,
            target=_unpacked(fields.text("target")) if fields.has("target") else None,
            provider_options=fields.values("providerOptions") if fields.has("providerOptions") else {},
            claim=fields.text("persistentVolumeClaim") if fields.has("persistentVolumeClaim") else None,
            circuits=tuple(CircuitRun.from_fields(circuit) for circuit in fields.objects("circuits")),
        )
        fields.finish()
        if not document.outputs or not set(document.outputs) <= set(OUTPUTS):
            raise DocumentError(f"outputs must be one or more of {', '.join(OUTPUTS)}")
        if not 1 <= len(document.circuits) <= MAX_CIRCUITS:
            raise DocumentError(f"circuits must have 1 to {MAX_CIRCUITS} items, it has {len(document.circuits)}")
        names = [circuit.name for circuit in document.circuits]
        if len(set(names)) != len(names):
            raise DocumentError("circuits must have distinct names")
        return document


def _packed(target: bytes) -> str:
    return base64.b64encode(gzip.compress(target, mtime=0)).decode()


def _unpacked(text: str) -> bytes:
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        target = unpacking.decompress(base64.b64decode(text, validate=True), MAX_TARGET_BYTES)
    except (binascii.Error, zlib.error):
        raise DocumentError("target must be gzip in base64") from None
    if not unpacking.eof:
        raise DocumentError(f"target must hold at most {MAX_TARGET_BYTES} bytes")
    return target


def _present(**fields: Any) -> dict[str, Any]:
    """The fields that have a value: an absent one is left out."""
    return {name: value for name, value in fields.items() if value is not None}
