"""What the operator snapshots and the runner executes: the run document.

Standard library only: the runner imports this before its sandbox is on.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from qee.api.json_fields import DocumentError, Fields, canonical_json, parsed
from qee.api.names import MAX_CIRCUITS, MAX_SAFE_INTEGER, RUN_FORMAT

ENGINES = ("aer", "cirq")
FORMATS = ("openqasm3", "openqasm2")
OUTPUTS = ("counts",)
METHODS = (
    "automatic",
    "statevector",
    "density_matrix",
    "stabilizer",
    "extended_stabilizer",
    "matrix_product_state",
)
PRECISIONS = ("double", "single")


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
class CircuitRun:
    """One circuit with its resolved source. `format` is one of FORMATS; `shots` is 1 or more."""

    name: str
    format: str
    source: str
    shots: int

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "format": self.format, "source": self.source, "shots": self.shots}

    @classmethod
    def from_fields(cls, fields: Fields) -> "CircuitRun":
        circuit = cls(
            name=fields.text("name"),
            format=fields.one_of("format", FORMATS),
            source=fields.text("source"),
            shots=fields.integer("shots", at_least=1),
        )
        fields.finish()
        return circuit


@dataclass(frozen=True)
class RunDocument:
    """What the operator snapshots and the runner executes. `seed` is 0 to 2^53-1, always resolved."""

    job: JobReference
    backend: str
    engine: str
    seed: int
    seed_drawn: bool
    circuits: tuple[CircuitRun, ...]
    outputs: tuple[str, ...] = OUTPUTS
    simulator: SimulatorOptions = SimulatorOptions()

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
            engine=fields.one_of("engine", ENGINES),
            seed=fields.integer("seed"),
            seed_drawn=fields.boolean("seedDrawn"),
            outputs=tuple(fields.texts("outputs")),
            simulator=SimulatorOptions.from_fields(fields.object("simulator")),
            circuits=tuple(CircuitRun.from_fields(circuit) for circuit in fields.objects("circuits")),
        )
        fields.finish()
        if document.outputs != OUTPUTS:
            raise DocumentError(f"outputs must be [{', '.join(OUTPUTS)}] in this build")
        if not 1 <= len(document.circuits) <= MAX_CIRCUITS:
            raise DocumentError(f"circuits must have 1 to {MAX_CIRCUITS} items, it has {len(document.circuits)}")
        names = [circuit.name for circuit in document.circuits]
        if len(set(names)) != len(names):
            raise DocumentError("circuits must have distinct names")
        return document
