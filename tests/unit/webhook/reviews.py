"""AdmissionReviews for tests, as an API server sends them."""

import json
from typing import Any

from tests import signed

from qee.signing.policy import TrustPolicy
from qee.webhook.review import Facts


def review(operation: str = "CREATE", obj: Any = None, old: Any = None, **fields: Any) -> dict[str, Any]:
    some = obj or old or {}
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "0b4e9f2e-7d51-4f7c-8a31-000000000001",
            "kind": {"group": "qee.dev", "version": "v1alpha1", "kind": "QuantumJob"},
            "resource": {"group": "qee.dev", "version": "v1alpha1", "resource": "quantumjobs"},
            "operation": operation,
            "namespace": some.get("metadata", {}).get("namespace", "default"),
            "name": some.get("metadata", {}).get("name", ""),
            "userInfo": {"username": "ada"},
            "object": obj,
            "oldObject": old,
            "dryRun": False,
            **fields,
        },
    }


def body(*words: Any, **fields: Any) -> bytes:
    return json.dumps(review(*words, **fields)).encode()


def facts(*policies: Any, **fields: Any) -> Facts:
    known = {"simulators": frozenset({"aer"}), "cluster": signed.CLUSTER, "without_policy": "Deny", **fields}
    return Facts(policies=[TrustPolicy.of(each) for each in policies], **known)
