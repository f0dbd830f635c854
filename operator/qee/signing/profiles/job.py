"""A QuantumJob's signature.

Signed: group, version, kind, namespace, name, the labels that change what runs, and the spec without the fields that
may change while the job exists. Everything else (other labels, annotations, finalizers, owners, status) is unsigned, so
Argo CD, Helm and kubectl may write it; QEE never acts on it.

Values are filled in with the defaults of the profile, so that it makes no difference whether the API server has done so
already.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from qee.api import names
from qee.api.explain import brief
from qee.api.job import MUTABLE, QuantumJob, QuantumJobSpec
from qee.signing.algorithms import JOB_CONTEXT
from qee.signing.projection import NOT_UNICODE, Leaf, Profile, Projection, ProjectionProblem

PROFILE = "qee.dev/quantumjob/v1alpha1#1"
PAYLOAD_TYPE = "application/vnd.qee.dev.quantumjob-statement.v1+json"
SIGNED_LABELS = names.PASSED_ON_LABELS  # the operator hands these on to Kueue, and looks at no other
_UNSIGNED = {name for name in QuantumJobSpec.model_fields if to_camel(name) in MUTABLE}
FINE_CIRCUITS = 16  # up to so many circuits each of their fields is told apart; an annotation has an end


def project(obj: Mapping[str, Any]) -> Projection:
    """The projection of a QuantumJob as plain values, from a file or from the API server. Raises ProjectionProblem."""
    try:
        job = QuantumJob.model_validate({k: v for k, v in obj.items() if k != "status"})
    except ValidationError as error:
        raise ProjectionProblem(brief(error)) from error
    except UnicodeEncodeError as error:
        raise ProjectionProblem(NOT_UNICODE) from error
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
    return Projection.of(PROFILE, value, _leaves)


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


def _leaves(value: dict[str, Any]) -> Iterator[Leaf]:
    spec = value["spec"]
    yield from ((f"metadata.labels[{key}]", text, False) for key, text in value["metadata"]["labels"].items())
    yield from ((f"spec.{name}", part, False) for name, part in spec.items() if name != "circuits")
    for index, circuit in enumerate(spec["circuits"]):
        path = f"spec.circuits[{index}]"
        if len(spec["circuits"]) > FINE_CIRCUITS:
            yield path, circuit, True
        else:
            yield from ((f"{path}.{name}", part, name in ("source", "data")) for name, part in circuit.items())


JOB = Profile(
    name=PROFILE,
    kind=names.KIND_JOB,
    context=JOB_CONTEXT,
    payload_type=PAYLOAD_TYPE,
    project=project,
    references=references,
    job_spec=lambda value: value["spec"],
)
