"""The part of a QuantumJob that a signature covers, in one canonical form.

Signed: group, version, kind, namespace, name, the labels that change what runs, and the spec without the fields that
may change while the job exists. Everything else (other labels, annotations, finalizers, owners, status) is unsigned, so
Argo CD, Helm and kubectl may write it; QEE never acts on it.

Values are filled in with the defaults of the profile, so that it makes no difference whether the API server has done so
already. A change of what is projected, or of a default, is a new profile: the test vectors of the old one must stand.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from qee.api import names
from qee.api.explain import brief
from qee.api.job import MUTABLE, QuantumJob, QuantumJobSpec
from qee.signing import canonical

PROFILE = "qee.dev/quantumjob/v1alpha1#1"
SIGNED_LABELS = names.PASSED_ON_LABELS  # the operator hands these on to Kueue, and looks at no other
_UNSIGNED = {name for name in QuantumJobSpec.model_fields if to_camel(name) in MUTABLE}
FINE_CIRCUITS = 16  # up to so many circuits each of their fields is told apart; an annotation has an end
_NOT_UNICODE = "the object holds text that is not Unicode (a lone surrogate); write it anew"
SHOWN = 64  # characters of a value that the statement holds in clear, for messages


class ProjectionProblem(ValueError):
    """The object is no QuantumJob that this version knows. The message names field, value and remedy."""


@dataclass(frozen=True)
class Projection:
    """value: the canonical value. digest: the SHA-512 of its RFC 8785 form, in hexadecimal."""

    value: dict[str, Any]
    digest: str

    def fields(self) -> dict[str, str]:
        """Path to value: canonical JSON where it is short and no program, else its SHA-256.

        So a denial can say what was signed, and nobody reads a circuit in it.
        """
        return {path: _digest(value) if _withheld(path) else _shown(value) for path, value in _leaves(self.value)}

    def difference(self, signed: Mapping[str, str]) -> str:
        """Field by field against the signer's `fields()`: what differs, as a sentence. Empty where nothing does."""
        found = self.fields()
        lines = [
            f"{path}: signed {signed.get(path, 'nothing')}, found {found.get(path, 'nothing')}"
            for path in sorted(signed.keys() | found.keys())
            if signed.get(path) != found.get(path)
        ]
        more = f", and {len(lines) - 3} more" if len(lines) > 3 else ""
        return "; ".join(lines[:3]) + more


def project(obj: Mapping[str, Any]) -> Projection:
    """The projection of a QuantumJob as plain values, from a file or from the API server. Raises ProjectionProblem."""
    try:
        job = QuantumJob.model_validate({k: v for k, v in obj.items() if k != "status"})
    except ValidationError as error:
        raise ProjectionProblem(brief(error)) from error
    except UnicodeEncodeError as error:
        raise ProjectionProblem(_NOT_UNICODE) from error
    return of_job(job)


def of_job(job: QuantumJob) -> Projection:
    """The projection of a QuantumJob that was read already. Raises ProjectionProblem for what JSON cannot carry."""
    spec = job.spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=_UNSIGNED)
    labels = {k: v for k, v in job.metadata.labels.items() if k in SIGNED_LABELS}
    value: dict[str, Any] = {
        "apiVersion": job.api_version,
        "kind": job.kind,
        "metadata": {"name": job.metadata.name, "namespace": job.metadata.namespace, "labels": labels},
        "spec": spec,
    }
    try:
        return Projection(value, hashlib.sha512(canonical.dumps(value)).hexdigest())
    except rfc8785.CanonicalizationError as error:
        raise ProjectionProblem(_NOT_UNICODE) from error


def references(obj: Mapping[str, Any]) -> list[dict[str, str]]:
    """The ConfigMap keys of the circuits' programs and tables, with the digests that their bytes must have."""
    found = []
    for circuit in (obj.get("spec") or {}).get("circuits") or []:
        for place in (circuit, circuit.get("parametersFrom") or {}):
            reference = place.get("configMapKeyRef")
            if reference:
                entry = {"kind": "ConfigMap", "name": reference["name"], "key": reference["key"]}
                found.append({**entry, "sha256": place.get("sha256", "")})
    return found


def _leaves(value: dict[str, Any]) -> list[tuple[str, Any]]:
    spec = value["spec"]
    leaves = [(f"metadata.labels[{key}]", text) for key, text in value["metadata"]["labels"].items()]
    leaves += [(f"spec.{name}", part) for name, part in spec.items() if name != "circuits"]
    for index, circuit in enumerate(spec["circuits"]):
        path = f"spec.circuits[{index}]"
        if len(spec["circuits"]) > FINE_CIRCUITS:
            leaves.append((path, circuit))
        else:
            leaves += [(f"{path}.{name}", part) for name, part in circuit.items()]
    return leaves


def _withheld(path: str) -> bool:
    """Whether there is a program at the path: it may be somebody's secret, however short."""
    return path.startswith("spec.circuits[") and path.endswith(("].source", "].data", "]"))


def _shown(value: Any) -> str:
    text = canonical.dumps(value)
    return text.decode() if len(text) <= SHOWN else _digest(value)


def _digest(value: Any) -> str:
    return f"sha256:{hashlib.sha256(canonical.dumps(value)).hexdigest()[:16]}"
