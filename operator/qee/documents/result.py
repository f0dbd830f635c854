"""What a run gives back, the same for every backend: the result document and the summary that a job's status shows.

Standard library only: the runner imports this before its sandbox is on.
"""

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qee.api.names import BIT_ORDER, RESULT_FORMAT
from qee.documents.json_fields import DocumentError, Fields, canonical_json, parsed
from qee.documents.run import ENGINES, PRECISIONS, JobReference

SANDBOXES = ("seccomp", "none")
DTYPES = {"float32": 4, "float64": 8, "complex64": 8, "complex128": 16}  # bytes of a number
EQUIVALENCES = ("equivalent", "equivalent_up_to_global_phase", "probably_equivalent", "not_checked")
SUMMARY_RESULTS = 8  # results shown in a job's status
SUMMARY_COUNTS = 16  # outcomes shown of each
SUMMARY_BITS = 256  # outcomes of more bits are not shown: status is not the place for kilobytes of a single key


@dataclass(frozen=True)
class Register:
    """A classical register of `size` bits (1 or more)."""

    name: str
    size: int

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "size": self.size}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Register":
        register = cls(fields.text("name"), fields.integer("size", at_least=1))
        fields.finish()
        return register


@dataclass(frozen=True)
class Array:
    """Numbers in C order, little-endian, base64: `dtype` is one of DTYPES, `shape` the lengths of its axes."""

    dtype: str
    shape: tuple[int, ...]
    data: str

    def as_json(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "shape": list(self.shape), "data": self.data}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Array":
        array = cls(fields.one_of("dtype", tuple(DTYPES)), tuple(fields.integers("shape")), fields.text("data"))
        fields.finish()
        return array

    def raw(self) -> bytes:
        """The numbers' bytes. Raises DocumentError where they are not as many as `shape` says."""
        try:
            data = base64.b64decode(self.data, validate=True)
        except binascii.Error:
            raise DocumentError("an array's data is not base64") from None
        if len(data) != DTYPES[self.dtype] * math.prod(self.shape):
            raise DocumentError("an array's data is not of its shape")
        return data


@dataclass(frozen=True)
class Expectation:
    """An observable's value and its standard error, decimal strings. `shots` is 0 where the value is exact."""

    value: str
    standard_error: str
    shots: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value, "standardError": self.standard_error, "shots": self.shots}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Expectation":
        found = cls(fields.decimal("value"), fields.decimal("standardError"), fields.integer("shots"))
        fields.finish()
        return found


@dataclass(frozen=True)
class CircuitResult:
    """What was computed of one circuit and parameter set; what was not asked for is None.

    `registers` are in order of declaration. A key of `counts` joins all of them without spaces, the last declared
    register leftmost; in `register_counts` each register has its marginal distribution. Bit 0 is rightmost in both.
    `shots` is what `counts` and `memory` hold, 0 where neither was asked for. `memory` has a key of `counts` for each
    shot, in order. `probabilities` is exact: an array of 2^bits, indexed by the integer that a key is in binary.
    `statevector` is the state before the final measurements: an array of 2^qubits, qubit 0 the least significant.
    `seeds` are those of each shard that took part. `distribution` is what a provider gives in place of counts where it
    measured none that it tells: probabilities by key, decimal strings.
    """

    circuit: str
    parameter_set: int
    shots: int
    registers: tuple[Register, ...] = ()
    counts: Mapping[str, int] | None = None
    register_counts: Mapping[str, Mapping[str, int]] | None = None
    memory: tuple[str, ...] | None = None
    probabilities: Array | None = None
    statevector: Array | None = None
    expectation: Mapping[str, Expectation] | None = None
    seeds: tuple[int, ...] = ()
    distribution: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {
            "circuit": self.circuit,
            "parameterSet": self.parameter_set,
            "shots": self.shots,
            "registers": [register.as_json() for register in self.registers],
            "seeds": list(self.seeds),
        }
        if self.counts is not None:
            value["counts"] = dict(self.counts)
        if self.register_counts is not None:
            value["registerCounts"] = {name: dict(counts) for name, counts in self.register_counts.items()}
        if self.memory is not None:
            value["memory"] = list(self.memory)
        if self.probabilities is not None:
            value["probabilities"] = self.probabilities.as_json()
        if self.distribution is not None:
            value["distribution"] = dict(self.distribution)
        if self.statevector is not None:
            value["statevector"] = self.statevector.as_json()
        if self.expectation is not None:
            value["expectation"] = {name: each.as_json() for name, each in self.expectation.items()}
        return value

    @classmethod
    def from_fields(cls, fields: Fields) -> "CircuitResult":
        marginals = fields.object("registerCounts") if fields.has("registerCounts") else None
        values = fields.object("expectation") if fields.has("expectation") else None
        given = fields.object("distribution") if fields.has("distribution") else None
        result = cls(
            circuit=fields.text("circuit"),
            parameter_set=fields.integer("parameterSet"),
            shots=fields.integer("shots"),
            registers=tuple(Register.from_fields(register) for register in fields.objects("registers")),
            counts=fields.counts("counts") if fields.has("counts") else None,
            register_counts=None if marginals is None else {name: marginals.counts(name) for name in marginals.names()},
            memory=tuple(fields.texts("memory")) if fields.has("memory") else None,
            probabilities=Array.from_fields(fields.object("probabilities")) if fields.has("probabilities") else None,
            statevector=Array.from_fields(fields.object("statevector")) if fields.has("statevector") else None,
            expectation=None
            if values is None
            else {name: Expectation.from_fields(values.object(name)) for name in values.names()},
            seeds=tuple(fields.integers("seeds")),
            distribution=None if given is None else {name: given.decimal(name) for name in given.names()},
        )
        fields.finish()
        return result


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


@dataclass(frozen=True)
class Missing:
    """A shard that gave nothing, and why: a reason of docs/reference/reasons.md and a message."""

    index: int
    reason: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"index": self.index, "reason": self.reason, "message": self.message}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Missing":
        missing = cls(fields.integer("index"), fields.text("reason"), fields.text("message"))
        fields.finish()
        return missing


@dataclass(frozen=True)
class ResultDocument:
    """The result of one run, the same for every backend.

    `parameters` are the columns of each circuit that is a sweep: row i is parameter set i. `missing` are shards that
    failed for good: then `results` holds what the others gave.
    """

    job: JobReference
    backend: str
    simulated: bool
    results: tuple[CircuitResult, ...]
    seed: int
    seed_drawn: bool
    provenance: Provenance
    parameters: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()

    def to_bytes(self) -> bytes:
        return canonical_json(
            {
                "apiVersion": RESULT_FORMAT,
                "job": self.job.as_json(),
                "backend": self.backend,
                "simulated": self.simulated,
                "bitOrder": BIT_ORDER,
                "results": [result.as_json() for result in self.results],
                "seed": self.seed,
                "seedDrawn": self.seed_drawn,
                "provenance": self.provenance.as_json(),
                **({"parameters": columns_json(self.parameters)} if self.parameters else {}),
                **({"missing": [each.as_json() for each in self.missing]} if self.missing else {}),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "ResultDocument":
        """Raises DocumentError with the path of the field that is wrong."""
        fields = parsed(data, "result document")
        fields.literal("apiVersion", RESULT_FORMAT)
        fields.literal("bitOrder", BIT_ORDER)
        sweeps = fields.object("parameters") if fields.has("parameters") else None
        document = cls(
            job=JobReference.from_fields(fields.object("job")),
            backend=fields.text("backend"),
            simulated=fields.boolean("simulated"),
            results=tuple(CircuitResult.from_fields(result) for result in fields.objects("results")),
            seed=fields.integer("seed"),
            seed_drawn=fields.boolean("seedDrawn"),
            provenance=Provenance.from_fields(fields.object("provenance")),
            parameters={} if sweeps is None else {name: columns_from(sweeps.object(name)) for name in sweeps.names()},
            missing=tuple(Missing.from_fields(each) for each in fields.objects("missing"))
            if fields.has("missing")
            else (),
        )
        fields.finish()
        return document


def columns_from(fields: Fields) -> dict[str, tuple[str, ...]]:
    """The columns of one circuit's sweep."""
    return {name: tuple(fields.decimals(name)) for name in fields.names()}


def columns_json(sweeps: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[str, Any]:
    return {circuit: {name: list(column) for name, column in columns.items()} for circuit, columns in sweeps.items()}


def summary(result: ResultDocument) -> dict[str, Any]:
    """What a job's status shows: of the first SUMMARY_RESULTS results the values of observables and the SUMMARY_COUNTS
    most frequent outcomes.
    """
    first = result.results[:SUMMARY_RESULTS]
    shown = [_shown(each) for each in first]
    cut = len(result.results) > len(first) or any(len(s.get("counts", ())) < s.get("distinct", 0) for s in shown)
    return {"results": shown, "truncated": cut}


def _shown(each: CircuitResult) -> dict[str, Any]:
    value: dict[str, Any] = {"circuit": each.circuit, "parameterSet": each.parameter_set}
    if each.shots:
        value["shots"] = each.shots
    if each.counts is not None:
        value |= {"counts": _shown_counts(each, each.counts), "distinct": len(each.counts)}
    if each.expectation is not None:
        value["expectationValues"] = [
            {"observable": name, "value": _short(found.value), "standardError": _short(found.standard_error)}
            for name, found in each.expectation.items()
        ]
    return value


def _short(number: str) -> str:
    """At most 12 significant digits, as people read them."""
    return format(float(number), ".12g")


def _shown_counts(result: CircuitResult, counts: Mapping[str, int]) -> dict[str, int]:
    if sum(register.size for register in result.registers) > SUMMARY_BITS:
        return {}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SUMMARY_COUNTS])
