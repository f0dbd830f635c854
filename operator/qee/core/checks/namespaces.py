"""Which namespaces a backend admits: QuantumBackend.spec.allowedNamespaces, with metav1.LabelSelector's rules."""

from collections.abc import Mapping

from qee.api.backend import AllowedNamespaces, LabelRequirement, LabelSelector


def admits(allowed: AllowedNamespaces, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether jobs of the namespace, which has these labels, may name the backend."""
    if allowed.names is not None:
        return namespace in allowed.names
    if allowed.selector is not None:
        return _selects(allowed.selector, labels)
    return bool(allowed.all)


def _selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    equal = all(labels.get(key) == value for key, value in (selector.match_labels or {}).items())
    return equal and all(_holds(requirement, labels) for requirement in selector.match_expressions or [])


def _holds(requirement: LabelRequirement, labels: Mapping[str, str]) -> bool:
    values = requirement.values or []
    match requirement.operator:
        case "In":
            return labels.get(requirement.key) in values
        case "NotIn":
            return labels.get(requirement.key) not in values
        case "Exists":
            return requirement.key in labels
        case "DoesNotExist":
            return requirement.key not in labels
