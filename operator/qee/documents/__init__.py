"""What goes into a runner and what comes out, as canonical JSON: one place to import both documents from.

Both are refused as a whole when a field is unknown, missing or of another type: operator and runner come from different
images, and a field that one of them ignores would change a result silently.
"""

from qee.documents.json_fields import DocumentError, canonical_json
from qee.documents.result import (
    Array,
    CircuitResult,
    CompiledCircuit,
    Expectation,
    Missing,
    NoiseModel,
    Provenance,
    Register,
    ResultDocument,
    Size,
    summary,
)
from qee.documents.result_check import check_result, check_shard, register_marginals
from qee.documents.result_merge import merged
from qee.documents.run import (
    ENGINES,
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

__all__ = [
    "ENGINES",
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
