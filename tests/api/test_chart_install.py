"""The charts on a real API server, which has no node: what is installed, who may do what, what stays."""

from collections.abc import Iterator
from typing import Any

import pytest
from e2e.chart import CHART, NAMESPACE, OPERATOR, install_crds, render
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.clients import helm
from e2e.cluster.steps import ClusterError
from e2e.rbac import Right, granted

EXAMPLES = CHECKOUT / "examples"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:{OPERATOR}"


def upgrade(server: ApiServer, *options: str) -> str:
    """Without the webhook, which has no pod here and would refuse every job: test_chart_admission_install.py."""
    words = ("--install", "qee", str(CHART), "--namespace", NAMESPACE, "--create-namespace")
    words = (*words, "--set", "admission.enabled=false")
    return helm(server.kubeconfig, "upgrade", *words, *options)


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    """One of its own: other tests bring CRDs into the session's."""
    own = ApiServer(controllers=True)
    try:
        yield own.start()
    finally:
        own.stop()


@pytest.fixture(scope="module")
def installed(server: ApiServer) -> ApiServer:
    with pytest.raises(ClusterError, match="helm upgrade --install qee-crds"):
        upgrade(server)
    install_crds(server.kubeconfig)
    assert "helm test qee" in upgrade(server)
    return server


def may(server: ApiServer, right: Right, namespace: str, account: str = ACCOUNT) -> bool:
    resource, _, subresource = right.resource.partition("/")
    words = ["auth", "can-i", right.verb, f"{resource}.{right.group}" if right.group else resource]
    words += [f"--subresource={subresource}"] if subresource else []
    try:
        return server.kubectl(*words, f"--as={account}", "-n", namespace).strip() == "yes"
    except ClusterError:  # kubectl's way of saying no
        return False


def test_the_default_backends_are_there(installed: ApiServer) -> None:
    names = installed.kubectl("get", "quantumbackends", "--output=name").split()

    assert names == ["quantumbackend.qee.dev/aer", "quantumbackend.qee.dev/cirq"]


def test_the_api_server_takes_every_example(installed: ApiServer) -> None:
    said = installed.kubectl("apply", "--dry-run=server", "--filename", str(EXAMPLES))

    assert said.count("quantumjob.qee.dev/") == len(list(EXAMPLES.glob("*.yaml")))


@pytest.mark.parametrize(
    "right",
    [
        Right("", "secrets", "get"),
        Right("", "pods", "create"),
        Right("", "pods/exec", "create"),
        Right("", "configmaps", "update"),
        Right("", "configmaps", "delete"),
        Right("apps", "deployments", "create"),
        Right("qee.dev", "quantumjobs", "patch"),
        Right("qee.dev", "quantumbackends", "create"),
        Right("rbac.authorization.k8s.io", "roles", "create"),
        Right("coordination.k8s.io", "leases", "update"),
    ],
    ids=str,
)
def test_the_operator_may_not(installed: ApiServer, right: Right) -> None:
    assert not may(installed, right, "default")


def test_the_operator_may_do_in_each_namespace_what_the_chart_says(installed: ApiServer) -> None:
    for right in granted(render())[None]:
        assert may(installed, right, "default"), right


@pytest.mark.parametrize(
    ("role", "verb", "allowed"),
    [("view", "list", True), ("view", "create", False), ("edit", "create", True), ("admin", "delete", True)],
)
def test_users_roles_are_extended(installed: ApiServer, role: str, verb: str, allowed: bool) -> None:
    installed.kubectl("create", "namespace", f"of-{role}-{verb}")
    installed.kubectl("create", "rolebinding", "them", f"--clusterrole={role}", "--user=ann", "-n", f"of-{role}-{verb}")

    assert may(installed, Right("qee.dev", "quantumjobs", verb), f"of-{role}-{verb}", "ann") is allowed
    assert not may(installed, Right("qee.dev", "quantumjobs/status", "patch"), f"of-{role}-{verb}", "ann")


def test_with_watched_namespaces_the_operator_sees_no_other(installed: ApiServer) -> None:
    installed.kubectl("create", "namespace", "team-a")
    upgrade(installed, "--set", "watchNamespaces={team-a}")
    try:
        cluster_scoped = {"quantumbackends", "quantumtrustpolicies", "quantumtrustpolicies/status"}
        for right in granted(render())[None] - {Right("", "namespaces", "get")}:
            assert may(installed, right, "team-a"), right
            assert may(installed, right, "default") is (right.resource in cluster_scoped), right
        installed.kubectl("get", "namespace", "kube-system", f"--as={ACCOUNT}")
        installed.kubectl("get", "namespace", "team-a", f"--as={ACCOUNT}")
        with pytest.raises(ClusterError, match="exited with 1"):
            installed.kubectl("get", "namespace", "default", f"--as={ACCOUNT}")
    finally:
        upgrade(installed, "--reset-values")


def test_uninstalling_both_charts_keeps_definitions_and_jobs(installed: ApiServer) -> None:
    def stored() -> Any:
        return installed.kubectl("get", "quantumjob", "bell", "--output=jsonpath={.metadata.uid}")

    installed.kubectl("apply", "--filename", str(EXAMPLES / "bell.yaml"))
    before = stored()
    helm(installed.kubeconfig, "uninstall", "qee", "--namespace", NAMESPACE)
    helm(installed.kubeconfig, "uninstall", "qee-crds", "--namespace", NAMESPACE)
    try:
        assert stored() == before
        roles = installed.kubectl("get", "clusterroles,clusterrolebindings", "--output=name")
        assert "qee" not in roles
    finally:
        install_crds(installed.kubeconfig)
        upgrade(installed)

    assert stored() == before
