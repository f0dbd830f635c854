"""Two implementations of ML-DSA: what is wrong with one is found at start, or by the other; nothing is ever fetched."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tests.signing_cases import ends_in_zero

from qee.signing import libraries
from qee.signing.algorithms import ALGORITHMS
from qee.signing.keys import PrivateKey
from qee.signing.libraries import Disagreement, LibraryProblem, Suite, by_cryptography, by_liboqs

MESSAGE, CONTEXT = b"message", b"context"
LATTICE = ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")


@pytest.fixture
def nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: Any, **_: Any) -> None:
        pytest.fail(f"a process was started: {words}")

    for name in ("run", "Popen", "call", "check_call", "check_output"):
        monkeypatch.setattr(subprocess, name, fail)
    monkeypatch.setattr(os, "system", fail)


@pytest.fixture
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has not used liboqs yet."""
    libraries._oqs.cache_clear()
    for name in [name for name in sys.modules if name == "oqs" or name.startswith("oqs.")]:
        monkeypatch.delitem(sys.modules, name)
    yield
    libraries._oqs.cache_clear()


def stand_in(monkeypatch: pytest.MonkeyPatch, **attributes: Any) -> None:
    """Another module `oqs`."""
    module = ModuleType("oqs")
    real: dict[str, Any] = {
        "oqs_version": lambda: "0.16.0",
        "get_enabled_sig_mechanisms": lambda: LATTICE,
        "Signature": Saying(True),
    }
    for name, value in {**real, **attributes}.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "oqs", module)
    monkeypatch.setattr(libraries, "_loadable", lambda: None)
    monkeypatch.setattr(libraries.importlib.util, "find_spec", lambda _: SimpleNamespace())


class Saying:
    """oqs.Signature with one answer to everything."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __call__(self, _: str) -> "Saying":
        return self

    def __enter__(self) -> "Saying":
        return self

    def __exit__(self, *_: object) -> None: ...

    def verify_with_ctx_str(self, *_: bytes) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.usefixtures("not_loaded", "nothing_is_fetched")
class TestAtStart:
    def test_without_liboqs_python(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(libraries.importlib.util, "find_spec", lambda _: None)
        with pytest.raises(LibraryProblem, match="pip install liboqs-python"):
            Suite.required()

    def test_without_the_library_nothing_is_cloned(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(libraries.ctypes.util, "find_library", lambda _: None)
        for named in (None, str(tmp_path)):
            monkeypatch.delenv("OQS_INSTALL_PATH", raising=False)
            if named is not None:
                monkeypatch.setenv("OQS_INSTALL_PATH", named)
            with pytest.raises(LibraryProblem, match="run ldconfig, or set OQS_INSTALL_PATH"):
                Suite.required()
        assert list(Suite.available().lattice) == ["cryptography"]

    def test_with_a_file_that_is_no_library_nothing_is_cloned(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "lib").mkdir()
        (tmp_path / "lib" / libraries._FILE).write_bytes(b"\x7fELF of another machine")
        monkeypatch.setattr(libraries.ctypes.util, "find_library", lambda _: None)
        monkeypatch.setenv("OQS_INSTALL_PATH", str(tmp_path))
        with pytest.raises(LibraryProblem, match=r"cannot be loaded: .*lib/liboqs"):
            Suite.required()

    @pytest.mark.parametrize("error", [SystemExit("no library"), RuntimeError("x"), AttributeError("undefined symbol")])
    def test_with_a_module_that_cannot_be_imported(self, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
        class Finder:
            def find_spec(self, name: str, *_: object) -> None:
                if name == "oqs":
                    raise error

        stand_in(monkeypatch)
        monkeypatch.delitem(sys.modules, "oqs")
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
        with pytest.raises(LibraryProblem, match="liboqs cannot be loaded"):
            Suite.required()
        assert logging.root.manager.disable == logging.NOTSET

    def test_with_an_old_version(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(monkeypatch, oqs_version=lambda: "0.12.1-dev")
        with pytest.raises(LibraryProblem, match=r"liboqs is 0.12.1-dev; 0.13 or newer"):
            Suite.required()

    def test_with_a_version_of_one_number_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(monkeypatch, oqs_version=lambda: "1.0")
        assert libraries._oqs().oqs_version() == "1.0"

    def test_without_a_mechanism(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(monkeypatch, get_enabled_sig_mechanisms=lambda: LATTICE[:2])
        with pytest.raises(LibraryProblem, match="lacks ML-DSA-87; build it"):
            Suite.required()

    def test_with_a_mechanism_of_another_name_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(monkeypatch, get_enabled_sig_mechanisms=lambda: tuple(f"{name}-extmu" for name in LATTICE))
        with pytest.raises(LibraryProblem, match="lacks ML-DSA-44, ML-DSA-65, ML-DSA-87"):
            Suite.required()

    @pytest.mark.parametrize(("answer", "told"), [(True, "True, True, True"), (False, "False, False, False")])
    def test_with_wrong_answers(self, monkeypatch: pytest.MonkeyPatch, answer: bool, told: str) -> None:
        stand_in(monkeypatch, Signature=Saying(answer))
        for suite in (Suite.required, Suite.available):
            with pytest.raises(LibraryProblem, match=f"liboqs gives wrong answers for ML-DSA-44: {told}"):
                suite()

    def test_with_errors_in_place_of_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(monkeypatch, Signature=Saying(RuntimeError("boom")))
        with pytest.raises(LibraryProblem, match="liboqs cannot verify ML-DSA-44: boom"):
            Suite.required()

    def test_with_a_cryptography_that_gives_wrong_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(libraries, "by_cryptography", lambda *_: True)
        monkeypatch.setattr(libraries.importlib.util, "find_spec", lambda _: None)
        with pytest.raises(LibraryProblem, match="cryptography gives wrong answers"):
            Suite.available()


def test_the_installed_libraries_are_taken_and_say_nothing_on_standard_output() -> None:
    program = "from qee.signing.libraries import Suite; Suite.required(); Suite.available()"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.required()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_lengths_are_those_of_the_standards_and_others_are_no_signature(name: str, suite: Suite) -> None:
    key, algorithm = PrivateKey.generate(name), ALGORITHMS[name]
    public, signature = key.public.raw, key.sign(MESSAGE, CONTEXT)
    assert (len(public), len(signature)) == (algorithm.public_key, algorithm.signature)
    assert suite.verify(algorithm, public, MESSAGE, signature, CONTEXT)
    for other in (b"", signature[:-1], signature + b"\0", signature * 2):
        assert not suite.verify(algorithm, public, MESSAGE, other, CONTEXT)
    for other in (b"", public[:-1], public + b"\0", public * 2):
        assert not suite.verify(algorithm, other, MESSAGE, signature, CONTEXT)


def test_a_truncated_key_that_liboqs_python_pads_is_refused(suite: Suite) -> None:
    algorithm, public, *rest = ends_in_zero()
    assert by_liboqs(algorithm, public[:-1], *rest), "liboqs-python no longer pads: the length check may be doubled"
    assert suite.verify(algorithm, public, *rest)
    assert not suite.verify(algorithm, public[:-1], *rest)


@pytest.mark.parametrize("name", LATTICE)
def test_another_context_message_or_key_is_another_signature(name: str, suite: Suite) -> None:
    key, other = PrivateKey.generate(name), PrivateKey.generate(name)
    algorithm, signature = key.public.algorithm, key.sign(MESSAGE, CONTEXT)
    assert not suite.verify(algorithm, key.public.raw, MESSAGE, signature, b"other")
    assert not suite.verify(algorithm, key.public.raw, MESSAGE, signature, b"")
    assert not suite.verify(algorithm, key.public.raw, MESSAGE + b".", signature, CONTEXT)
    assert not suite.verify(algorithm, other.public.raw, MESSAGE, signature, CONTEXT)
    assert not suite.verify(algorithm, key.public.raw, CONTEXT + MESSAGE, signature, b"")


def test_a_context_beyond_255_bytes_is_no_signature(suite: Suite) -> None:
    key = PrivateKey.generate("ML-DSA-44")
    signature = key.sign(MESSAGE, b"c" * 255)
    assert suite.verify(key.public.algorithm, key.public.raw, MESSAGE, signature, b"c" * 255)
    assert not suite.verify(key.public.algorithm, key.public.raw, MESSAGE, signature, b"c" * 256)


def test_what_liboqs_signs_both_take(suite: Suite) -> None:
    for name in LATTICE:
        with libraries._oqs().Signature(name) as signer:
            public = signer.generate_keypair()
            signature = signer.sign_with_ctx_str(MESSAGE, CONTEXT)
        assert suite.verify(ALGORITHMS[name], public, MESSAGE, signature, CONTEXT)


def test_where_one_says_yes_and_the_other_no_both_are_named() -> None:
    key = PrivateKey.generate("ML-DSA-65")
    signature = key.sign(MESSAGE, CONTEXT)
    for checks, yes in (
        ({"cryptography": by_cryptography, "liboqs": lambda *_: False}, "cryptography"),
        ({"cryptography": lambda *_: False, "liboqs": by_liboqs}, "liboqs"),
    ):
        with pytest.raises(Disagreement, match=f"ML-DSA-65: only {yes} takes"):
            Suite(checks).verify(key.public.algorithm, key.public.raw, MESSAGE, signature, CONTEXT)


def test_an_error_inside_a_library_or_an_odd_answer_is_a_no() -> None:
    def fails(*_: object) -> bool:
        raise RuntimeError("boom")

    key = PrivateKey.generate("ML-DSA-65")
    question = (key.public.algorithm, key.public.raw, MESSAGE, key.sign(MESSAGE, CONTEXT), CONTEXT)
    assert not Suite({"a": fails}).verify(*question)
    assert not Suite({"a": lambda *_: None, "b": lambda *_: 1}).verify(*question)
    with pytest.raises(Disagreement):
        Suite({"a": fails, "b": by_cryptography}).verify(*question)
