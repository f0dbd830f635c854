"""The pod that runs circuits. Every field is written out, as in `manifests`."""

from collections.abc import Mapping
from typing import Any

from qee.api import names
from qee.api.job import QuantumJob
from qee.core import naming
from qee.core.checks.prepare import Prepared
from qee.kube.port import Object

RUN_AS_USER = 65532


def pod_spec(
    job: QuantumJob,
    attempt: int,
    image: str,
    pull_policy: str,
    prepared: Prepared,
    extras: Mapping[str, Any],
) -> Object:
    """Passes the restricted Pod Security Standard; holds no token; sees its input, an empty /tmp, and the volume that
    the job names for results, nothing else.
    """
    claim = job.spec.claim
    input_map = naming.input_name(job.metadata.name, job.metadata.uid, prepared.sha256)
    return {
        **extras,
        "restartPolicy": "Never",
        "serviceAccountName": "default",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": RUN_AS_USER,
            "runAsGroup": RUN_AS_USER,
            "fsGroup": RUN_AS_USER,
            # Else the kubelet would walk through all files of a volume that may hold many before each pod.
            **({"fsGroupChangePolicy": "OnRootMismatch"} if claim else {}),
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_runner(job, attempt, image, pull_policy, prepared)],
        "volumes": [
            {"name": names.INPUT_VOLUME, "configMap": {"name": input_map, "defaultMode": 0o444}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
            *([{"name": names.RESULTS_VOLUME, "persistentVolumeClaim": {"claimName": claim}}] if claim else []),
        ],
    }


def _runner(job: QuantumJob, attempt: int, image: str, pull_policy: str, prepared: Prepared) -> Object:
    claim = job.spec.claim
    return {
        "name": names.RUNNER_CONTAINER,
        "image": image,
        "imagePullPolicy": pull_policy,
        # -I: neither environment, nor home, nor current directory decides what is imported; an injected
        # init container can write to /tmp.
        "command": ["python", "-I", "-m", "qee.runner"],
        "args": [
            f"--input={names.INPUT_PATH}",
            f"--sha256={prepared.sha256}",
            f"--run={job.metadata.uid}.{attempt}",
            *([f"--results={names.RESULTS_MOUNT}"] if claim else []),
        ],
        "resources": dict(prepared.resources),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": names.INPUT_VOLUME, "mountPath": names.INPUT_MOUNT, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in the pod, an emptyDir of its own
            *([{"name": names.RESULTS_VOLUME, "mountPath": names.RESULTS_MOUNT}] if claim else []),
        ],
        "terminationMessagePath": names.TERMINATION_LOG,
        "terminationMessagePolicy": "File",
    }
