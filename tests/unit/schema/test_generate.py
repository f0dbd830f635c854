"""What is generated agrees with what is committed, and a difference is seen."""

import shutil
from pathlib import Path

import pytest
import yaml

from qee.api.conditions import PHASES, ConditionType, Phase
from qee.api.reasons import Reason
from qee.schema.crd import CRDS
from qee.schema.generate import files, main

CHECKOUT = Path(__file__).parents[3]
CHART = CHECKOUT / "charts/qee-crds"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the committed generated files."""
    for path in files():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / path, target)
    return tmp_path


def test_the_committed_files_are_those_that_the_models_give(capsys: pytest.CaptureFixture[str]):
    assert main(["--check"]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", list(files()))
def test_an_edited_file_is_shown_as_a_difference_and_not_written(
    copy: Path, path: str, capsys: pytest.CaptureFixture[str]
):
    edited = (copy / path).read_text() + "edited: true\n"
    (copy / path).write_text(edited)
    assert main(["--check", "--root", str(copy)]) == 1
    out, err = capsys.readouterr()
    assert f"--- {path}" in out
    assert "-edited: true" in out
    assert "make generate" in err
    assert (copy / path).read_text() == edited


def test_a_missing_file_is_a_difference(copy: Path):
    (copy / "docs/reference/reasons.md").unlink()
    assert main(["--check", "--root", str(copy)]) == 1


def test_generating_repairs_every_difference(copy: Path):
    for path in files():
        (copy / path).write_text("")
    assert main(["--root", str(copy)]) == 0
    assert main(["--check", "--root", str(copy)]) == 0


def test_nothing_stale_lies_beside_the_generated_files():
    for folder in ("crds", "charts/qee-crds/templates"):
        assert {f"{folder}/{path.name}" for path in (CHECKOUT / folder).iterdir()} <= set(files())


@pytest.mark.parametrize("plural", list(CRDS))
def test_the_yaml_is_the_crd_without_anchors(plural: str):
    text = (CHECKOUT / f"crds/qee.dev_{plural}.yaml").read_text()
    assert yaml.safe_load(text) == CRDS[plural]()
    assert "&id" not in text


@pytest.mark.parametrize("plural", list(CRDS))
def test_the_charts_template_is_the_crd_with_its_two_switches(plural: str):
    text = (CHART / f"templates/qee.dev_{plural}.yaml").read_text()
    switches = [line.strip() for line in text.splitlines() if "{{" in line]
    assert switches == ["{{- if .Values.crds.enabled }}", "{{- if .Values.crds.keep }}", "{{- end }}", "{{- end }}"]
    rendered = yaml.safe_load("\n".join(line for line in text.splitlines() if "{{" not in line))
    assert rendered["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert rendered == CRDS[plural]()


def test_the_chart_keeps_the_definitions_unless_told_otherwise():
    assert yaml.safe_load((CHART / "values.yaml").read_text()) == {"crds": {"enabled": True, "keep": True}}


def rows(page: str, names: set[str]) -> dict[str, list[list[str]]]:
    """By the name in its first cell the other cells of each row of the page's tables."""
    found: dict[str, list[list[str]]] = {}
    for line in page.splitlines():
        name, *cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and name.strip("`") in names:
            found.setdefault(name.strip("`"), []).append(cells)
    return found


def test_the_troubleshooting_table_says_of_each_reason_what_it_means_and_what_to_do():
    found = rows(files()["docs/reference/reasons.md"], {reason.value for reason in Reason})
    assert {reason.value for reason in Reason} == set(found)
    for name, ((meaning, remedy, *_),) in found.items():
        assert (meaning, remedy) == (Reason(name).meaning, Reason(name).remedy)


def test_the_truth_table_has_each_phase_with_a_value_for_each_condition():
    found = rows(files()["docs/reference/conditions.md"], {phase.value for phase in Phase})
    assert {phase.value for phase in Phase} == set(found)
    for name, (values, *_) in found.items():
        assert values[: len(ConditionType)] == list(PHASES[Phase(name)].values())


def test_the_reference_has_every_field_with_its_bounds_and_stored_default():
    page = files()["docs/reference/quantumjob.md"]
    for row in (
        "| `spec.circuits[].shots` | integer, 1 to 10000000 | Repetitions of this circuit",
        "| `spec.shots` | integer, 1 to 10000000; stored default `1024` |",
        "| `spec.circuits` | list of object, 1 to 300 items **required** |",
        "| `spec.resources.limits.memory` | quantity (integer or string) |",
        "| `status.result.summary.results[].counts` | map to integer, 0 to 9007199254740991, at most 16 entries |",
        "- `spec.shots`: shots is immutable: … cannot become …; apply the job under another name",
        "- `the object`: metadata.name … is not a DNS label",
    ):
        assert row in page
