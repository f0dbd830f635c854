"""The operator's way of a hostile job, as `measuring` runs it: from the spec to the prepared run document."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from tests import builders
from tests.unit.bounds.formats import CIRQ, QPY
from tests.unit.bounds.programs import SHAPES, Hostile

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.api.names import MAX_INLINE_BYTES
from qee.core.prepare import prepare
from qee.core.refusal import Refused
from qee.core.sources import Sources

PROGRAMS: dict[str, Hostile] = {**SHAPES, **QPY, **CIRQ}


def job_of(shape: Hostile, size: int) -> tuple[dict[str, Any], bytes]:
    """The manifest, and the program's bytes: inline where they fit, else from a ConfigMap."""
    program = shape.make(size)
    place: dict[str, Any] = {"source": program.decode()} if shape.format != "qpy" else {}
    if shape.format == "qpy":
        place = {"data": base64.b64encode(program).decode()}
    if sum(map(len, place.values())) > MAX_INLINE_BYTES:
        digest = hashlib.sha256(program).hexdigest()
        place = {"configMapKeyRef": {"name": "programs", "key": "program"}, "sha256": digest}
    circuit = {"name": "c", "format": shape.format, **place, **shape.circuit(size)}
    manifest = builders.job(circuits=[circuit], **{"activeDeadlineSeconds": 60, **shape.spec})
    manifest["metadata"]["uid"] = "u-1"
    return manifest, program


def _programs(name: str, size: int) -> Callable[[], str]:
    shape = PROGRAMS[name]
    manifest, program = job_of(shape, size)
    provider = "cirq" if shape.format == "cirq-json" else "aer"
    backend = QuantumBackend.model_validate(builders.backend(provider=provider))

    def work() -> str:
        job = QuantumJob.model_validate(manifest)
        try:
            prepare(job, backend, Sources({"c": program}), {}, "1")
        except Refused as refusal:
            if "MemoryError" in refusal.message:
                raise MemoryError from None
            return f"{refusal.reason}: {refusal.message}"
        return "prepared"

    return work


KINDS: dict[str, Callable[[str, int], Callable[[], str]]] = {"programs": _programs}
