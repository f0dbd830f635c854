"""The command verifies with liboqs where it is there: here it is."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _libraries(liboqs: None) -> None:
    pass
