"""What produced a result: engine and versions, how each circuit was compiled, noise, the provider's jobs.

Standard library only: the runner imports this before its sandbox is on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qee.api.names import ENGINES
from qee.documents.canonical import Fields
from qee.documents.run import PRECISIONS

SANDBOXES = ("seccomp", "none")
EQUIVALENCES = ("equivalent", "equivalent_up_to_global_phase", "probably_equivalent", "not_checked")


@dataclass(frozen=True)
class Size:
    """Depth and two-qubit gates of a circuit."""

    depth: int
    two_qubit_gates: int

    def as_json(self) -> dict[str, Any]:
        return {"depth": self.depth, "twoQubitGates": self.two_qubit_gates}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Size":
        size = cls(fields.integer("depth"), fields.integer("twoQubitGates"))
        fields.finish()
        return size


@dataclass(frozen=True)
class CompiledCircuit:
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
    compiled_sha256: str
    source: Size | None = None
    estimated_success: str | None = None
    equivalent: str | None = None

    def as_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {
            "circuit": self.circuit,
            "method": self.method,
            "depth": self.depth,
            "twoQubitGates": self.two_qubit_gates,
            "compiledSha256": self.compiled_sha256,
        }
        if self.source is not None:
            value["source"] = self.source.as_json()
        if self.estimated_success is not None:
            value["estimatedSuccess"] = self.estimated_success
        if self.equivalent is not None:
            value["equivalent"] = self.equivalent
        return value

    @classmethod
    def from_fields(cls, fields: Fields) -> "CompiledCircuit":
        compiled = cls(
            circuit=fields.text("circuit"),
            method=fields.text("method"),
            depth=fields.integer("depth"),
            two_qubit_gates=fields.integer("twoQubitGates"),
            compiled_sha256=fields.sha256("compiledSha256"),
            source=Size.from_fields(fields.object("source")) if fields.has("source") else None,
            estimated_success=fields.decimal("estimatedSuccess") if fields.has("estimatedSuccess") else None,
            equivalent=fields.one_of("equivalent", EQUIVALENCES) if fields.has("equivalent") else None,
        )
        fields.finish()
        return compiled


@dataclass(frozen=True)
class NoiseModel:
    """What noise the circuits ran under: `name` is the device's, or "typed". The rest is a device's snapshot."""

    name: str
    basis_gates: tuple[str, ...] = ()
    qubits: int | None = None
    calibration_time: str | None = None

    def as_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {"name": self.name, "basisGates": list(self.basis_gates)}
        if self.qubits is not None:
            value["qubits"] = self.qubits
        if self.calibration_time is not None:
            value["calibrationTime"] = self.calibration_time
        return value

    @classmethod
    def from_fields(cls, fields: Fields) -> "NoiseModel":
        model = cls(
            name=fields.text("name"),
            basis_gates=tuple(fields.texts("basisGates")),
            qubits=fields.integer("qubits", at_least=1) if fields.has("qubits") else None,
            calibration_time=fields.text("calibrationTime") if fields.has("calibrationTime") else None,
        )
        fields.finish()
        return model


@dataclass(frozen=True)
class ProviderJob:
    """One job at the provider. `raw_sha256` is the digest of its result as the provider sent it; empty: none came."""

    handle: str
    raw_sha256: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"handle": self.handle, **({"rawSha256": self.raw_sha256} if self.raw_sha256 else {})}

    @classmethod
    def from_fields(cls, fields: Fields) -> "ProviderJob":
        job = cls(fields.text("handle"), fields.sha256("rawSha256") if fields.has("rawSha256") else "")
        fields.finish()
        return job


@dataclass(frozen=True)
class ProviderRun:
    """Where a provider has executed the circuits, and what exactly was sent.

    `target_sha256` is the digest of the device's snapshot that was compiled for, `compiled_sha256` that of the compiled
    document. `calibration_time` is the device's, RFC 3339, as it was known when the job was compiled.
    """

    device: str
    jobs: tuple[ProviderJob, ...]
    target_sha256: str
    compiled_sha256: str
    calibration_time: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "device": self.device,
            "jobs": [job.as_json() for job in self.jobs],
            "targetSha256": self.target_sha256,
            "compiledSha256": self.compiled_sha256,
            **({"calibrationTime": self.calibration_time} if self.calibration_time is not None else {}),
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "ProviderRun":
        run = cls(
            device=fields.text("device"),
            jobs=tuple(ProviderJob.from_fields(job) for job in fields.objects("jobs")),
            target_sha256=fields.sha256("targetSha256"),
            compiled_sha256=fields.sha256("compiledSha256"),
            calibration_time=fields.text("calibrationTime") if fields.has("calibrationTime") else None,
        )
        fields.finish()
        return run


@dataclass(frozen=True)
class Provenance:
    """What produced a result. `engine` is a simulator's, or the provider: then `provider` says the rest, and what a
    runner alone knows (precision, sandbox, threads, times of its process) is left out.

    Times are RFC 3339 in UTC, `cpu_seconds` is a decimal string of the runner process's user and system time,
    `simulation_seconds` one of the wall-clock time in which it executed circuits, `max_rss_mib` its peak resident
    memory. `sandbox` is one of SANDBOXES, `threads` what the engine might use at most.
    """

    engine: str
    versions: Mapping[str, str]
    precision: str
    sandbox: str
    threads: int
    circuits: tuple[CompiledCircuit, ...]
    start_time: str
    completion_time: str
    cpu_seconds: str
    max_rss_mib: int
    shards: int = 1
    noise: NoiseModel | None = None
    simulation_seconds: str = "0"
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
    ) -> "Provenance":
        """Of a result that a provider gave: nothing is known of its processes."""
        return cls(engine, versions, "", "", 0, circuits, start_time, completion_time, "0", 0, provider=provider)

    def as_json(self) -> dict[str, Any]:
        common = {
            "engine": self.engine,
            "versions": dict(self.versions),
            "circuits": [compiled.as_json() for compiled in self.circuits],
            "startTime": self.start_time,
            "completionTime": self.completion_time,
        }
        if self.provider is not None:
            return {**common, "provider": self.provider.as_json()}
        return {
            **common,
            "shards": self.shards,
            **({"noise": self.noise.as_json()} if self.noise is not None else {}),
            "precision": self.precision,
            "sandbox": self.sandbox,
            "threads": self.threads,
            "cpuSeconds": self.cpu_seconds,
            "simulationSeconds": self.simulation_seconds,
            "maxRssMiB": self.max_rss_mib,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "Provenance":
        versions = fields.object("versions")
        if fields.has("provider"):
            provenance = cls.at_provider(
                engine=fields.text("engine"),
                versions={name: versions.text(name) for name in versions.names()},
                circuits=tuple(CompiledCircuit.from_fields(compiled) for compiled in fields.objects("circuits")),
                start_time=fields.text("startTime"),
                completion_time=fields.text("completionTime"),
                provider=ProviderRun.from_fields(fields.object("provider")),
            )
            fields.finish()
            return provenance
        provenance = cls(
            engine=fields.one_of("engine", ENGINES),
            versions={name: versions.text(name) for name in versions.names()},
            precision=fields.one_of("precision", PRECISIONS),
            shards=fields.integer("shards", at_least=1),
            noise=NoiseModel.from_fields(fields.object("noise")) if fields.has("noise") else None,
            sandbox=fields.one_of("sandbox", SANDBOXES),
            threads=fields.integer("threads", at_least=1),
            circuits=tuple(CompiledCircuit.from_fields(compiled) for compiled in fields.objects("circuits")),
            start_time=fields.text("startTime"),
            completion_time=fields.text("completionTime"),
            cpu_seconds=fields.decimal("cpuSeconds"),
            simulation_seconds=fields.decimal("simulationSeconds"),
            max_rss_mib=fields.integer("maxRssMiB"),
        )
        fields.finish()
        return provenance
