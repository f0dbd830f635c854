"""What the operator snapshots and the runner executes: the run document.

Standard library only: the runner imports this before its sandbox is on.
"""

import base64
import gzip
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from qee.api.names import ENGINES, MAX_CIRCUITS, MAX_SAFE_INTEGER, RUN_FORMAT
from qee.documents.canonical import DocumentError, canonical_json
from qee.documents.codec import TEXT, Document, Key, Message, Number, OmitEmpty, Positive, one_of

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


def _packed(target: bytes) -> str:
    return base64.b64encode(gzip.compress(target, mtime=0)).decode()


def _unpacked(text: str) -> bytes:
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        target = unpacking.decompress(base64.b64decode(text, validate=True), MAX_TARGET_BYTES)
    except (ValueError, zlib.error):
        raise DocumentError("target must be gzip in base64") from None
    if not unpacking.eof:
        raise DocumentError(f"target must hold at most {MAX_TARGET_BYTES} bytes")
    return target


_TARGET = TEXT._replace(read=_unpacked, write=_packed)


@dataclass(frozen=True)
class JobReference(Document):
    """The QuantumJob that a document belongs to."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True)
class SimulatorOptions(Document):
    """`method` is one of METHODS, `precision` one of PRECISIONS."""

    method: Annotated[str, one_of(*METHODS)] = "automatic"
    precision: Annotated[str, one_of(*PRECISIONS)] = "double"


@dataclass(frozen=True)
class TranspileOptions(Document):
    """As spec.transpile. None where the spec has none: the engine's own default."""

    optimization_level: int | None = None
    initial_layout: tuple[int, ...] | None = None
    seed: int | None = None
    verbatim: bool = False
    verify_equivalence: bool = False


@dataclass(frozen=True)
class NoiseOptions(Document):
    """As spec.noise: a device's name, or typed errors; probabilities, microseconds, nanoseconds as decimal strings."""

    device: str | None = None
    one_qubit: Number | None = None
    two_qubit: Number | None = None
    readout: Number | None = None
    t1: Number | None = None
    t2: Number | None = None
    gate_times: OmitEmpty[Mapping[str, Number]] = field(default_factory=dict)


@dataclass(frozen=True)
class Observable(Document):
    """A weighted sum of Pauli strings, the highest qubit leftmost; coefficients are decimal strings."""

    name: str
    terms: Mapping[str, Number]


@dataclass(frozen=True)
class CircuitRun(Document):
    """One circuit with its resolved source: text, or base64 for qpy. `format` is one of FORMATS; `shots` is 1 or more.

    `parameters` are columns of equal length, decimal strings; without any the circuit runs once, as parameter set 0.
    """

    name: str
    format: Annotated[str, one_of(*FORMATS)]
    source: str
    shots: Positive
    parameters: OmitEmpty[Mapping[str, tuple[Number, ...]]] = field(default_factory=dict)
    observables: OmitEmpty[tuple[Observable, ...]] = ()

    @property
    def parameter_sets(self) -> int:
        return len(next(iter(self.parameters.values()))) if self.parameters else 1

    def row(self, parameter_set: int) -> dict[str, float]:
        """The values of one parameter set, by parameter."""
        return {name: float(column[parameter_set]) for name, column in self.parameters.items()}

    def check(self) -> None:
        if len({len(column) for column in self.parameters.values()}) > 1:
            raise DocumentError("parameters must have columns of equal length")


@dataclass(frozen=True)
class RunDocument(Message, what="run document", apiVersion=RUN_FORMAT):
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
    precision: Number | None = None
    noise: NoiseOptions | None = None
    transpile: TranspileOptions | None = None
    shards: Positive = 1
    target: Annotated[bytes, _TARGET] | None = None
    provider_options: OmitEmpty[Mapping[str, Any]] = field(default_factory=dict)
    claim: Annotated[str, Key("persistentVolumeClaim")] | None = None

    @classmethod
    def read(cls, value: dict[str, Any]) -> Self:
        if "target" not in value and value.get("engine", ENGINES[0]) not in ENGINES:
            raise DocumentError(f"engine must be one of {', '.join(ENGINES)}")
        return super().read(value)

    def check(self) -> None:
        if not self.outputs or not set(self.outputs) <= set(OUTPUTS):
            raise DocumentError(f"outputs must be one or more of {', '.join(OUTPUTS)}")
        if not 1 <= len(self.circuits) <= MAX_CIRCUITS:
            raise DocumentError(f"circuits must have 1 to {MAX_CIRCUITS} items, it has {len(self.circuits)}")
        names = [circuit.name for circuit in self.circuits]
        if len(set(names)) != len(names):
            raise DocumentError("circuits must have distinct names")
