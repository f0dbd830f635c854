"""A lazy module is the real one, later."""

import importlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from qee.sdk.lazily import LazyImports


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package whose submodule notes that its code ran."""
    folder = tmp_path / "qee_lazy_sample"
    folder.mkdir()
    (folder / "__init__.py").write_text("ran = []\n")
    (folder / "inner.py").write_text(
        "import qee_lazy_sample\nqee_lazy_sample.ran.append(__name__)\nvalue = 3\n__answer__ = 4\n"
    )
    (folder / "broken.py").write_text("raise ValueError('broken')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "qee_lazy_sample"
    for name in [name for name in sys.modules if name.startswith("qee_lazy_sample")]:
        del sys.modules[name]


def test_the_code_runs_on_first_use_and_once(package: str) -> None:
    with LazyImports(f"{package}.inner"):
        inner = importlib.import_module(f"{package}.inner")
        again = importlib.import_module(f"{package}.inner")
    ran = sys.modules[package].ran  # type: ignore[attr-defined]
    assert inner is again is sys.modules[f"{package}.inner"]
    assert ran == []
    assert inner.value == 3
    assert ran == [f"{package}.inner"]
    assert type(inner) is types.ModuleType
    assert inner.__spec__.loader.__class__.__name__ == "SourceFileLoader"
    assert inner.__answer__ == 4
    assert ran == [f"{package}.inner"]


def test_questions_of_the_import_system_do_not_count_as_use(package: str) -> None:
    with LazyImports(f"{package}.inner"):
        inner = importlib.import_module(f"{package}.inner")
    assert inner.__spec__.name == f"{package}.inner"
    assert not hasattr(inner, "__wrapped__")
    assert sys.modules[package].ran == []  # type: ignore[attr-defined]


def test_a_module_that_fails_fails_when_it_is_used(package: str) -> None:
    with LazyImports(f"{package}.broken"):
        broken = importlib.import_module(f"{package}.broken")
    with pytest.raises(ValueError, match="broken"):
        _ = broken.value


def test_a_module_that_does_not_exist_still_does_not(package: str) -> None:
    with LazyImports(f"{package}.absent"), pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"{package}.absent")


def test_a_missing_name_is_missing(package: str) -> None:
    with LazyImports(f"{package}.inner"):
        inner = importlib.import_module(f"{package}.inner")
    with pytest.raises(AttributeError, match="nothing"):
        _ = inner.nothing


def test_other_imports_are_not_lazy(package: str) -> None:
    with LazyImports("something.else"):
        importlib.import_module(f"{package}.inner")
    assert sys.modules[package].ran == [f"{package}.inner"]  # type: ignore[attr-defined]
    assert not any(isinstance(finder, LazyImports) for finder in sys.meta_path)
