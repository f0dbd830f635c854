"""What the verifier is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from qee.api import names
from qee.signing.policy import TrustPolicy


@dataclass(frozen=True)
class Question:
    """May this object be stored, and run?

    Attributes:
        obj: the object as the API server shows it, or a manifest with namespace and name.
        policies: all QuantumTrustPolicies of the cluster.
        cluster: UID of the namespace kube-system, the audience that every policy accepts.
        created: when the object was created; on admission: now.
        cloud: whether the backend that it names is a cloud backend.
        without_policy: what holds where no policy governs the namespace.
        kind: what who asks takes the object for. Signatures of other kinds admit nothing.
    """

    obj: Mapping[str, Any]
    policies: Sequence[TrustPolicy]
    cluster: str
    created: datetime
    cloud: bool = False
    without_policy: Literal["Deny", "Allow"] = "Deny"
    kind: str = names.KIND_JOB


def annotation(obj: Mapping[str, Any]) -> str | None:
    """The envelope as it stands in the object; None where there is none."""
    annotations = metadata(obj).get("annotations")
    text = annotations.get(names.ANNOTATION_SIGNATURE) if isinstance(annotations, Mapping) else None
    return text if isinstance(text, str) else None


def metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    found = obj.get("metadata")
    return found if isinstance(found, Mapping) else {}
