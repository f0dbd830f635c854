"""What a run gives back, the same for every backend: the result document and the summary that a job's status shows.

Standard library only: the runner imports this before its sandbox is on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qee.api.json_fields import Fields, canonical_json, parsed
from qee.api.names import BIT_ORDER, RESULT_FORMAT
from qee.api.run_document import ENGINES, PRECISIONS, JobReference

SANDBOXES = ("seccomp", "none")
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
class CircuitResult:
    """Counts of one circuit and parameter set.

    `registers` are in order of declaration. A key of `counts` joins all of them without spaces, the last declared
    register leftmost; in `register_counts` each register has its marginal distribution. Bit 0 is rightmost in both.
    """

    circuit: str
    parameter_set: int
    shots: int
    registers: tuple[Register, ...]
    counts: Mapping[str, int]
    register_counts: Mapping[str, Mapping[str, int]]

    def as_json(self) -> dict[str, Any]:
        return {
            "circuit": self.circuit,
            "parameterSet": self.parameter_set,
            "shots": self.shots,
            "registers": [register.as_json() for register in self.registers],
            "counts": dict(self.counts),
            "registerCounts": {name: dict(counts) for name, counts in self.register_counts.items()},
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "CircuitResult":
        marginals = fields.object("registerCounts")
        result = cls(
            circuit=fields.text("circuit"),
            parameter_set=fields.integer("parameterSet"),
            shots=fields.integer("shots", at_least=1),
            registers=tuple(Register.from_fields(register) for register in fields.objects("registers")),
            counts=fields.counts("counts"),
            register_counts={name: marginals.counts(name) for name in marginals.names()},
        )
        fields.finish()
        return result


@dataclass(frozen=True)
class CompiledCircuit:
    """How one circuit was executed: the resolved method, the seed as used, depth and two-qubit gates as executed.

    `compiled_sha256` is the digest of the executed operations; it is comparable within one engine and version.
    """

    circuit: str
    method: str
    seed: int
    depth: int
    two_qubit_gates: int
    compiled_sha256: str

    def as_json(self) -> dict[str, Any]:
        return {
            "circuit": self.circuit,
            "method": self.method,
            "seed": self.seed,
            "depth": self.depth,
            "twoQubitGates": self.two_qubit_gates,
            "compiledSha256": self.compiled_sha256,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "CompiledCircuit":
        compiled = cls(
            circuit=fields.text("circuit"),
            method=fields.text("method"),
            seed=fields.integer("seed"),
            depth=fields.integer("depth"),
            two_qubit_gates=fields.integer("twoQubitGates"),
            compiled_sha256=fields.sha256("compiledSha256"),
        )
        fields.finish()
        return compiled


@dataclass(frozen=True)
class Provenance:
    """What produced a result.

    Times are RFC 3339 in UTC, `cpu_seconds` is a decimal string of the runner process's user and system time,
    `max_rss_mib` its peak resident memory. `sandbox` is one of SANDBOXES, `threads` what the engine might use at most.
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

    def as_json(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "versions": dict(self.versions),
            "precision": self.precision,
            "shards": self.shards,
            "sandbox": self.sandbox,
            "threads": self.threads,
            "circuits": [compiled.as_json() for compiled in self.circuits],
            "startTime": self.start_time,
            "completionTime": self.completion_time,
            "cpuSeconds": self.cpu_seconds,
            "maxRssMiB": self.max_rss_mib,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "Provenance":
        versions = fields.object("versions")
        provenance = cls(
            engine=fields.one_of("engine", ENGINES),
            versions={name: versions.text(name) for name in versions.names()},
            precision=fields.one_of("precision", PRECISIONS),
            shards=fields.integer("shards", at_least=1),
            sandbox=fields.one_of("sandbox", SANDBOXES),
            threads=fields.integer("threads", at_least=1),
            circuits=tuple(CompiledCircuit.from_fields(compiled) for compiled in fields.objects("circuits")),
            start_time=fields.text("startTime"),
            completion_time=fields.text("completionTime"),
            cpu_seconds=fields.decimal("cpuSeconds"),
            max_rss_mib=fields.integer("maxRssMiB"),
        )
        fields.finish()
        return provenance


@dataclass(frozen=True)
class ResultDocument:
    """The result of one run, the same for every backend."""

    job: JobReference
    backend: str
    simulated: bool
    results: tuple[CircuitResult, ...]
    seed: int
    seed_drawn: bool
    provenance: Provenance

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
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "ResultDocument":
        """Raises DocumentError with the path of the field that is wrong."""
        fields = parsed(data, "result document")
        fields.literal("apiVersion", RESULT_FORMAT)
        fields.literal("bitOrder", BIT_ORDER)
        document = cls(
            job=JobReference.from_fields(fields.object("job")),
            backend=fields.text("backend"),
            simulated=fields.boolean("simulated"),
            results=tuple(CircuitResult.from_fields(result) for result in fields.objects("results")),
            seed=fields.integer("seed"),
            seed_drawn=fields.boolean("seedDrawn"),
            provenance=Provenance.from_fields(fields.object("provenance")),
        )
        fields.finish()
        return document


def summary(result: ResultDocument) -> dict[str, Any]:
    """What a job's status shows: of the first SUMMARY_RESULTS results the SUMMARY_COUNTS most frequent outcomes."""
    first = result.results[:SUMMARY_RESULTS]
    shown: list[dict[str, Any]] = [
        {
            "circuit": each.circuit,
            "parameterSet": each.parameter_set,
            "shots": each.shots,
            "counts": _shown_counts(each),
            "distinct": len(each.counts),
        }
        for each in first
    ]
    cut = len(result.results) > len(first) or any(len(s["counts"]) < s["distinct"] for s in shown)
    return {"results": shown, "truncated": cut}


def _shown_counts(result: CircuitResult) -> dict[str, int]:
    if sum(register.size for register in result.registers) > SUMMARY_BITS:
        return {}
    return dict(sorted(result.counts.items(), key=lambda item: (-item[1], item[0]))[:SUMMARY_COUNTS])
