"""The overlay that takes a job from a simulator to a QPU: what kubectl makes of it differs in one line."""

import difflib
import json

import pytest
import yaml
from e2e.cluster.cache import CHECKOUT

from qee.api.job import QuantumJob

OVERLAYS = CHECKOUT / "examples/overlays"


def built(name: str) -> dict:
    """As `kubectl kustomize` builds it, for what these two files use: one resource, one JSON patch (RFC 6902)."""
    chosen = yaml.safe_load((OVERLAYS / name / "kustomization.yaml").read_text())
    assert chosen["resources"] == ["../base"]
    base = yaml.safe_load((OVERLAYS / "base/kustomization.yaml").read_text())
    job = yaml.safe_load((OVERLAYS / "base" / base["resources"][0]).read_text())
    for patch in chosen.get("patches", []):
        for step in yaml.safe_load(patch["patch"]):
            assert step["op"] == "replace"
            *path, last = step["path"].strip("/").split("/")
            place = job
            for part in path:
                place = place[part]
            place[last] = step["value"]
    return job


@pytest.mark.parametrize("name", ["simulator", "qpu"])
def test_an_overlay_is_a_job(name: str):
    QuantumJob.model_validate(built(name))


def test_they_differ_in_one_line():
    simulator, qpu = (json.dumps(built(name), indent=1).splitlines() for name in ("simulator", "qpu"))
    changed = [line for line in difflib.unified_diff(simulator, qpu, lineterm="", n=0) if line[:1] in "+-"][2:]
    assert [line.split('"')[-2] for line in changed] == ["aer", "ibm-fez"]
