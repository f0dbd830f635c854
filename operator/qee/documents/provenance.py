"""What produced a result: engine and versions, how each circuit was compiled, noise, the provider's jobs.

Standard library only: the runner imports this before its sandbox is on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from qee.api.names import ENGINES
from qee.documents.codec import DecimalText, Document, Key, OmitEmpty, Positive, Sha256, one_of
from qee.documents.run import PRECISIONS

SANDBOXES = ("seccomp", "none")
EQUIVALENCES = ("equivalent", "equivalent_up_to_global_phase", "probably_equivalent", "not_checked")


@dataclass(frozen=True)
class Size(Document):
    """Depth and two-qubit gates of a circuit."""

    depth: int
    two_qubit_gates: int


@dataclass(frozen=True)
class CompiledCircuit(Document):
    """How one circuit was executed: the resolved method, depth and two-qubit gates as executed.

    `compiled_sha256` is the digest of the executed operations, parameters unbound; it is comparable within one engine
    and version. `source` is the circuit's size as it was read, where it was transpiled. `estimated_success` is a
    decimal string, the product of the noise model's gate and readout fidelities, where there is a model. `equivalent`
    is what the check of spec.transpile.verifyEquivalence found, one of EQUIVALENCES; None where none was asked for.
    """

    circuit: str
    method: str
    depth: int
    two_qubit_gates: int
    compiled_sha256: Sha256
    source: Size | None = None
    estimated_success: DecimalText | None = None
    equivalent: Annotated[str, one_of(*EQUIVALENCES)] | None = None


@dataclass(frozen=True)
class NoiseModel(Document):
    """What noise the circuits ran under: `name` is the device's, or "typed". The rest is a device's snapshot."""

    name: str
    basis_gates: tuple[str, ...] = ()
    qubits: Positive | None = None
    calibration_time: str | None = None


@dataclass(frozen=True)
class ProviderJob(Document):
    """One job at the provider. `raw_sha256` is the digest of its result as the provider sent it; empty: none came."""

    handle: str
    raw_sha256: OmitEmpty[Sha256] = ""


@dataclass(frozen=True)
class ProviderRun(Document):
    """Where a provider has executed the circuits, and what exactly was sent.

    `target_sha256` is the digest of the device's snapshot that was compiled for, `compiled_sha256` that of the compiled
    document. `calibration_time` is the device's, RFC 3339, as it was known when the job was compiled.
    """

    device: str
    jobs: tuple[ProviderJob, ...]
    target_sha256: Sha256
    compiled_sha256: Sha256
    calibration_time: str | None = None


@dataclass(frozen=True)
class Provenance(Document):
    """What produced a result. `engine` is a simulator's, or the provider: then `provider` says the rest, and what a
    runner alone knows (precision, sandbox, threads, times of its process) is left out.

    Times are RFC 3339 in UTC, `cpu_seconds` is a decimal string of the runner process's user and system time,
    `simulation_seconds` one of the wall-clock time in which it executed circuits, `max_rss_mib` its peak resident
    memory. `sandbox` is one of SANDBOXES, `threads` what the engine might use at most.
    """

    engine: Annotated[str, one_of(*ENGINES)]
    versions: Mapping[str, str]
    precision: Annotated[str, one_of(*PRECISIONS)]
    sandbox: Annotated[str, one_of(*SANDBOXES)]
    threads: Positive
    circuits: tuple[CompiledCircuit, ...]
    start_time: str
    completion_time: str
    cpu_seconds: DecimalText
    max_rss_mib: Annotated[int, Key("maxRssMiB")]
    shards: Positive = 1
    noise: NoiseModel | None = None
    simulation_seconds: DecimalText = "0"
    provider: ProviderRun | None = None

    @classmethod
    def at_provider(
        cls,
        engine: str,
        versions: Mapping[str, str],
        circuits: tuple[CompiledCircuit, ...],
        start_time: str,
        completion_time: str,
        provider: ProviderRun,
    ) -> Self:
        """Of a result that a provider gave: nothing is known of its processes."""
        return cls(engine, versions, "", "", 0, circuits, start_time, completion_time, "0", 0, provider=provider)

    def as_json(self) -> dict[str, Any]:
        if self.provider is None:
            return super().as_json()
        return _AtProvider(
            self.engine, self.versions, self.circuits, self.start_time, self.completion_time, self.provider
        ).as_json()

    @classmethod
    def read(cls, value: dict[str, Any]) -> Self:
        return cls.at_provider(**vars(_AtProvider.read(value))) if "provider" in value else super().read(value)


@dataclass(frozen=True)
class _AtProvider(Document):
    """What is written of `Provenance.at_provider`."""

    engine: str
    versions: Mapping[str, str]
    circuits: tuple[CompiledCircuit, ...]
    start_time: str
    completion_time: str
    provider: ProviderRun
