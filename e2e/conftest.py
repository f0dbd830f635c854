"""The cluster that end-to-end tests run on: started, or found running, once per session, and left running."""

import pytest

from e2e.cluster.choice import Cluster, cluster


@pytest.fixture(scope="session")
def node() -> Cluster:
    """A running cluster (see e2e/cluster/choice.py): its kubeconfig, and its audit log where there is one."""
    chosen = cluster()
    chosen.up()
    return chosen


@pytest.fixture(scope="session")
def images(node: Cluster) -> dict[str, str]:
    """The project's images of this very source in that cluster: target of the Dockerfile -> reference."""
    return node.images()
