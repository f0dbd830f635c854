"""What the chart's ValidatingAdmissionPolicies take from the models: immutable fields, and labels of children."""

from typing import Any

from pydantic.alias_generators import to_camel

from qee.api import names
from qee.api.job import MUTABLE, QuantumJobSpec

CHILD_LABELS = (names.LABEL_JOB_UID, names.LABEL_JOB_NAME, names.LABEL_ATTEMPT, names.LABEL_COMPONENT)
"""What the operator and people go by when they look for a job's children. Nobody else may put them on Jobs and pods."""


def immutable_spec() -> dict[str, Any]:
    """The `validations` that keep the spec as it was created, one for each field, so that a message can name it.

    The CRD has the same rules; these hold where somebody took them out of it.
    """
    fields = [to_camel(name) for name in QuantumJobSpec.model_fields]
    return {"validations": [_kept(name) for name in fields if name not in MUTABLE]}


def child_labels() -> dict[str, Any]:
    return {"labels": list(CHILD_LABELS)}


def _kept(name: str) -> dict[str, str]:
    new, old = f"object.spec.{name}", f"oldObject.spec.{name}"
    return {
        "expression": f"has({new}) == has({old}) && (!has({new}) || {new} == {old})",
        "message": f"spec.{name} is immutable; create another QuantumJob",
        "reason": "Forbidden",
    }
