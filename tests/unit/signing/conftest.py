"""Signatures are verified by both libraries here."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _libraries(liboqs: None) -> None:
    pass
