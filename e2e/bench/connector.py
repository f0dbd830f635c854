"""One connector process with a thousand tasks that wait at the provider: memory, calls and writes.

A real kube-apiserver on loopback, the connector as it runs in its pod, qiskit-ionq in its worker, IonQ's stand-in. The
tasks are made as the operator makes them, signed with a throwaway key.
"""

import asyncio
import dataclasses
import hashlib
import json
import subprocess
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from tests import builders, signed
from tests.standins.running import StandIn, compiled, standin

from e2e import clouds
from e2e.bench import measure
from e2e.cluster import liboqs, sdks
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.steps import say, step
from qee.api.job import QuantumJob
from qee.api.names import API_VERSION, KIND_BACKEND, KIND_TASK
from qee.connectors.intents import CLOCKS
from qee.documents.packing import pack
from qee.documents.run import CircuitRun, JobReference, RunDocument
from qee.kube.client import KubeClient, connect
from qee.kube.port import Object
from qee.kube.resources import BACKENDS, NAMESPACES, TASKS
from qee.signing import authorization, canonical
from qee.signing.profiles.job import of_job

VENDOR = "ionq"
NAMESPACE = "qee-bench-cloud"
TASKS_AT_ONCE = 1000
WATCHED_SECONDS = 60
POLL_SECONDS = 10.0  # the chart's default


async def measured() -> dict[str, Any]:
    """Figures under `connector`."""
    liboqs.provide()
    server = ApiServer()
    try:
        with step("API server"):
            server.start()
            server.install(CHECKOUT / "crds")
        with (
            standin(VENDOR, "--token", clouds.token(VENDOR)) as provider,
            tempfile.TemporaryDirectory() as scratch,
        ):
            provider.control("release", hold=True)
            port = await connect(str(server.kubeconfig), user_agent="qee-bench")
            try:
                return {"connector": await _with(port, server, provider, Path(scratch))}
            finally:
                await port.close()
    finally:
        server.stop()


async def _with(port: KubeClient, server: ApiServer, provider: StandIn, scratch: Path) -> dict[str, Any]:
    await port.create(NAMESPACES, None, {"metadata": {"name": NAMESPACE}})
    backend = builders.backend(
        clouds.backend(VENDOR), VENDOR, device=clouds.VENDORS[VENDOR].device, options={"endpoint": provider.url}
    )
    await port.create(BACKENDS, None, backend)
    key = signed.key("bench")
    (scratch / "keys.pem").write_text(key.public.pem())
    (scratch / "secret").mkdir()
    (scratch / "secret/api-key").write_text(clouds.token(VENDOR))
    settings = {
        "name": "bench",
        "provider": VENDOR,
        "backends": [clouds.backend(VENDOR)],
        "credentials": str(scratch / "secret"),
        "taskKeys": str(scratch / "keys.pem"),
        "worker": [str(sdks.python(VENDOR)), "-m", "qee.connectors.worker"],
        "withoutPolicy": "Allow",
        "pollSeconds": POLL_SECONDS,
        "submissionsPerMinute": 1e6,
        "port": 0,
    }
    (scratch / "connector.yaml").write_text(yaml.safe_dump(settings))
    since = [version async for _, version in port.pages(TASKS)][-1]
    writes = Writes()
    counting = asyncio.create_task(writes.run(port, since))
    environment = {**sdks.environment(), "KUBECONFIG": str(server.kubeconfig)}
    command = [str(CHECKOUT / ".venv/bin/python"), "-m", "qee.connectors", f"--config={scratch / 'connector.yaml'}"]
    log = (scratch / "log").open("w")
    process = subprocess.Popen(  # noqa: ASYNC220 - as in its pod: apart from this loop
        command, env=environment, cwd="/", stderr=log
    )
    try:
        with step("a connector that is older than the tasks: of others it looks first"):
            await asyncio.sleep(CLOCKS + 5)
        began = time.monotonic()
        with step(f"{TASKS_AT_ONCE} tasks and submissions"):
            await _create(port, key)
            await _submitted(provider, scratch)
        seconds = time.monotonic() - began
        await asyncio.sleep(2 * POLL_SECONDS)
        before, cpu = len(provider.control("log")), measure.tree_cpu_seconds(process.pid)
        with step(f"{WATCHED_SECONDS} s with nothing but polling"):
            await asyncio.sleep(WATCHED_SECONDS)
        calls = (len(provider.control("log")) - before) * 60 / WATCHED_SECONDS
        workers = measure.children(process.pid)
        found = {
            "tasks": TASKS_AT_ONCE,
            "rss_mib": measure.rss_mib(process.pid),
            "worker_rss_mib": sum(map(measure.rss_mib, workers)),
            "submit_s": seconds,
            "calls_per_minute": calls,
            "cpu_ms_per_s": 1000 * (measure.tree_cpu_seconds(process.pid) - cpu) / WATCHED_SECONDS,
            "writes_per_task": writes.total / TASKS_AT_ONCE,
            "submissions_per_task": len(provider.requests("submit")) / TASKS_AT_ONCE,
        }
        say(json.dumps(found))
        return found
    finally:
        counting.cancel()
        process.kill()
        process.wait()
        log.close()


async def _create(port: KubeClient, key: Any) -> None:
    """As the operator would: compiled once, each for a job of its own."""
    source = builders.BELL
    job = JobReference(NAMESPACE, "template", str(uuid.UUID(int=0)))
    target = json.dumps({"device": clouds.VENDORS[VENDOR].device, "qubits": 29}).encode()
    circuit = CircuitRun("bell", "openqasm3", source, 100)
    run = RunDocument(job, clouds.backend(VENDOR), VENDOR, 7, False, (circuit,), target=target)
    document = compiled(VENDOR, run)
    for number in range(TASKS_AT_ONCE):
        uid, name = str(uuid.UUID(int=number + 1)), f"task-{number}"
        reference = {"kind": KIND_BACKEND, "name": clouds.backend(VENDOR)}
        manifest = builders.job(name, NAMESPACE, backendRef=reference)
        quantum_job = QuantumJob.model_validate({**manifest, "metadata": {**manifest["metadata"], "uid": uid}})
        own = dataclasses.replace(document, job=JobReference(NAMESPACE, name, uid)).to_bytes()
        spec: Object = {
            "backendRef": reference,
            "job": {"name": name, "uid": uid, "created": "2026-01-01T00:00:00Z"},
            "attempt": 1,
            "admission": {"projection": canonical.dumps(of_job(quantum_job).value).decode()},
            "runSha256": hashlib.sha256(run.to_bytes()).hexdigest(),
            "compiled": pack(own),
        }
        spec["authorization"] = authorization.authorise(NAMESPACE, name, spec, key, datetime.now(UTC))
        meta = {"name": name, "namespace": NAMESPACE}
        body = {"apiVersion": API_VERSION, "kind": KIND_TASK, "metadata": meta, "spec": spec}
        await port.create(TASKS, NAMESPACE, body)


async def _submitted(provider: StandIn, scratch: Path) -> None:
    end = time.monotonic() + 420
    while len(provider.jobs) < TASKS_AT_ONCE:
        if time.monotonic() > end:
            said = (scratch / "log").read_text()[-2000:]
            raise TimeoutError(f"{len(provider.jobs)} of {TASKS_AT_ONCE} submitted\n{said}")
        await asyncio.sleep(2)


class Writes:
    """Counts changes of tasks as a watch tells of them: nobody but the connector writes any here."""

    def __init__(self) -> None:
        self.total = 0

    async def run(self, port: KubeClient, since: str) -> None:
        async for kind, _ in port.watch(TASKS, NAMESPACE, since=since, timeout_seconds=1200):
            self.total += kind == "MODIFIED"
