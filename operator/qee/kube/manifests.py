"""The objects that QEE creates, as pure functions. Every field is written out, the server's defaults included: whether
a live child is ours is then a plain comparison (see `compare.py`).
"""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any

from qee.api import names
from qee.api.job import QuantumJob
from qee.core import naming
from qee.core.checks.prepare import Prepared
from qee.documents.reference import is_reference
from qee.kube.port import Object
from qee.kube.runner_pod import pod_spec

GZIP_THRESHOLD = 256 * 1024  # bytes of a result document that are stored as plain text


def owner(job: QuantumJob) -> Object:
    """The job as controlling owner: deleting it deletes what it owns."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_JOB,
        "name": job.metadata.name,
        "uid": job.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def labels(job: QuantumJob, component: str) -> dict[str, str]:
    """An allow-list, never the job's own labels: those would make Argo CD take the children for its own."""
    return {
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_COMPONENT: component,
        names.LABEL_JOB_NAME: job.metadata.name,
        names.LABEL_JOB_UID: job.metadata.uid,
    }


def input_config_map(job: QuantumJob, prepared: Prepared) -> Object:
    """The run document, immutable."""
    name = naming.input_name(job.metadata.name, job.metadata.uid, prepared.sha256)
    return {
        **_config_map(job, name, names.COMPONENT_INPUT),
        "data": {names.INPUT_KEY: prepared.document.decode()},
    }


def result_config_map(
    job: QuantumJob, name: str, document: bytes, image_id: str, signature: str | None = None
) -> Object:
    """The result document, or the reference that says where it lies, verbatim, or gzipped where it is large; its
    signature beside it. Immutable.
    """
    plain, packed = (
        (names.REFERENCE_KEY, names.REFERENCE_KEY_GZIP)
        if is_reference(document)
        else (names.RESULT_KEY, names.RESULT_KEY_GZIP)
    )
    body = _config_map(job, name, names.COMPONENT_RESULT)
    if image_id:
        body["metadata"]["annotations"] = {names.ANNOTATION_IMAGE_ID: image_id}
    beside = {names.RESULT_KEY_SIGNATURE: signature} if signature is not None else {}
    if len(document) <= GZIP_THRESHOLD:
        return {**body, "data": {plain: document.decode(), **beside}}
    bytes_ = gzip.compress(document, mtime=0)  # no time in it: the same document gives the same bytes
    body["binaryData"] = {packed: base64.b64encode(bytes_).decode()}
    return {**body, "data": beside} if beside else body


def part_config_map(job: QuantumJob, name: str, document: bytes, statement: str, signature: str | None) -> Object:
    """What one shard gave, stored as a result is, and the statement which part it is, with its signature. Immutable."""
    body = result_config_map(job, name, document, "")
    body["metadata"]["labels"] = labels(job, names.COMPONENT_PART)
    beside = {names.PART_KEY_SIGNATURE: signature} if signature is not None else {}
    return {**body, "data": {**body.get("data", {}), names.PART_KEY: statement, **beside}}


def _config_map(job: QuantumJob, name: str, component: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": job.metadata.namespace,
            "labels": labels(job, component),
            "ownerReferences": [owner(job)],
        },
        "immutable": True,
    }


def quantum_task(job: QuantumJob, attempt: int, spec: Mapping[str, Any]) -> Object:
    """The attempt's QuantumTask. Its finalizer keeps it until nothing of it can go on at the provider unseen."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_TASK,
        "metadata": {
            "name": naming.task_name(job.metadata.name, job.metadata.uid, attempt),
            "namespace": job.metadata.namespace,
            "labels": {**labels(job, names.COMPONENT_TASK), names.LABEL_ATTEMPT: str(attempt)},
            "ownerReferences": [owner(job)],
            "finalizers": [names.FINALIZER_TASK],
        },
        "spec": dict(spec),
    }


def child_job(
    job: QuantumJob,
    *,
    attempt: int,
    backoff_limit: int,
    image: str,
    pull_policy: str,
    prepared: Prepared,
    pod_extras: Mapping[str, Any],
) -> Object:
    """The batch/v1 Job of one attempt.

    `pod_extras` are the installation's own pod fields: nodeSelector, tolerations, imagePullSecrets, priorityClassName.
    """
    passed_on = {k: v for k, v in job.metadata.labels.items() if k in names.PASSED_ON_LABELS}
    pod_labels = {**labels(job, names.COMPONENT_RUNNER), names.LABEL_ATTEMPT: str(attempt)}
    kind = {names.LABEL_COMPONENT: names.COMPONENT_COMPILER} if prepared.compiles else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": naming.child_name(job.metadata.name, job.metadata.uid, attempt),
            "namespace": job.metadata.namespace,
            "labels": {**pod_labels, **kind, **passed_on},
            "ownerReferences": [owner(job)],
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": prepared.shards,
            "parallelism": prepared.shards,
            **_retries(backoff_limit, prepared.shards),
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _failure_rules("FailIndex" if prepared.shards > 1 else "FailJob")},
            **_deadline(prepared.deadline_seconds),
            "template": {
                "metadata": {"labels": pod_labels},
                "spec": pod_spec(job, attempt, image, pull_policy, prepared, pod_extras),
            },
        },
    }


def _deadline(seconds: int | None) -> Object:
    # Only a backstop for when the operator is away: ours (qee.core.job.deadline) counts from an earlier moment.
    return {} if seconds is None else {"activeDeadlineSeconds": seconds}


def _retries(limit: int, shards: int) -> Object:
    """Of several shards each is retried by itself, and the others go on where one fails for good.

    Kubernetes 1.33 and later; 1.29 to 1.32 have it as beta.
    """
    if shards == 1:
        return {"backoffLimit": limit}
    return {"backoffLimit": 2**31 - 1, "backoffLimitPerIndex": limit, "maxFailedIndexes": shards}


def _failure_rules(permanently: str) -> list[Object]:
    """First match wins: a disruption is nobody's fault; a permanent error fails the same way again."""
    permanent = [names.EXIT_PERMANENT, names.EXIT_OOM_KILLED]
    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {
            "action": permanently,
            "onExitCodes": {"containerName": names.RUNNER_CONTAINER, "operator": "In", "values": permanent},
        },
    ]


def deny_all_policies(namespace: str) -> Iterator[Object]:
    """No traffic from or to runner pods. Binds where the CNI enforces it; the runner's own filter binds everywhere.

    The same under two names, the second for where the first is something else's. What it says is in its name: another
    version of QEE that says other things makes another one.
    """
    spec = {
        "podSelector": {"matchLabels": {names.LABEL_COMPONENT: names.COMPONENT_RUNNER}},
        "policyTypes": ["Ingress", "Egress"],
    }
    for name in naming.policy_names("qee-runners-deny-all", json.dumps(spec, sort_keys=True)):
        yield _policy(namespace, name, spec)


def _policy(namespace: str, name: str, spec: Object) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {names.LABEL_MANAGED_BY: names.MANAGED_BY},
        },
        "spec": spec,
    }
