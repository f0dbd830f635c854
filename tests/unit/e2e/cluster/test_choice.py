"""Which cluster is chosen, what is missing for it, and where its processes listen."""

import re
from pathlib import Path

import pytest
import yaml
from e2e.cluster import binaries, debian, kindnode
from e2e.cluster.builders import engine
from e2e.cluster.choice import cluster
from e2e.cluster.controlplane import AUDIT_POLICY, ControlPlane
from e2e.cluster.given import Given
from e2e.cluster.node import ADDRESS, LOOPBACK, state_directory
from e2e.cluster.processes import Daemon
from e2e.cluster.steps import ClusterError
from e2e.cluster.worker import CLIENTS, Worker


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty PATH and none of our variables; programs that a test wants are written to the directory returned."""
    for name in ("QEE_KUBECONFIG", "QEE_IMAGES", "QEE_CLUSTER", "QEE_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(directory: Path, name: str, script: str) -> None:
    (directory / name).write_text(f"#!/bin/sh\n{script}\n")
    (directory / name).chmod(0o755)


def test_a_named_cluster_comes_first(nothing_named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(nothing_named, "docker", "echo 28")
    monkeypatch.setenv("QEE_KUBECONFIG", "/etc/kubeconfig")
    assert cluster().name == "given"


def test_kind_where_docker_answers(nothing_named: Path) -> None:
    program(nothing_named, "docker", "echo 28")
    assert cluster().name == "kind"


def test_the_node_where_the_docker_client_has_no_engine(nothing_named: Path) -> None:
    program(nothing_named, "docker", "echo cannot connect >&2; exit 1")
    assert cluster().name == "node"


def test_an_old_docker_client_that_exits_with_zero_without_an_engine_does_not_count(nothing_named: Path) -> None:
    program(nothing_named, "docker", "echo ERROR: cannot connect >&2")
    program(nothing_named, "podman", "echo 5.4")
    assert engine() == "podman"


def test_a_wish_overrules_docker(nothing_named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(nothing_named, "docker", "echo 28")
    monkeypatch.setenv("QEE_CLUSTER", "node")
    assert cluster().name == "node"


@pytest.mark.parametrize(("wish", "says"), [("kind", "neither `docker info` nor"), ("minikube", "Use kind or node")])
def test_a_wish_that_cannot_be_met_is_explained(wish: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QEE_CLUSTER", wish)
    with pytest.raises(ClusterError, match=says):
        cluster()


def test_a_named_cluster_without_a_prefix_for_images_is_refused_before_anything_is_built() -> None:
    with pytest.raises(ClusterError, match="QEE_IMAGES must name where images are pushed"):
        Given(Path("/etc/kubeconfig"), "").images()


def test_a_kubeconfig_that_is_not_there_is_named() -> None:
    with pytest.raises(ClusterError, match="QEE_KUBECONFIG names /nowhere/config, which is not a file"):
        Given(Path("/nowhere/config"), "").up()


def test_only_what_is_missing_is_to_be_installed(nothing_named: Path) -> None:
    program(nothing_named, "containerd", "")
    (nothing_named / "ptp").touch()
    packages = {"containerd": "containerd", "runc": "runc", "plugins": str(nothing_named / "ptp"), "x": "/nowhere"}
    assert debian.missing(packages) == ["runc", "x"]


def test_without_apt_the_missing_packages_are_named() -> None:
    with pytest.raises(ClusterError, match=r"Missing: runc \(Debian's names\)"):
        debian.need({"runc": "runc"})


def test_without_root_the_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    with pytest.raises(debian.NeedsRoot, match=r"needs root\. Run as root, start Docker or Podman"):
        debian.need_root("A Kubernetes node on this machine")


def test_a_state_directory_too_long_for_unix_sockets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QEE_STATE", f"/{'x' * 100}")
    with pytest.raises(ClusterError, match="too long for Unix sockets"):
        state_directory()


def daemons(tmp_path: Path) -> list[Daemon]:
    plane = ControlPlane(tmp_path, tmp_path, ADDRESS, 6443, LOOPBACK, 2379, 2380, advertise=True)
    worker = Worker(plane, tmp_path / "containerd.sock", "qee-node")
    worker.prepare()
    return [
        plane.etcd(),
        plane.apiserver(),
        plane.controller_manager(),
        worker.scheduler(),
        worker.kubelet(),
        worker.proxy(),
    ]


def test_nothing_listens_on_every_address(tmp_path: Path) -> None:
    lines = [" ".join(daemon.argv) for daemon in daemons(tmp_path)]
    configs = [(tmp_path / name).read_text() for name in ("kubelet.json", "proxy.json")]
    assert not [text for text in (*lines, *configs) if "0.0.0.0" in text or "[::]" in text]
    listens = {
        daemon.name: re.findall(r"--(?:bind-address|listen-client-urls)=\S+", " ".join(daemon.argv))
        for daemon in daemons(tmp_path)
    }
    assert all(listens[name] for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"))
    assert f'"address": "{ADDRESS}"' in configs[0]


def test_every_kubeconfig_that_a_process_reads_is_made(tmp_path: Path) -> None:
    read = {path.stem for daemon in daemons(tmp_path) for path in daemon.reads if path.suffix == ".kubeconfig"}
    assert read == set(CLIENTS)


def test_kinds_api_server_gets_the_audit_policy_where_it_is_mounted(tmp_path: Path) -> None:
    (node,) = kindnode.cluster_config(tmp_path)["nodes"]  # type: ignore[misc]
    (patch,) = map(yaml.safe_load, node["kubeadmConfigPatches"])
    flags = patch["apiServer"]["extraArgs"]
    mounted = {mount["containerPath"]: mount["hostPath"] for mount in node["extraMounts"]}
    assert mounted[flags["audit-policy-file"]] == str(tmp_path / "audit.json")
    assert mounted[str(Path(flags["audit-log-path"]).parent)] == str(tmp_path / "log")
    visible = {volume["mountPath"] for volume in patch["apiServer"]["extraVolumes"]}
    assert {str(Path(flags[name]).parent) for name in ("audit-policy-file", "audit-log-path")} <= visible


def test_the_audit_log_has_object_writes_and_nothing_that_is_read() -> None:
    rules = AUDIT_POLICY["rules"]
    assert isinstance(rules, list)
    assert rules[-1] == {"level": "None"}
    assert not {verb for rule in rules for verb in rule.get("verbs", [])} & {"get", "list", "watch"}


@pytest.mark.parametrize(
    ("said", "version"),
    [("go version go1.26.8 linux/amd64", (1, 26)), ("go version go1.9rc1 linux/arm64", (1, 9)), ("", None)],
)
def test_gos_version_is_read_as_numbers(said: str, version: tuple[int, int] | None) -> None:
    assert binaries.go_version(said) == version


def test_kubernetes_and_its_staging_modules_are_pinned_to_one_release() -> None:
    version = binaries.kubernetes_version()
    assert version.startswith("v1.35.")
    staging = re.findall(
        r"^\tk8s\.io/\S+ => k8s\.io/\S+ (v\S+)$", (binaries.MODULE / "go.mod").read_text(), re.MULTILINE
    )
    assert len(staging) > 25
    assert set(staging) == {version.replace("v1.", "v0.")}
    assert f"gitVersion={version}" in binaries.build_flags(version)[1]
