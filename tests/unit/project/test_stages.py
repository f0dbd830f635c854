"""The sum of all stages: what counts, and that nothing that breaks counts as well."""

import sys
from pathlib import Path

import pytest
from tests import stages
from tests.stages import Tally, read_junit


def test_errors_in_fixtures_are_failures() -> None:
    text = '<testsuites><testsuite tests="7" failures="1" errors="2" skipped="1"/><testsuite tests="2"/></testsuites>'
    assert read_junit(text) == Tally(passed=5, failed=3, skipped=1)


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stages, "TOOLS", tmp_path)
    return tmp_path


def script(directory: Path, name: str, body: str) -> None:
    (directory / name).write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    (directory / name).chmod(0o755)


REPORT = "path = [word for word in sys.argv if word.startswith('--junit-xml=')][0].partition('=')[2]\n"


def test_a_pytest_that_breaks_down_without_a_report_is_one_failure(scripts: Path) -> None:
    script(scripts, "pytest", "sys.exit(4)")
    assert stages.run(["pytest", "tests/unit"]) == Tally(failed=1)


def test_failed_tests_are_counted_once(scripts: Path) -> None:
    script(scripts, "pytest", REPORT + "open(path, 'w').write('<testsuite tests=\"3\" failures=\"2\"/>'); sys.exit(1)")
    assert stages.run(["pytest", "tests/unit"]) == Tally(passed=1, failed=2)


def test_what_runs_beside_is_shown_after_what_it_ran_beside(
    scripts: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    script(scripts, "ruff", "print(sys.argv[1], flush=True); sys.exit(sys.argv[1] == 'e2e')")
    names = ["lint", "unit", "engines", "vendors", "api-tests", "e2e"]
    monkeypatch.setattr(stages, "STAGES", {name: [["ruff", name]] for name in names})
    assert stages.main(names) == 1
    out = capfd.readouterr().out.splitlines()
    assert [line for line in out if line in names] == names
    assert out[-1] == "0 passed, 1 failed, 0 skipped"


def test_a_stage_of_a_later_lane_alone_is_shown_as_it_comes(
    scripts: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    script(scripts, "ruff", "print(sys.argv[1], flush=True)")
    monkeypatch.setattr(stages, "STAGES", {"prepare": [["ruff", "prepare"]], "e2e": [["ruff", "e2e"]]})
    assert stages.main(["prepare", "e2e"]) == 0
    out = capfd.readouterr().out
    assert "beside" not in out
    assert out.index("prepare\n") < out.index("e2e\n")


def test_every_suite_of_tests_has_its_lane() -> None:
    suites = [name for name, commands in stages.STAGES.items() if any("pytest" in command for command in commands)]
    assert sorted(suites) == sorted(name for lane in stages.LANES for name in lane)


def test_a_check_that_fails_shows_in_the_last_line_and_the_later_stages_still_run(
    scripts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script(scripts, "ruff", "sys.exit(1)")
    script(scripts, "pytest", REPORT + "open(path, 'w').write('<testsuite tests=\"3\" skipped=\"1\"/>')")
    monkeypatch.setattr(stages, "STAGES", {"lint": [["ruff"]], "unit": [["pytest"]]})
    assert stages.main(["lint", "unit"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 1 failed, 1 skipped"
