"""The cluster that end-to-end tests run on, started or found running once per session, and left as it was found."""

from collections.abc import Iterator

import pytest

from e2e.cluster.choice import Cluster, cluster
from e2e.cluster.debian import NeedsRoot


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
