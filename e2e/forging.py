"""What a user of a namespace can forge: children, pods, inputs and frames that claim to be a job's."""

import hashlib
from typing import Any

from tests import builders

from e2e.kubernetes import Job, Object
from qee.api import names
from qee.api.job import QuantumJob
from qee.core import naming
from qee.core.checks.prepare import run_document
from qee.core.checks.sources import Sources
from qee.documents import RunDocument
from qee.documents.frame import encode

COUNTS = {"01": 100}  # what a Bell circuit never gives
UNPRIVILEGED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def run_of(job: Job) -> RunDocument:
    """The very document that the operator will write for a job with inline circuits on Aer: nothing in it is secret."""
    read = QuantumJob.model_validate(job.raw)
    return run_document(read, "aer", Sources({each.name: (each.source or "").encode() for each in read.spec.circuits}))


def frame(job: Job, counts: dict[str, int] = COUNTS, attempt: int = 1) -> str:
    """A whole frame of the job's run, with these counts for its Bell circuit."""
    return encode(builders.result_of(run_of(job), counts), f"{job.uid}.{attempt}", 0)


def child_job(job: Job, image: str, log: str) -> Object:
    """A Job with the name, the labels and the owner of the job's first child, whose pod logs `log`."""
    owner = {"apiVersion": names.API_VERSION, "kind": names.KIND_JOB, "name": job.name, "uid": job.uid}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": naming.child_name(job.name, job.uid, 1),
            "labels": _labels(job),
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": 1,
            "template": {"metadata": {"labels": _labels(job)}, "spec": _pod_spec(image, log)},
        },
    }


def pod(child: Object, image: str, log: str) -> Object:
    """A pod that the Job controller takes for one of the child's, which logs `log` and ends well."""
    meta, index = child["metadata"], "batch.kubernetes.io/job-completion-index"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{meta['name']}-0-aaaaa",  # ahead of the real one in any list
            "labels": {**child["spec"]["template"]["metadata"]["labels"], index: "0"},
            "annotations": {index: "0"},
            "finalizers": ["batch.kubernetes.io/job-tracking"],
            "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"], "controller": True}
            ],
        },
        "spec": _pod_spec(image, log),
    }


def input_config_map(job: Job, document: bytes) -> Object:
    """A ConfigMap with the name that the job's input will have, holding other bytes."""
    sha256 = hashlib.sha256(run_of(job).to_bytes()).hexdigest()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": naming.input_name(job.name, job.uid, sha256)},
        "immutable": True,
        "data": {names.INPUT_KEY: document.decode()},
    }


def _labels(job: Job) -> dict[str, str]:
    return {
        names.LABEL_JOB_UID: job.uid,
        names.LABEL_JOB_NAME: job.name,
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_COMPONENT: names.COMPONENT_RUNNER,
        names.LABEL_ATTEMPT: "1",
    }


def _pod_spec(image: str, log: str) -> dict[str, Any]:
    command = ["python", "-c", "import sys; print(sys.argv[1])", log]
    container = {"name": names.RUNNER_CONTAINER, "image": image, "command": command, "securityContext": UNPRIVILEGED}
    return {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container]}


def sha256(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()
