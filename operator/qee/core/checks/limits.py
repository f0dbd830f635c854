"""A backend's spec.limits and spec.allowedNamespaces, held against a job before its circuits are looked at."""

from collections.abc import Mapping

from qee.api.backend import AllowedNamespaces, LabelRequirement, LabelSelector, QuantumBackend
from qee.api.job import QuantumJob
from qee.api.job_circuit import Observable
from qee.api.reasons import Reason
from qee.core.refusal import Refused, refused


def check_limits(job: QuantumJob, backend: QuantumBackend) -> None:
    """Raises `Refused` with the first field beyond a limit, its value and the limit."""
    limits = backend.spec.limits
    if limits is None:
        return
    name = backend.metadata.name
    if limits.max_circuits is not None and len(job.spec.circuits) > limits.max_circuits:
        raise exceeded(
            "spec.circuits", f"{len(job.spec.circuits)} circuits", name, f"maxCircuits={limits.max_circuits}"
        )
    for index, circuit in enumerate(job.spec.circuits):
        shots = circuit.shots or job.spec.shots
        if limits.max_shots is not None and shots > limits.max_shots:
            raise exceeded(f"spec.circuits[{index}].shots", str(shots), name, f"maxShots={limits.max_shots}")
        if limits.max_shots is not None and job.spec.precision is not None:
            for number, observable in enumerate(circuit.observables or []):
                if (most := _most_shots(observable, float(job.spec.precision))) > limits.max_shots:
                    field = f"spec.precision, for spec.circuits[{index}].observables[{number}]"
                    raise exceeded(field, f"up to {most:.3g} shots", name, f"maxShots={limits.max_shots}")
    seconds, longest = job.spec.active_deadline_seconds, limits.active_deadline_seconds
    if seconds is not None and longest is not None and seconds > longest:
        raise exceeded("spec.activeDeadlineSeconds", str(seconds), name, f"activeDeadlineSeconds={longest}")


def _most_shots(observable: Observable, precision: float) -> float:
    """Of one measurement, were all terms measured together; see `qee.sdk.observables`."""
    total = sum(abs(float(text)) for label, text in observable.terms.items() if set(label) != {"I"})
    return (total / precision) * (total / precision)


def exceeded(field: str, value: str, backend: str, limit: str) -> Refused:
    return refused(Reason.LIMIT_EXCEEDED, f"{field}: {value} exceeds limits.{limit} of backend {backend!r}.")


def deadline_seconds(job: QuantumJob, backend: QuantumBackend) -> int | None:
    """The job's total deadline: its own, else the backend's limit, else none."""
    if job.spec.active_deadline_seconds is not None:
        return job.spec.active_deadline_seconds
    return backend.spec.limits.active_deadline_seconds if backend.spec.limits else None


def admits(allowed: AllowedNamespaces, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether jobs of the namespace, which has these labels, may name the backend (metav1.LabelSelector)."""
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
