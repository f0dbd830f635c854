"""Every test here runs against a real kube-apiserver."""

import uuid
from pathlib import Path

import pytest
from e2e.cluster.apiserver import ApiServer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.apiserver)


@pytest.fixture(scope="session", autouse=True)
def _libraries(liboqs: None) -> None:
    """For the operators and webhooks that run beside the API server."""


@pytest.fixture
def namespace(apiserver: ApiServer) -> str:
    """A fresh namespace of the session's API server. It is not deleted: without controllers it could not be."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    apiserver.kubectl("create", "namespace", name)
    return name
