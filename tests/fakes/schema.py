"""What the API server does to objects by their kind: defaults, validation, immutability.

The CRD's part is done by the typed models, from which the CRD is generated. Built-in kinds are neither defaulted nor
validated, but for immutable ConfigMaps; a test that needs defaults adds them by `FakeApiServer.admission`.
"""

import copy
from typing import Any

from pydantic import BaseModel, ValidationError

from qee.api import names
from qee.api.backend import QuantumBackend
from qee.api.budget import QuantumBudget
from qee.api.conditions import unknown_conditions
from qee.api.job import MUTABLE, QuantumJob
from qee.api.task import QuantumTask
from qee.api.trust import QuantumTrustPolicy
from qee.kube.port import ApiError, Object, Resource
from qee.kube.resources import BACKENDS, BUDGETS, CHILDREN, JOBS, PODS, TASKS, TRUST_POLICIES

_MODELS: dict[str, type[BaseModel]] = {
    JOBS.plural: QuantumJob,
    BACKENDS.plural: QuantumBackend,
    TRUST_POLICIES.plural: QuantumTrustPolicy,
    TASKS.plural: QuantumTask,
    BUDGETS.plural: QuantumBudget,
}
WITH_STATUS = frozenset({*_MODELS, CHILDREN.plural, PODS.plural})


def invalid(resource: Resource, name: str, *causes: tuple[str, str]) -> ApiError:
    """422 in the server's wording; a cause is a field and what is wrong with it."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    told = ", ".join(f"{field}: {message}" for field, message in causes)
    told = f"[{told}]" if len(causes) > 1 else told
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {told}', causes=causes)


def defaulted(resource: Resource, obj: Object) -> None:
    """Write the CRD's stored defaults into a new object."""
    if resource.plural == JOBS.plural and isinstance(obj.get("spec"), dict):
        spec = obj["spec"]
        spec.setdefault("shots", 1024)
        spec.setdefault("outputs", ["counts"])
        if isinstance(spec.get("backendRef"), dict):
            spec["backendRef"].setdefault("kind", names.KIND_BACKEND)
        obj["status"] = {"observedGeneration": -1, "conditions": unknown_conditions()}


def validate(resource: Resource, obj: Object, before: Object | None = None) -> None:
    """Raise 422 for what the server would not store."""
    name = obj["metadata"]["name"]
    model = _MODELS.get(resource.plural)
    if model is not None:
        try:
            model.model_validate(obj)
        except ValidationError as error:
            causes = [(".".join(map(str, e["loc"])), f"Invalid value: {e['msg']}") for e in error.errors()]
            raise invalid(resource, name, *causes) from None
    if before is None:
        return
    if before.get("immutable") and any(before.get(f) != obj.get(f) for f in ("data", "binaryData", "immutable")):
        raise invalid(resource, name, ("data", "Forbidden: field is immutable when `immutable` is set"))
    if resource.plural == JOBS.plural:
        _job_update(resource, name, before["spec"], obj["spec"])


def _job_update(resource: Resource, name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    fixed = [copy.deepcopy(before), copy.deepcopy(after)]
    for spec in fixed:
        for field in MUTABLE:
            spec.pop(field, None)
    changed = sorted(key for key in {*fixed[0], *fixed[1]} if fixed[0].get(key) != fixed[1].get(key))
    if changed:
        raise invalid(resource, name, (f"spec.{changed[0]}", "Invalid value: is immutable"))
    if before.get("cancelRequested") and not after.get("cancelRequested"):
        raise invalid(resource, name, ("spec.cancelRequested", "Invalid value: cannot be taken back"))
