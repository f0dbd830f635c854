"""The charts on a cluster: install, helm test, upgrade, uninstall."""

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e import chart, rbac
from e2e.chart import NAMESPACE, OPERATOR, Object
from e2e.cluster.binaries import clients
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.choice import Cluster
from e2e.cluster.clients import helm, kubectl
from e2e.signing import Signer

BELL = yaml.safe_load((CHECKOUT / "examples/bell.yaml").read_text())


class Installation:
    """The release `qee` on a cluster, and what is asked of it."""

    def __init__(self, chosen: Cluster, references: dict[str, str]) -> None:
        self.cluster = chosen
        self.images = chart.image_values(references)
        self.changes: list[rbac.Span] = []
        """When roles and operator were exchanged: for a moment the old one has the new one's roles, or none."""

    def install(self, **values: Any) -> None:
        with self._change():
            chart.install(self.cluster.kubeconfig, {**self.images, **values}, *chart.TAKE_OVER)

    def uninstall(self) -> None:
        with self._change():
            chart.uninstall(self.cluster.kubeconfig)

    @contextmanager
    def _change(self) -> Iterator[None]:
        begin = datetime.now(UTC)
        yield
        self.changes.append(rbac.Span(begin, datetime.now(UTC)))

    def kubectl(self, *words: str, input: str | None = None) -> str:
        return kubectl(self.cluster.kubeconfig, *words, input=input)

    def get(self, *words: str) -> Any:
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def objects(self) -> Iterator[tuple[str, ...]]:
        """Each object of the release as kubectl names it, but hooks and what an uninstallation keeps."""
        for each in chart.render(self.images):
            meta = each["metadata"]
            if not {"helm.sh/hook", "helm.sh/resource-policy"} & meta.get("annotations", {}).keys():
                yield (each["kind"], meta["name"], f"--namespace={meta.get('namespace', 'default')}")

    def operator_pod(self) -> str:
        """Its name; fails while there are two."""
        (pod,) = self.get("pods", "-n", NAMESPACE, "--selector=app.kubernetes.io/component=operator")["items"]
        return str(pod["metadata"]["name"])

    def signed_bell(self, namespace: str) -> str:
        """The example, signed by a key that is trusted in the namespace from now on, as JSON."""
        signer = Signer(self.cluster.kubeconfig, namespace, [namespace])
        signer.install()
        return json.dumps(signer.sign({**BELL, "metadata": {**BELL["metadata"], "namespace": namespace}}))

    def forget(self, namespace: str) -> None:
        self.kubectl("delete", "namespace", namespace, "--wait=false")
        self.kubectl("delete", "quantumtrustpolicy", namespace, "--ignore-not-found")

    def run_bell(self, namespace: str) -> Object:
        self.kubectl("apply", "-n", namespace, "--filename=-", input=self.signed_bell(namespace))
        self.kubectl("wait", "--for=condition=Finished", "--timeout=240s", "quantumjob/bell", "-n", namespace)
        job: Object = self.get("quantumjob", "bell", "-n", namespace)
        assert job["status"]["phase"] == "Succeeded", job["status"]
        return job

    def counts(self, namespace: str) -> dict[str, int]:
        data = self.get("configmap", "bell-result", "-n", namespace)["data"]["result.json"]
        counts: dict[str, int] = json.loads(data)["results"][0]["counts"]
        return counts


@pytest.fixture(scope="module")
def qee(node: Cluster, images: dict[str, str], release: None) -> Installation:
    installation = Installation(node, images)
    installation.install()
    return installation


@pytest.fixture
def namespace(qee: Installation) -> Iterator[str]:
    name = f"chart-{uuid.uuid4().hex[:6]}"
    qee.kubectl("create", "namespace", name)
    yield name
    qee.forget(name)


def test_helm_test_runs_a_bell_job(qee: Installation) -> None:
    said = chart.run_test(qee.cluster.kubeconfig)

    assert "Phase:          Succeeded" in said
    assert "1000" in said


def test_helm_test_passes_a_second_time(qee: Installation) -> None:
    chart.run_test(qee.cluster.kubeconfig)

    left = qee.kubectl("get", "pods,configmaps,serviceaccounts,roles", "-n", NAMESPACE, "--output=name")
    assert "qee-test" not in [name.partition("/")[2] for name in left.split()]


def test_an_upgrade_without_changes_leaves_the_operators_pod_alone(qee: Installation) -> None:
    qee.install()
    before = qee.operator_pod()

    qee.install()

    assert qee.operator_pod() == before


def test_changed_settings_roll_the_operator_and_stored_jobs_stay_as_they_are(qee: Installation, namespace: str) -> None:
    job, pod = qee.run_bell(namespace), qee.operator_pod()

    qee.install(settings={"workers": 3})

    assert qee.operator_pod() != pod
    assert qee.get("quantumjob", "bell", "-n", namespace) == job
    assert sum(qee.counts(namespace).values()) == 4096


def test_uninstalling_keeps_definitions_jobs_and_results_and_a_new_installation_takes_them_up(
    qee: Installation, namespace: str
) -> None:
    job = qee.run_bell(namespace)
    counts = qee.counts(namespace)

    qee.uninstall()
    try:
        assert qee.get("crd", "quantumjobs.qee.dev")["metadata"]["name"]
        assert qee.get("quantumjob", "bell", "-n", namespace) == job
        assert qee.counts(namespace) == counts
        assert [name for name in qee.objects() if qee.kubectl("get", *name, "--ignore-not-found")] == []
    finally:
        qee.install()

    assert qee.get("quantumjob", "bell", "-n", namespace) == job


def test_the_crds_can_be_uninstalled_and_stay(qee: Installation, namespace: str) -> None:
    job = qee.run_bell(namespace)

    helm(qee.cluster.kubeconfig, "uninstall", "qee-crds", "--namespace", NAMESPACE, "--wait")

    assert qee.get("quantumjob", "bell", "-n", namespace) == job
    chart.install_crds(qee.cluster.kubeconfig)
    assert qee.get("quantumjob", "bell", "-n", namespace) == job


def test_helm_with_wait_returns_once_the_job_that_it_installs_is_accepted(
    qee: Installation, namespace: str, tmp_path: Path
) -> None:
    """By kstatus an accepted job is Current, as a started batch/v1 Job is."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: circuits, version: 0.0.1}")
    (tmp_path / "templates/bell.yaml").write_text(qee.signed_bell(namespace))

    words = ("install", "circuits", str(tmp_path), "--namespace", namespace, "--wait", "--timeout=240s")
    helm(qee.cluster.kubeconfig, *words)

    assert qee.get("quantumjob", "bell", "-n", namespace)["status"]["phase"] in ("Queued", "Running", "Succeeded")


def test_an_operator_of_one_namespace_runs_the_jobs_there_and_no_others(qee: Installation, namespace: str) -> None:
    other = f"{namespace}-b"
    qee.kubectl("create", "namespace", other)
    try:
        qee.install(watchNamespaces=[namespace])
        qee.kubectl("apply", "-n", other, "--filename=-", input=qee.signed_bell(other))
        qee.run_bell(namespace)
        qee.kubectl("delete", "quantumtrustpolicy", namespace)  # it knows no throwaway key
        chart.run_test(qee.cluster.kubeconfig)

        assert qee.get("quantumjob", "bell", "-n", other)["status"]["observedGeneration"] == -1
        assert qee.get("jobs", "-n", other)["items"] == []
    finally:
        qee.forget(other)
        qee.install()


def test_an_installation_goes_on_after_helm_was_killed(qee: Installation) -> None:
    never = {**qee.images, "operator": {"nodeSelector": {"no-such-node": "true"}}}
    words = ["upgrade", chart.RELEASE, str(chart.CHART), "--namespace", NAMESPACE, "--wait"]
    upgrade = subprocess.Popen(
        [clients() / "helm", *words, "--set-json", json.dumps(never)],
        env={**os.environ, "KUBECONFIG": str(qee.cluster.kubeconfig)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until(lambda: "pending-upgrade" in qee.kubectl("get", "secrets", "-n", NAMESPACE, "--show-labels"))
    finally:
        upgrade.kill()
        upgrade.wait()

    qee.install()

    assert qee.operator_pod()


def test_the_operator_was_refused_nothing(qee: Installation) -> None:
    if qee.cluster.audit_log is None:
        pytest.skip("this cluster's audit log is out of reach")
    first, *later = qee.changes
    assert later, "this module installs more than once"
    log = rbac.seen(
        qee.cluster.audit_log, f"system:serviceaccount:{NAMESPACE}:{OPERATOR}", since=first.end, apart_from=later
    )

    assert log.denied == set()
    assert log.used


def test_the_operator_logs_of_no_refused_request(qee: Installation, namespace: str) -> None:
    """Reads too, which audit logs leave out."""
    qee.run_bell(namespace)

    said = qee.kubectl("logs", qee.operator_pod(), "-n", NAMESPACE)
    assert "Succeeded" in said
    # An earlier test's namespace may still be going away: nothing can be made in there, whoever asks.
    refused = [line for line in said.splitlines() if "forbidden" in line.lower() and "being terminated" not in line]
    assert refused == []


def _until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
