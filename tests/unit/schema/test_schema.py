"""Properties that hold for every field of the CRDs, whoever adds one."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from qee.api.fields import PATTERNS
from qee.api.job import MUTABLE, QuantumJob
from qee.schema.crd import CRDS, MODELS

Node = dict[str, Any]


def nodes(path: str, node: Node) -> Iterator[tuple[str, Node]]:
    yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from nodes(f"{path}.{name}", inner)
    for suffix, key in (("[]", "items"), (".*", "additionalProperties")):
        if isinstance(node.get(key), dict):
            yield from nodes(f"{path}{suffix}", node[key])


def schema(plural: str) -> Node:
    return CRDS[plural]()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


ALL = [(f"{plural}{path}", node) for plural in CRDS for path, node in nodes("", schema(plural))]
FIELDS = [(path, node) for path, node in ALL if ".spec" in path or ".status" in path]


def of_type(kind: str) -> list[tuple[str, Node]]:
    return [(path, node) for path, node in FIELDS if node.get("type") == kind]


def each(pairs: list[tuple[str, Node]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("node", [node for _, node in pairs], ids=[path for path, _ in pairs])


@each([(path, node) for path, node in FIELDS if not path.endswith(("[]", ".*"))])
def test_every_field_says_what_it_means(node: Node):
    text = node["description"]
    assert text.endswith("."), text
    assert text[0].isupper(), text
    assert '"\n' not in text
    assert "  " not in text


@each(of_type("string"))
def test_every_string_is_bounded(node: Node):
    assert "maxLength" in node or "enum" in node or node.get("format") == "date-time"


@each(of_type("array"))
def test_every_list_is_bounded_and_says_how_it_merges(node: Node):
    assert "maxItems" in node
    assert node["items"].get("type") not in ("object",) or "x-kubernetes-list-type" in node


@each([(p, n) for p, n in of_type("object") if "properties" not in n])
def test_every_map_is_bounded(node: Node):
    assert "maxProperties" in node


@each(of_type("integer"))
def test_every_integer_survives_json_readers(node: Node):
    assert node["format"] == "int64"
    assert node["minimum"] >= -1
    assert node.get("maximum", 0) <= 2**53 - 1


@each(ALL)
def test_every_node_is_structural(node: Node):
    assert not {"$ref", "$defs", "title", "const", "patternProperties", "propertyNames", "allOf"} & set(node)
    assert not {key for key in node if key.startswith("x-qee")}
    assert not ("properties" in node and "additionalProperties" in node)
    assert node.get("additionalProperties") is not False
    assert "type" in node or node.get("x-kubernetes-int-or-string") is True


def test_the_stored_defaults_of_a_spec_are_these_and_no_others():
    """Adding one later changes every stored object and breaks its signature."""
    defaults = {path: node["default"] for path, node in FIELDS if "default" in node and ".spec" in path}
    assert defaults == {
        "quantumbudgets.spec.period": "Month",
        "quantumtasks.spec.backendRef.kind": "QuantumBackend",
        "quantumjobs.spec.backendRef.kind": "QuantumBackend",
        "quantumjobs.spec.outputs": ["counts"],
        "quantumjobs.spec.shots": 1024,
        "quantumtrustpolicies.spec.clockSkewSeconds": 60,
        "quantumtrustpolicies.spec.cloud": "OneShot",
        "quantumtrustpolicies.spec.keys[].state": "Active",
        "quantumtrustpolicies.spec.mode": "Enforce",
        "quantumtrustpolicies.spec.onRevoke": "Cancel",
        "quantumtrustpolicies.spec.rules[].require": ["lattice"],
        "quantumtrustpolicies.spec.rules[].threshold": 1,
        "quantumtrustpolicies.spec.simulators": "Window",
    }


def test_the_models_have_the_stored_defaults_too():
    spec = QuantumJob.model_validate(
        {"spec": {"backendRef": {"name": "a"}, "circuits": [{"name": "a", "format": "openqasm3", "source": "x"}]}}
    ).spec
    assert (spec.backend_ref.kind, spec.outputs, spec.shots) == ("QuantumBackend", ["counts"], 1024)


def test_every_immutable_field_has_a_rule_of_its_own():
    spec = schema("quantumjobs")["properties"]["spec"]
    ruled = {r["fieldPath"] for r in spec["x-kubernetes-validations"] if r["rule"].startswith("has(self.")}
    assert {f".{name}" for name in spec["properties"]} - ruled == {f".{name}" for name in MUTABLE}


def test_no_default_of_a_status_names_a_backend_as_unready():
    assert "default" not in schema("quantumbackends")["properties"]["status"]


@pytest.mark.parametrize("plural", list(CRDS))
def test_a_crd_fits_into_the_annotation_of_client_side_apply(plural: str):
    assert len(json.dumps(CRDS[plural]())) < 256 * 1024
    assert len(yaml.safe_dump(CRDS[plural]())) < 256 * 1024


@pytest.mark.parametrize("plural", list(CRDS))
def test_a_rule_tells_what_to_do(plural: str):
    for _, node in nodes("", schema(plural)):
        for rule in node.get("x-kubernetes-validations", ()):
            told = rule.get("message") or rule["messageExpression"]
            assert re.search("; | give |^give ", told), f"no remedy in {told!r}"
            assert ("message" in rule) != ("messageExpression" in rule)


def test_every_pattern_is_anchored_and_has_words():
    assert len(PATTERNS) > 10
    for pattern, words in PATTERNS.items():
        assert (pattern[0], pattern[-1]) == ("^", "$")
        assert words, pattern


def test_every_kind_has_a_model():
    kinds = {"quantumjobs", "quantumbackends", "quantumtrustpolicies", "quantumtasks", "quantumbudgets"}
    assert set(MODELS) == set(CRDS) == kinds
