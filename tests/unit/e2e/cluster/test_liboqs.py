"""liboqs for tests and images: what its build needs, which source it takes, and what it says where it cannot."""

from pathlib import Path

import pytest
from e2e.cluster import debian, liboqs
from e2e.cluster.steps import ClusterError

from qee.signing.algorithms import ALGORITHMS, Family


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and an empty Cargo home."""
    monkeypatch.setenv("QEE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    return tmp_path


def test_every_lattice_algorithm_is_built() -> None:
    wanted = {name.lower().replace("-", "_") for name, each in ALGORITHMS.items() if each.family is Family.LATTICE}
    (minimal,) = [option for option in liboqs.OPTIONS if "MINIMAL_BUILD" in option]
    assert set(minimal.split("=")[1].split(";")) == {f"SIG_{name}" for name in wanted}


def test_without_root_the_missing_packages_are_named(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "missing", lambda _: ["cmake", "gcc"])
    monkeypatch.setattr(liboqs.os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match="apt-get install cmake gcc"):
        liboqs._build(elsewhere)


def test_bookworm_has_a_cargo_that_knows_the_registry_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for release, package in (("bookworm", "cargo-web"), ("trixie", "cargo"), ("", "cargo")):
        monkeypatch.setattr(debian, "codename", lambda release=release: release)
        assert liboqs.packages()[package] == "cargo"


def test_a_crate_with_another_digest_is_refused(elsewhere: Path) -> None:
    crate = elsewhere / "cargo/registry/cache/index/oqs-sys-0.11.0+liboqs-0.13.0.crate"
    crate.parent.mkdir(parents=True)
    crate.write_bytes(b"something else")
    with pytest.raises(ClusterError, match=r"not the one with SHA-256 ac6d66ee.*remove .*\.crate"):
        liboqs.CRATE.file()


def test_a_crate_that_is_not_there_is_told(elsewhere: Path) -> None:
    with pytest.raises(ClusterError, match="it is not there"):
        liboqs.CRATE.file()


def test_a_liboqs_that_is_named_is_left_alone(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OQS_INSTALL_PATH", "/opt/oqs")
    monkeypatch.setattr(liboqs, "built", lambda: pytest.fail("it was built"))
    liboqs.provide()
    assert liboqs.os.environ["OQS_INSTALL_PATH"] == "/opt/oqs"


def test_a_missing_liboqs_is_built_and_named(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OQS_INSTALL_PATH", "")
    monkeypatch.setattr(liboqs.ctypes.util, "find_library", lambda _: None)
    monkeypatch.setattr(liboqs, "built", lambda: elsewhere / "built")
    liboqs.provide()
    assert liboqs.os.environ["OQS_INSTALL_PATH"] == str(elsewhere / "built")
