"""What a run gives back, the same for every backend: the result document and the summary that a job's status shows.

Standard library only: the runner imports this before its sandbox is on.
"""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from qee.api.names import BIT_ORDER, RESULT_FORMAT
from qee.documents.canonical import DocumentError
from qee.documents.codec import Counts, DecimalText, Document, Message, OmitEmpty, Positive, Sweeps, one_of
from qee.documents.provenance import Provenance
from qee.documents.run import JobReference

DTYPES = {"float32": 4, "float64": 8, "complex64": 8, "complex128": 16}  # bytes of a number


@dataclass(frozen=True)
class Register(Document):
    """A classical register of `size` bits (1 or more)."""

    name: str
    size: Positive


@dataclass(frozen=True)
class Array(Document):
    """Numbers in C order, little-endian, base64: `dtype` is one of DTYPES, `shape` the lengths of its axes."""

    dtype: Annotated[str, one_of(*DTYPES)]
    shape: tuple[int, ...]
    data: str

    def raw(self) -> bytes:
        """The numbers' bytes. Raises DocumentError where they are not as many as `shape` says."""
        try:
            data = base64.b64decode(self.data, validate=True)
        except ValueError:
            raise DocumentError("an array's data is not base64") from None
        if len(data) != DTYPES[self.dtype] * math.prod(self.shape):
            raise DocumentError("an array's data is not of its shape")
        return data


@dataclass(frozen=True)
class Expectation(Document):
    """An observable's value and its standard error, decimal strings. `shots` is 0 where the value is exact."""

    value: DecimalText
    standard_error: DecimalText
    shots: int = 0


@dataclass(frozen=True)
class CircuitResult(Document):
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
    counts: Counts | None = None
    register_counts: Mapping[str, Counts] | None = None
    memory: tuple[str, ...] | None = None
    probabilities: Array | None = None
    statevector: Array | None = None
    expectation: Mapping[str, Expectation] | None = None
    seeds: tuple[int, ...] = ()
    distribution: Mapping[str, DecimalText] | None = None


@dataclass(frozen=True)
class Missing(Document):
    """A shard that gave nothing, and why: a reason of docs/reference/reasons.md and a message."""

    index: int
    reason: str
    message: str


@dataclass(frozen=True)
class ResultDocument(Message, what="result document", apiVersion=RESULT_FORMAT, bitOrder=BIT_ORDER):
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
    parameters: OmitEmpty[Sweeps] = field(default_factory=dict)
    missing: OmitEmpty[tuple[Missing, ...]] = ()
