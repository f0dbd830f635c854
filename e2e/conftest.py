"""The cluster that end-to-end tests run on, started or found running once per session, and left as it was found."""

from collections.abc import Iterator

import pytest

from e2e import chart
from e2e.cluster import liboqs
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.choice import Cluster, cluster
from e2e.cluster.clients import kubectl
from e2e.cluster.debian import NeedsRoot
from e2e.kubernetes import Namespace


def pytest_configure() -> None:
    liboqs.provide_for_tests()  # for operators that run as processes of this machine


@pytest.fixture(scope="session")
def node() -> Iterator[Cluster]:
    """A running cluster (see e2e/cluster/choice.py): its kubeconfig, and its audit log where there is one."""
    chosen = cluster()
    found = chosen.running()
    try:
        chosen.up()
    except NeedsRoot as reason:
        pytest.skip(str(reason))
    yield chosen
    if not found:
        chosen.down()


@pytest.fixture(scope="session")
def images(node: Cluster) -> dict[str, str]:
    """The project's images of this very source in that cluster: target of the Dockerfile -> reference."""
    return node.images()


@pytest.fixture(scope="session")
def runner_images(images: dict[str, str]) -> dict[str, str]:
    """Engine -> reference, as the operator's settings have them."""
    prefix = "runner-"
    return {target.removeprefix(prefix): name for target, name in images.items() if target.startswith(prefix)}


@pytest.fixture(scope="session")
def release_as_found(node: Cluster) -> Iterator[None]:
    """An installation of the chart that was there before the tests is there after them, with the same values."""
    values = chart.values(node.kubeconfig) if chart.installed(node.kubeconfig) else None
    yield
    if values is not None:
        chart.install(node.kubeconfig, values, *chart.TAKE_OVER)
    elif chart.installed(node.kubeconfig):
        chart.uninstall(node.kubeconfig)


@pytest.fixture(scope="module")
def release(node: Cluster, images: dict[str, str], release_as_found: None) -> None:
    """QEE as its chart installs it, admission and all. It stays for the next module that wants it."""
    if node.name == "given":
        pytest.skip("QEE may be in use on the cluster that QEE_KUBECONFIG names; these tests exchange it")
    chart.install_crds(node.kubeconfig)
    chart.install(node.kubeconfig, chart.image_values(images), *chart.TAKE_OVER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules that want the release come first: it is installed once, and goes before those that run their own."""
    items.sort(key=lambda item: "release" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="module")
def no_installed_operator(node: Cluster, release_as_found: None) -> Iterator[None]:
    """Away with an operator that watches all namespaces, and a webhook that wants signatures: a module runs its own."""
    if chart.installed(node.kubeconfig):
        if node.name == "given":
            pytest.skip("QEE is in use on the cluster that QEE_KUBECONFIG names; its installation is left alone")
        chart.uninstall(node.kubeconfig)
    yield
    assert not chart.installed(node.kubeconfig), "someone installed QEE meanwhile: two operators worked on these jobs"


@pytest.fixture(scope="session")
def definitions(node: Cluster) -> None:
    """The CRDs of this very source."""
    kubectl(node.kubeconfig, "apply", "--server-side", "--force-conflicts", "--filename", str(CHECKOUT / "crds"))


@pytest.fixture(scope="module")
def namespace(
    request: pytest.FixtureRequest, node: Cluster, definitions: None, no_installed_operator: None
) -> Iterator[Namespace]:
    """A module's own namespace with backends `aer` and `cirq`. Its jobs leave nothing behind once they are deleted."""
    prefix = request.module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", "-")
    space = Namespace(node.kubeconfig, prefix).create()
    try:
        yield space
        jobs = space.all("quantumjobs")
        space.delete("quantumjobs", "--all")
        space.gone(job["metadata"]["uid"] for job in jobs)
    finally:
        space.close()
