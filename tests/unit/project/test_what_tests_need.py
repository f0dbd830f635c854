"""A test needs what it tests: without liboqs, and what that is built with, all but signatures can be tested."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.cluster import liboqs

CHECKOUT = Path(__file__).parents[3]
NEITHER = ["tests/unit/kube/test_compare.py", "tests/unit/certs/test_authority.py"]
VERIFIES = "tests/unit/webhook/test_review.py::test_a_signed_job_is_admitted_and_the_audit_log_says_by_whom"


def ran(tmp_path: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """pytest where nothing is cached, and neither cargo, CMake nor apt-get is to be found."""
    environment = {**os.environ, "PATH": str(tmp_path), "QEE_CACHE": str(tmp_path / "cache"), "OQS_INSTALL_PATH": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


def test_tests_that_verify_nothing_build_nothing(tmp_path: Path) -> None:
    done = ran(tmp_path, *NEITHER)
    assert done.returncode == 0, done.stdout
    assert not (tmp_path / "cache").exists()


def test_a_test_that_verifies_a_signature_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OQS_INSTALL_PATH", raising=False)
    if liboqs.installed():
        pytest.skip("liboqs is installed on this machine, so nothing is missing")
    done = ran(tmp_path, VERIFIES)
    assert done.returncode == 1
    assert "needs liboqs: liboqs is built from source, and what Debian calls" in done.stdout
