"""The manifests of docs/guide/large-results.md on a real API server, the pod under the restricted standard."""

import re

import pytest
import yaml
from e2e.cluster.cache import CHECKOUT
from tests.api.admission.conftest import Place


@pytest.mark.parametrize("kind", ["PersistentVolumeClaim", "QuantumJob", "Pod"])
def test_the_guides_manifest_is_taken(place: Place, kind: str) -> None:
    place.run("label", "namespace", place.namespace, "pod-security.kubernetes.io/enforce=restricted")
    text = (CHECKOUT / "docs/guide/large-results.md").read_text()
    (manifest,) = (
        found
        for found in map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
        if found["kind"] == kind
    )
    if kind == "QuantumJob":
        manifest["metadata"]["annotations"] = {"qee.dev/signature": "c2lnbmVk"}

    assert place.create(manifest)["kind"] == kind
