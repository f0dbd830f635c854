"""What the operator process asks for before it does anything."""

from pathlib import Path

import kopf
import pytest

from qee import app
from qee.controller.kit.watch import Watches
from qee.observe import logs
from qee.signing.libraries import LibraryProblem, Suite


@pytest.fixture(autouse=True)
def _logs_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "configure", lambda *_: None)


SETTINGS = "runner: {images: {aer: qee-runner-aer:1}}\n"


def start(path: Path, text: str) -> str:
    """The message with which the process ends at once."""
    path.write_text(text)
    with pytest.raises(SystemExit) as ended:
        app.main(["--config", str(path)])
    return str(ended.value)


def test_without_both_libraries_it_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Suite:
        raise LibraryProblem("liboqs is not installed; install it and run ldconfig")

    monkeypatch.setattr(Suite, "required", missing)
    said = start(tmp_path / "settings.yaml", SETTINGS)
    assert said == "signatures cannot be verified: liboqs is not installed; install it and run ldconfig"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SETTINGS + "verification: {withoutPolicy: allow}\n", "withoutPolicy"),
        (SETTINGS + "verification: {withoutPolicies: Allow}\n", "withoutPolicies"),
        (SETTINGS + "resultkey: /x\n", "resultkey"),
    ],
)
def test_settings_that_do_not_say_what_they_mean_are_refused(tmp_path: Path, text: str, says: str) -> None:
    assert says in start(tmp_path / "settings.yaml", text)


async def test_kopf_takes_no_copy_of_what_its_watches_bring() -> None:
    settings = kopf.OperatorSettings()
    handlers = app.registry(Watches({}))._activities._handlers
    await next(each for each in handlers if each.id.endswith("configure")).fn(settings=settings)
    body = kopf.Body({"metadata": {"name": "bell"}, "spec": {"shots": 1}})
    assert settings.persistence.diffbase_storage.build(body=body) == {}
