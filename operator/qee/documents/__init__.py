"""What goes into a runner and what comes out, as canonical JSON: one place to import both documents from.

Both are refused as a whole when a field is unknown, missing or of another type: operator and runner come from different
images, and a field that one of them ignores would change a result silently.
"""

from qee.documents.canonical import DocumentError, canonical_json
from qee.documents.check import check_result, check_shard, register_marginals
from qee.documents.merge import merged
from qee.documents.provenance import CompiledCircuit, NoiseModel, Provenance, Size
from qee.documents.result import Array, CircuitResult, Expectation, Missing, Register, ResultDocument
from qee.documents.run import (
    FORMATS,
    METHODS,
    OUTPUTS,
    PRECISIONS,
    CircuitRun,
    JobReference,
    NoiseOptions,
    Observable,
    RunDocument,
    SimulatorOptions,
    TranspileOptions,
    circuit_seed,
    drawn_seed,
)
from qee.documents.status import summary

__all__ = [
    "FORMATS",
    "METHODS",
    "OUTPUTS",
    "PRECISIONS",
    "Array",
    "CircuitResult",
    "CircuitRun",
    "CompiledCircuit",
    "DocumentError",
    "Expectation",
    "JobReference",
    "Missing",
    "NoiseModel",
    "NoiseOptions",
    "Observable",
    "Provenance",
    "Register",
    "ResultDocument",
    "RunDocument",
    "SimulatorOptions",
    "Size",
    "TranspileOptions",
    "canonical_json",
    "check_result",
    "check_shard",
    "circuit_seed",
    "drawn_seed",
    "merged",
    "register_marginals",
    "summary",
]
