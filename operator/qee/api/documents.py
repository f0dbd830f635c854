"""What goes into a runner and what comes out, as canonical JSON: one place to import both documents from.

Both are refused as a whole when a field is unknown, missing or of another type: operator and runner come from different
images, and a field that one of them ignores would change a result silently.
"""

from qee.api.json_fields import DocumentError, canonical_json
from qee.api.result_check import check_result, register_marginals
from qee.api.result_document import CircuitResult, CompiledCircuit, Provenance, Register, ResultDocument, summary
from qee.api.run_document import (
    ENGINES,
    FORMATS,
    METHODS,
    OUTPUTS,
    PRECISIONS,
    CircuitRun,
    JobReference,
    RunDocument,
    SimulatorOptions,
    circuit_seed,
    drawn_seed,
)

__all__ = [
    "ENGINES",
    "FORMATS",
    "METHODS",
    "OUTPUTS",
    "PRECISIONS",
    "CircuitResult",
    "CircuitRun",
    "CompiledCircuit",
    "DocumentError",
    "JobReference",
    "Provenance",
    "Register",
    "ResultDocument",
    "RunDocument",
    "SimulatorOptions",
    "canonical_json",
    "check_result",
    "circuit_seed",
    "drawn_seed",
    "register_marginals",
    "summary",
]
