"""One process measures for all tests of the session."""

from collections.abc import Iterator

import pytest
from tests.unit.bounds.measuring import Measuring


@pytest.fixture(scope="session")
def measuring() -> Iterator[Measuring]:
    process = Measuring()
    yield process
    process.close()
