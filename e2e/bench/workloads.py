"""The two ways to run one circuit: a bare Job with a plain script, and a QuantumJob."""

from typing import Any

from qee.api import names

BELL = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
"""
SHOTS = 4096

# What a user of Qiskit writes into a Job today.
SCRIPT = f"""
import json, resource
from qiskit import qasm3, transpile
from qiskit_aer import AerSimulator
circuit = qasm3.loads('''{BELL}''')
backend = AerSimulator(seed_simulator=7)
result = backend.run(transpile(circuit, backend), shots={SHOTS}).result()
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({{"counts": result.get_counts(), "cpu_ms": round(1000 * (usage.ru_utime + usage.ru_stime)),
                  "rss_mib": usage.ru_maxrss // 1024}}))
"""

RESOURCES = {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}


def bare_job(name: str, namespace: str, image: str, script: str = SCRIPT) -> dict[str, Any]:
    """A batch/v1 Job with the runner's image, its resources and its security context."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": {"bench": "bare"}},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 1,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [
                        {
                            "name": "circuit",
                            "image": image,
                            "imagePullPolicy": "IfNotPresent",
                            "command": ["python", "-c", script],
                            "resources": RESOURCES,
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                        }
                    ],
                    "volumes": [{"name": "tmp", "emptyDir": {}}],
                }
            },
        },
    }


def quantum_job(name: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_JOB,
        "metadata": {"name": name, "namespace": namespace, "labels": {"bench": "qee"}},
        "spec": {
            "backendRef": {"kind": names.KIND_BACKEND, "name": "aer"},
            "circuits": [{"name": "bell", "format": "openqasm3", "source": BELL}],
            "shots": SHOTS,
            "seed": 7,
            "resources": RESOURCES,
        },
    }
