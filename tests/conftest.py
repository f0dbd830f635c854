"""What all tests need: liboqs, and for those that ask for one a real API server. Both are built once and cached."""

from collections.abc import Iterator

import pytest
from e2e.cluster import liboqs
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.steps import ClusterError, say


def pytest_configure() -> None:
    try:
        liboqs.provide()
    except ClusterError as problem:  # the tests that need it say so; the others run
        say(f"No liboqs: {problem}")


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
