"""Objects for tests: small, valid, and changed only where a test says so."""

import copy
import hashlib
import json
from typing import Any

from qee.api import names
from qee.documents import CircuitResult, CompiledCircuit, Provenance, Register, ResultDocument, RunDocument
from qee.documents.frame import encode
from qee.kube.port import Object

BELL = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
"""


def job(name: str = "bell", namespace: str = "default", labels: dict[str, str] | None = None, **spec: Any) -> Object:
    """A QuantumJob manifest; `spec` fields in camelCase replace or add."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_JOB,
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {
            "backendRef": {"kind": names.KIND_BACKEND, "name": "aer"},
            "circuits": [{"name": "bell", "format": "openqasm3", "source": BELL}],
            "shots": 100,
            **spec,
        },
    }


def circuit_from(config_map: str, key: str, data: bytes, **fields: Any) -> Object:
    return {
        "name": "bell",
        "format": "openqasm3",
        "configMapKeyRef": {"name": config_map, "key": key},
        "sha256": hashlib.sha256(data).hexdigest(),
        **fields,
    }


def backend(name: str = "aer", provider: str = "aer", **spec: Any) -> Object:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_BACKEND,
        "metadata": {"name": name},
        "spec": {"provider": provider, "allowedNamespaces": {"all": True}, **spec},
    }


def claim(name: str = "data", namespace: str = "default", **labels: str) -> Object:
    """A PersistentVolumeClaim, dedicated to results unless `labels` say otherwise."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {names.LABEL_RESULTS: "true"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def results_on(claim: str = "data") -> Object:
    """spec.results that names this claim."""
    return {"persistentVolumeClaim": {"claimName": claim}}


def task(name: str = "t", namespace: str = "default", backend: str = "fez") -> Object:
    """A QuantumTask that the schema takes and nobody has signed."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_TASK,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "backendRef": {"kind": names.KIND_BACKEND, "name": backend},
            "job": {"name": "bell", "uid": "0c0ffee0", "created": "2026-01-01T00:00:00Z"},
            "attempt": 1,
            "admission": {"projection": "{}"},
            "runSha256": "0" * 64,
            "compiled": {"data": "AAAA", "sha256": "0" * 64, "bytes": 3},
            "authorization": "e30=",
        },
    }


def pod_of(child: Object, name: str | None = None, **status: Any) -> Object:
    """The pod that the Job controller makes of a child, its container not started yet."""
    meta, template = child["metadata"], child["spec"]["template"]
    spec = copy.deepcopy(template["spec"])
    spec["nodeName"] = "node"
    spec["containers"][0]["env"] = [index_variable()]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name or f"{meta['name']}-0-abcde",
            "namespace": meta["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"], "controller": True}
            ],
        },
        "spec": spec,
        "status": {"phase": "Pending", **status},
    }


def index_variable() -> Object:
    path = "metadata.labels['batch.kubernetes.io/job-completion-index']"
    return {"name": names.INDEX_ENV, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def container(state: Object, name: str = names.RUNNER_CONTAINER) -> Object:
    return {"name": name, "state": state, "imageID": "sha256:0123", "ready": False, "restartCount": 0}


def running() -> Object:
    return {"running": {"startedAt": "2026-01-01T00:00:01Z"}}


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, "message": message}}


def terminated(exit_code: int = 0, reason: str = "Completed", message: str = "") -> Object:
    ended = {"exitCode": exit_code, "reason": reason, "finishedAt": "2026-01-01T00:00:02Z"}
    return {"terminated": {**ended, **({"message": message} if message else {})}}


def runner_error(reason: str, message: str) -> str:
    return json.dumps({"reason": reason, "message": message})


def result_of(run: RunDocument, counts: dict[str, int] | None = None) -> bytes:
    """A result document for a run whose circuits are all Bell-like: one register c of two bits."""
    results = []
    for circuit in run.circuits:
        found = counts or {"00": circuit.shots // 2, "11": circuit.shots - circuit.shots // 2}
        results.append(
            CircuitResult(
                circuit=circuit.name,
                parameter_set=0,
                shots=circuit.shots,
                registers=(Register("c", 2),),
                counts=found,
                register_counts={"c": found},
            )
        )
    return ResultDocument(
        job=run.job,
        backend=run.backend,
        simulated=True,
        results=tuple(results),
        seed=run.seed,
        seed_drawn=run.seed_drawn,
        provenance=_provenance(run),
    ).to_bytes()


def _provenance(run: RunDocument) -> Provenance:
    return Provenance(
        engine=run.engine,
        versions={"qee": "0.1.0"},
        precision=run.simulator.precision,
        shards=1,
        sandbox="seccomp",
        threads=1,
        circuits=tuple(
            CompiledCircuit(c.name, "stabilizer", 3, 1, hashlib.sha256(b"").hexdigest()) for c in run.circuits
        ),
        start_time="2026-01-01T00:00:01Z",
        completion_time="2026-01-01T00:00:02Z",
        cpu_seconds="0.5",
        max_rss_mib=98,
    )


def framed(document: bytes, uid: str, attempt: int = 1) -> bytes:
    return encode(document, f"{uid}.{attempt}", 0).encode()
