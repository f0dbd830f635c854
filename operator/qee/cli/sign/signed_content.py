"""What a signature is put under, in a few lines: said before a key is opened."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from qee.api.job import QuantumJobSpec
from qee.cli.terminal import printable
from qee.kube.port import Object


def lines(job: Object) -> Iterator[str]:
    """Backend, shots and cap of a job that is known to be valid, then each circuit with its digest."""
    meta, spec = job["metadata"], job["spec"]
    default = QuantumJobSpec.model_fields["shots"].default
    shots = spec.get("shots", default)
    cap = spec.get("maxCost")
    limit = f"at most {cap['amount']} {cap['currency']} (maxCost)" if cap else "no cap on its cost (maxCost)"
    name = f"{meta['namespace']}/{meta['name']}"
    yield printable(f"{name}: to be signed: backend {spec['backendRef']['name']}, {shots} shots, {limit}")
    for circuit in spec["circuits"]:
        yield printable(f"{name}: circuit {circuit['name']}: {', '.join(_circuit(circuit, shots))}")


def _circuit(circuit: Mapping[str, Any], shots: int) -> Iterator[str]:
    yield str(circuit["format"])
    if "source" in circuit:
        yield f"sha256 {hashlib.sha256(circuit['source'].encode()).hexdigest()}"
    elif "data" in circuit:
        yield f"sha256 {hashlib.sha256(base64.b64decode(circuit['data'])).hexdigest()}"
    else:
        yield f"sha256 {circuit['sha256']}"
    yield f"{circuit.get('shots') or shots} shots"
    if columns := circuit.get("parameters"):
        yield f"{len(next(iter(columns.values())))} rows of parameters"
    if table := circuit.get("parametersFrom"):
        yield f"parameters of sha256 {table['sha256']}"
