"""When the API server asks the webhook: on every creation, and on updates that touch what a signature covers.

Status, finalizers, unsigned metadata, `suspend` and the TTL never reach it, so they work while it is down. The fields
are compared one by one: the whole spec would take in the mutable ones. Every step asks `has` first: an expression that
fails to evaluate refuses the request, and a finalizer that cannot be removed holds a namespace for ever.
"""

from typing import Any

from pydantic.alias_generators import to_camel

from qee.api.job import MUTABLE, QuantumJobSpec
from qee.api.names import ANNOTATION_SIGNATURE, PASSED_ON_LABELS

NAME = "signed-part"


def match_conditions() -> list[dict[str, str]]:
    """The `matchConditions` of the ValidatingWebhookConfiguration."""
    fields = [to_camel(name) for name in QuantumJobSpec.model_fields]
    changes = [_field(name) for name in fields if name not in MUTABLE]
    changes += [_entry("annotations", ANNOTATION_SIGNATURE), *(_entry("labels", label) for label in PASSED_ON_LABELS)]
    changed = "\n  || ".join(changes)
    expression = f"oldObject == null || (!has(object.metadata.deletionTimestamp) && (\n  {changed}))"
    return [{"name": NAME, "expression": expression}]


def _field(name: str) -> str:
    new, old = f"object.spec.{name}", f"oldObject.spec.{name}"
    return f"has({new}) != has({old}) || (has({new}) && {new} != {old})"


def _entry(of: str, key: str) -> str:
    new, old = (f'{obj}.metadata.?{of}[?"{key}"].orValue("")' for obj in ("object", "oldObject"))
    return f"{new} != {old}"


def chart_file() -> dict[str, Any]:
    """As the chart reads it: `{{ .Files.Get "files/webhook-match-conditions.yaml" }}` below `webhooks[0]`."""
    return {"matchConditions": match_conditions()}
