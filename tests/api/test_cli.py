"""`qee` as a process of its own, against a real API server on which this test plays the operator."""

import base64
import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.cluster.apiserver import ApiServer
from tests import builders
from tests.api.definitions import CRDS
from tests.fakes.cli import run_of

from qee.api.conditions import Phase, conditions_for
from qee.api.reasons import Reason
from qee.kube.port import Object

QEE = (sys.executable, "-m", "qee.cli.main")


class Bench:
    """One namespace, the command, and the operator's writes."""

    def __init__(self, server: ApiServer, namespace: str, folder: Path) -> None:
        self.server, self.namespace, self._folder = server, namespace, folder
        self.kubeconfig = folder / "kubeconfig"
        config = yaml.safe_load(server.kubeconfig.read_text())
        for context in config["contexts"]:
            context["context"]["namespace"] = namespace
        self.kubeconfig.write_text(yaml.safe_dump(config))
        self.started: list[subprocess.Popen[str]] = []

    def kubectl(self, *words: str, input: str | None = None) -> str:
        return self.server.kubectl("--namespace", self.namespace, *words, input=input)

    def qee(self, *words: str) -> Any:
        return subprocess.run([*QEE, *words], capture_output=True, text=True, env=self._environment(), check=False)

    def start(self, *words: str) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.started.append(subprocess.Popen([*QEE, *words], env=self._environment(), **pipes))
        return self.started[-1]

    def file(self, *documents: Object) -> str:
        path = self._folder / "manifest.yaml"
        path.write_text(yaml.safe_dump_all(documents))
        return str(path)

    def job(self, name: str = "bell", **spec: Any) -> Object:
        job = builders.job(name, **spec)
        del job["metadata"]["namespace"]
        return job

    def live(self, name: str = "bell") -> Object:
        found: Object = json.loads(self.kubectl("get", "quantumjob", name, "-o", "json"))
        return found

    def move(self, phase: Phase, reason: Reason, message: str = "", **status: Any) -> None:
        before = self.live()["status"]["conditions"]
        now = datetime.now(UTC)
        written = conditions_for(phase, reason=reason, message=message, now=now, generation=1, previous=before)
        patch = json.dumps({"status": {"phase": str(phase), "conditions": written, **status}})
        self.kubectl("patch", "quantumjob", "bell", "--type=merge", "--subresource=status", "-p", patch)

    def succeed(self) -> bytes:
        document = builders.result_of(run_of(self.live()))
        packed = base64.b64encode(gzip.compress(document)).decode()
        config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bell-result"}, "immutable": True}
        self.kubectl("create", "-f", "-", input=json.dumps({**config_map, "binaryData": {"result.json.gz": packed}}))
        digest = hashlib.sha256(document).hexdigest()
        result = {"configMap": "bell-result", "key": "result.json.gz", "sha256": digest, "bytes": len(document)}
        self.move(Phase.SUCCEEDED, Reason.COMPLETED, "The result is stored.", result=result)
        return document

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig)}


@pytest.fixture(scope="module")
def server(apiserver: ApiServer) -> ApiServer:
    apiserver.kubectl("apply", "-f", str(CRDS))
    apiserver.kubectl("wait", "--for=condition=Established", "-f", str(CRDS), "--timeout=30s")
    return apiserver


@pytest.fixture
def bench(server: ApiServer, namespace: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(server, namespace, tmp_path)
    yield bench
    for process in bench.started:
        process.kill()
        process.communicate()


def eventually(what: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def test_a_job_is_submitted_into_the_contexts_namespace_once(bench: Bench) -> None:
    file = bench.file(bench.job())
    assert bench.qee("submit", "-f", file).stdout == "quantumjob.qee.dev/bell created\n"
    assert bench.live()["metadata"]["namespace"] == bench.namespace
    again = bench.qee("submit", "-f", file)
    assert again.returncode == 2
    assert f"QuantumJob 'bell' exists in namespace '{bench.namespace}' (Pending," in again.stderr
    assert bench.qee("get", "-o", "name").stdout == "quantumjob.qee.dev/bell\n"
    assert bench.qee("get", "-n", "default", "bell").returncode == 2


def test_the_servers_complaints_are_told_field_by_field(bench: Bench) -> None:
    done = bench.qee("submit", "-f", bench.file(bench.job(shots=0, seed=-1)))
    assert done.returncode == 2
    assert {line.split(":")[0].strip() for line in done.stderr.splitlines()[1:]} == {"spec.shots", "spec.seed"}


def test_a_misspelt_field_is_refused_and_not_dropped(bench: Bench) -> None:
    done = bench.qee("submit", "-f", bench.file(bench.job(sede=7)))
    assert done.returncode == 2
    assert 'unknown field "spec.sede"' in done.stderr


def test_a_restart_of_the_api_server_does_not_end_the_wait(bench: Bench) -> None:
    process = bench.start("run", "-f", bench.file(bench.job()), "--timeout", "2m", "-o", "json")
    eventually(lambda: bench.kubectl("get", "quantumjobs", "-o", "name"))
    bench.move(Phase.RUNNING, Reason.RUNNING, "The circuits are being executed.")
    bench.server.restart()
    document = bench.succeed()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert stdout.encode() == document + b"\n"
    assert "bell: Running" in stderr


def test_a_pipeline_that_is_stopped_takes_its_job_along(bench: Bench) -> None:
    process = bench.start("run", "-f", bench.file(bench.job()), "--cancel-on-interrupt")
    assert process.stderr is not None
    assert "created" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    eventually(lambda: bench.live()["spec"].get("cancelRequested"))
    bench.move(Phase.CANCELLED, Reason.CANCELLED, "It was asked for.")
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "QuantumJob 'bell' was cancelled" in stderr


def test_the_largest_job_can_be_watched(bench: Bench) -> None:
    source = builders.BELL + "// " + "x" * (131_072 - len(builders.BELL) - 4) + "\n"
    circuits = [{"name": "bell", "format": "openqasm3", "source": source}]
    process = bench.start("run", "-f", bench.file(bench.job(circuits=circuits)), "--timeout", "2m")
    eventually(lambda: bench.kubectl("get", "quantumjobs", "-o", "name"))
    bench.move(Phase.RUNNING, Reason.RUNNING, "The circuits are being executed.")
    bench.succeed()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert stdout.startswith("bell: 100 shots on aer (simulated)\n")


def test_a_result_that_someone_replaced_is_not_shown(bench: Bench) -> None:
    bench.qee("submit", "-f", bench.file(bench.job()))
    bench.succeed()
    assert bench.qee("result", "bell").returncode == 0
    bench.kubectl("delete", "configmap", "bell-result")
    assert "was deleted" in bench.qee("result", "bell").stderr
    forged = base64.b64encode(gzip.compress(b"{}")).decode()
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bell-result"}}
    bench.kubectl("create", "-f", "-", input=json.dumps({**config_map, "binaryData": {"result.json.gz": forged}}))
    done = bench.qee("result", "bell")
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not hold the result that the operator stored" in done.stderr


def test_cancelling_and_waiting_from_another_process(bench: Bench) -> None:
    bench.qee("submit", "-f", bench.file(bench.job()))
    assert bench.qee("wait", "bell", "--timeout", "1s").returncode == 4
    assert bench.qee("cancel", "bell").stdout == "quantumjob.qee.dev/bell cancel requested\n"
    assert bench.live()["spec"]["cancelRequested"] is True


def test_the_version_asks_the_cluster(bench: Bench) -> None:
    lines = bench.qee("version").stdout.splitlines()
    assert lines[1].startswith("kubernetes: v1.")
    assert lines[2] == "qee.dev:    v1alpha1"


def test_a_server_that_is_not_there_is_one_line(bench: Bench) -> None:
    config = yaml.safe_load(bench.kubeconfig.read_text())
    for cluster in config["clusters"]:
        cluster["cluster"]["server"] = "https://127.0.0.1:9"
    bench.kubeconfig.write_text(yaml.safe_dump(config))
    done = bench.qee("get")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: the API server cannot be reached")
    assert len(done.stderr.splitlines()) == 1
