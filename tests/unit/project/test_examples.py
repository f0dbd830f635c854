"""Each example is a complete manifest that the API takes."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from qee.api.job import QuantumJob

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))


def objects(path: Path) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all(path.read_text()) if found]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_explains_itself_and_holds_one_job(path: Path) -> None:
    found = objects(path)

    (job,) = [QuantumJob.model_validate(each) for each in found if each["kind"] == "QuantumJob"]
    assert path.read_text().startswith("# ")
    assert {each["kind"] for each in found} <= {"QuantumJob", "ConfigMap"}
    assert job.metadata.name.removeprefix("from-") == path.stem


@pytest.mark.parametrize("path", [path for path in EXAMPLES if "configMapKeyRef" in path.read_text()], ids=str)
def test_a_circuit_in_a_config_map_has_the_digest_that_the_job_promises(path: Path) -> None:
    found = objects(path)
    data = {each["metadata"]["name"]: each["data"] for each in found if each["kind"] == "ConfigMap"}

    circuits = QuantumJob.model_validate(found[-1]).spec.circuits
    referring = [(each.config_map_key_ref, each.sha256) for each in circuits if each.config_map_key_ref is not None]
    assert referring
    for reference, promised in referring:
        assert hashlib.sha256(data[reference.name][reference.key].encode()).hexdigest() == promised


def test_no_two_examples_have_a_name_in_common() -> None:
    names = [(each["kind"], each["metadata"]["name"]) for path in EXAMPLES for each in objects(path)]

    assert len(names) == len(set(names))
