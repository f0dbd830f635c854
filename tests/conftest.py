"""What tests may ask for: liboqs, OpenSSL, a real API server. Each is made once, when the first test asks."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from e2e.cluster import openssl as trixie
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.steps import ClusterError
from hypothesis import settings

# The same examples each time: what passed here passes in CI. New ones are found where QEE_FUZZ_SECONDS is set.
settings.register_profile("steady", derandomize=True, database=None)


def pytest_configure() -> None:
    if "QEE_FUZZ_SECONDS" not in os.environ:
        settings.load_profile("steady")


@pytest.fixture(scope="session")
def liboqs() -> None:
    """The second of the libraries that verify signatures, for this process and its children."""
    from tests import signed

    signed.provide_liboqs()


@pytest.fixture(scope="session")
def openssl() -> str:
    """The OpenSSL command line from version 3.5 on: QEE_OPENSSL or PATH's, else Debian trixie's, fetched once."""
    program = shutil.which(os.environ.get("QEE_OPENSSL", "openssl"))
    asked = subprocess.run([program, "version"], capture_output=True, text=True, check=False) if program else None
    found = re.match(r"OpenSSL (\d+)\.(\d+)", asked.stdout) if asked else None
    if program and found and (int(found[1]), int(found[2])) >= (3, 5):
        return program
    try:
        return str(trixie.program())
    except (ClusterError, OSError) as problem:
        pytest.skip(f"needs the OpenSSL command line 3.5 or newer, and trixie's cannot be had: {problem}")


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
