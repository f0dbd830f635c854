"""What `prepare` writes and `submit` sends: JSON with the protocol buffers in base64. Standard library only.

`program` and `runContext` are Cirq's v2 Program and RunContext, `columns` the measured qubits by wire.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from qee.documents.canonical import canonical_json
from qee.documents.compiled import Unit, Usage

FORMATS = ("openqasm3", "openqasm2", "cirq-json")  # of the circuits that `prepare` reads
KEY = "qee"  # of the one measurement of a program
TARGET_FORMAT = "qee.dev/google-target/v1"  # of a processor's snapshot


def written(
    processor: str,
    selector: Mapping[str, str],
    program: bytes,
    run_context: bytes,
    columns: Sequence[str],
    options: Mapping[str, Any],
) -> bytes:
    return canonical_json(
        {
            "processor": processor,
            "selector": dict(selector),
            "program": base64.b64encode(program).decode(),
            "runContext": base64.b64encode(run_context).decode(),
            "columns": list(columns),
            **options,
        }
    )


def columns(payload: bytes) -> list[str]:
    found: list[str] = json.loads(payload)["columns"]
    return found


def usage(units: Sequence[Unit]) -> Usage:
    """Google charges for reserved time and publishes no price. `submit` holds the run to these shots."""
    return Usage(tasks=1, shots=sum(unit.shots for unit in units))
