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
from qee.documents.canonical import DocumentError, Fields, canonical_json, parsed
from qee.documents.provenance import Provenance
from qee.documents.run import JobReference

DTYPES = {"float32": 4, "float64": 8, "complex64": 8, "complex128": 16}  # bytes of a number


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
