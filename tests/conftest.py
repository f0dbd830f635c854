"""A real API server for the tests that ask for one; its binaries are built on first use and kept in the cache."""

from collections.abc import Iterator

import pytest
from e2e.cluster.apiserver import ApiServer


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
