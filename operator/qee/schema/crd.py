"""The CustomResourceDefinitions, built from the typed models."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel

from qee.api import names
from qee.api.backend import QuantumBackend
from qee.api.budget import QuantumBudget
from qee.api.cel import Rule
from qee.api.job import MUTABLE, QuantumJob
from qee.api.structural import RULES, structural
from qee.api.task import QuantumTask
from qee.api.trust import QuantumTrustPolicy

Column = Mapping[str, Any]

_AGE: Column = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
_READY: Sequence[Column] = (  # False without why would send everybody to `kubectl describe`
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Message", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].message'},
)

JOB_COLUMNS: Sequence[Column] = (
    {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
    {"name": "Backend", "type": "string", "jsonPath": ".spec.backendRef.name"},
    {"name": "Shots", "type": "integer", "jsonPath": ".spec.shots"},
    {"name": "Attempt", "type": "integer", "jsonPath": ".status.attempt"},
    {
        "name": "Reason",
        "type": "string",
        "priority": 1,
        "jsonPath": '.status.conditions[?(@.type=="Succeeded")].reason',
    },
    {"name": "Result", "type": "string", "priority": 1, "jsonPath": ".status.result.configMap"},
    _AGE,
)

BACKEND_COLUMNS: Sequence[Column] = (
    {"name": "Provider", "type": "string", "jsonPath": ".spec.provider"},
    {"name": "Device", "type": "string", "jsonPath": ".spec.device"},
    {"name": "Qubits", "type": "integer", "jsonPath": ".status.qubits"},
    {"name": "Queue", "type": "integer", "jsonPath": ".status.queueLength"},
    *_READY,
    _AGE,
)


POLICY_COLUMNS: Sequence[Column] = ({"name": "Mode", "type": "string", "jsonPath": ".spec.mode"}, *_READY, _AGE)

TASK_COLUMNS: Sequence[Column] = (
    {"name": "Job", "type": "string", "jsonPath": ".spec.job.name"},
    {"name": "Backend", "type": "string", "jsonPath": ".spec.backendRef.name"},
    {"name": "State", "type": "string", "jsonPath": ".status.state"},
    {"name": "Attempt", "type": "integer", "jsonPath": ".spec.attempt"},
    {"name": "Handle", "type": "string", "priority": 1, "jsonPath": ".status.parts[0].handle"},
    _AGE,
)

BUDGET_COLUMNS: Sequence[Column] = (
    {"name": "Period", "type": "string", "jsonPath": ".spec.period"},
    {"name": "Limit", "type": "string", "jsonPath": ".spec.limits.cost.amount"},
    {"name": "Spent", "type": "string", "jsonPath": ".status.spent.cost"},
    {"name": "Reserved", "type": "string", "jsonPath": ".status.reserved.cost"},
    {"name": "Currency", "type": "string", "jsonPath": ".spec.limits.cost.currency"},
    _AGE,
)

# CEL compares lists of type map without regard to order (kubernetes.io, "Common Expression Language in Kubernetes",
# on list types); a signature has regard.
_CIRCUITS_IN_ORDER = Rule(
    "self.circuits.map(c, c.name) == oldSelf.circuits.map(c, c.name)",
    "circuits is immutable, its order included; apply the job under another name",
    field=".circuits",
)


def immutability(spec: Mapping[str, Any], mutable: Collection[str]) -> list[Rule]:
    """One transition rule for each field of `spec` that is not `mutable`.

    One rule for all of them, or optional field selection, exceeds the API server's cost budget.
    """
    return [_immutable(name, field) for name, field in spec["properties"].items() if name not in mutable]


def _immutable(name: str, field: Mapping[str, Any]) -> Rule:
    cel = f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || self.{name} == oldSelf.{name})"
    if field.get("type") not in ("integer", "string"):
        return Rule(cel, f"{name} is immutable; apply the job under another name", field=f".{name}")
    before, after = (f"has({side}.{name}) ? string({side}.{name}) : 'absent'" for side in ("oldSelf", "self"))
    message = f"{name} is immutable: %s cannot become %s; apply the job under another name"
    return Rule(cel, message, (before, after), field=f".{name}")


def _crd(
    model: type[BaseModel], kind: str, plural: str, short: str, scope: str, columns: Sequence[Column]
) -> dict[str, Any]:
    schema = structural(model)
    if model is QuantumJob:  # its spec is immutable but for `MUTABLE`
        spec = schema["properties"]["spec"]
        transitions = [*immutability(spec, MUTABLE), _CIRCUITS_IN_ORDER]
        spec[RULES] = [*spec[RULES], *(rule.as_crd() for rule in transitions)]
    properties = {
        "apiVersion": {"description": f"{names.API_VERSION}.", "type": "string"},
        "kind": {"description": f"{kind}.", "type": "string"},
        "metadata": {"type": "object"},
        "spec": schema["properties"]["spec"],
        "status": schema["properties"]["status"],
    }
    root = {
        "description": schema["description"],
        "type": "object",
        "required": ["spec"],
        "properties": properties,
        RULES: schema[RULES],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short],
                "categories": ["quantum"],
            },
            "scope": scope,
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [dict(column) for column in columns],
                    "schema": {"openAPIV3Schema": root},
                }
            ],
        },
    }


_KINDS: Sequence[tuple[type[BaseModel], str, str, str, str, Sequence[Column]]] = (
    (QuantumJob, names.KIND_JOB, names.PLURAL_JOB, "qj", "Namespaced", JOB_COLUMNS),
    (QuantumBackend, names.KIND_BACKEND, names.PLURAL_BACKEND, "qb", "Cluster", BACKEND_COLUMNS),
    (QuantumTrustPolicy, names.KIND_TRUST_POLICY, names.PLURAL_TRUST_POLICY, "qtp", "Cluster", POLICY_COLUMNS),
    (QuantumTask, names.KIND_TASK, names.PLURAL_TASK, "qt", "Namespaced", TASK_COLUMNS),
    (QuantumBudget, names.KIND_BUDGET, names.PLURAL_BUDGET, "qbg", "Namespaced", BUDGET_COLUMNS),
)
CRDS = {kind[2]: partial(_crd, *kind) for kind in _KINDS}
MODELS = {plural: model for model, _, plural, *_ in _KINDS}
