"""The cache of the local cluster: what its keys depend on, and what a killed run leaves."""

from pathlib import Path

import pytest
from e2e.cluster import cache
from e2e.cluster.steps import ClusterError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QEE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_same_bytes_cut_elsewhere_have_another_digest() -> None:
    assert cache.digest("ab", "c") != cache.digest("a", "bc")


def test_a_directorys_digest_follows_contents_and_names_but_not_byte_code(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.py").write_text("1")
    before = cache.digest(source)
    (source / "__pycache__").mkdir()
    (source / "__pycache__/a.pyc").write_text("x")
    assert cache.digest(source) == before
    (source / "a.py").rename(source / "b.py")
    renamed = cache.digest(source)
    (source / "b.py").write_text("2")
    assert len({before, renamed, cache.digest(source)}) == 3


def test_an_entry_is_made_once_and_found_from_then_on() -> None:
    made: list[Path] = []

    def make(place: Path) -> None:
        made.append(place)
        (place / "program").write_text("x")

    first = cache.entry("tools", "k1", make)
    assert cache.entry("tools", "k1", make) == first
    assert (first / "program").read_text() == "x"
    assert len(made) == 1


def test_what_fails_half_way_is_not_found_and_does_not_get_into_the_next_attempt(own_cache: Path) -> None:
    def fail(place: Path) -> None:
        (place / "half").write_text("x")
        raise ClusterError("no network")

    with pytest.raises(ClusterError, match="no network"):
        cache.entry("tools", "k1", fail)
    assert not (own_cache / "tools/k1").exists()
    whole = cache.entry("tools", "k1", lambda place: None)
    assert list(whole.iterdir()) == []


def test_too_small_a_disk_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"Kubernetes needs 1e\+09 GB under .*QEE_CACHE"):
        cache.need_space(tmp_path / "not/yet/there", 1e9, "Kubernetes")


def test_clearing_leaves_what_others_keep_in_the_same_directory(own_cache: Path) -> None:
    (own_cache / "kubernetes/k1").mkdir(parents=True)
    (own_cache / "photographs").mkdir()
    cache.clear()
    assert [path.name for path in own_cache.iterdir()] == ["photographs"]
