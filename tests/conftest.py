"""What all tests need: liboqs, and for those that ask for one a real API server. Both are built once and cached."""

from collections.abc import Iterator

import pytest
from e2e.cluster import liboqs
from e2e.cluster.apiserver import ApiServer


def pytest_configure() -> None:
    liboqs.provide_for_tests()


@pytest.fixture(scope="session")
def apiserver() -> Iterator[ApiServer]:
    """kube-apiserver and etcd on loopback, without controllers: nothing happens to objects by itself."""
    server = ApiServer()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def apiserver_with_controllers() -> Iterator[ApiServer]:
    """Another one, with kube-controller-manager: Jobs get pods (which stay Pending), orphans are collected."""
    server = ApiServer(controllers=True)
    try:
        yield server.start()
    finally:
        server.stop()
