"""Every field of a QuantumJob's spec refuses a bad value by name, with the value and the remedy.

The fields are walked in the generated schema, so that a field that is added without an entry in tests/refused_specs.py
makes a test fail here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError
from tests.refused_specs import REFUSED, Refused, changed

from qee.api.explain import explain
from qee.api.job import QuantumJob
from qee.schema.crd import CRDS

Node = Mapping[str, Any]

SPEC: Node = CRDS["quantumjobs"]()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
WITHHELD = ("spec.circuits[].source", "spec.circuits[].data")  # programs are never quoted
FREE = ("spec.providerOptions",)  # any JSON
SHOWN = 40  # characters; longer values are cut
_TOKEN = re.compile(r"\[(\d+)\]|[^.\[\]]+")
_REMEDY = re.compile(r"\b(give|remove|shorten|split|move|add|lower|raise|leave|apply|did you mean)\b")


def fields(path: str, node: Node) -> Iterator[tuple[str, Node]]:
    """Every field that holds a value or a collection of values: paths such as spec.circuits[].parameters.*[]."""
    if "properties" not in node:
        yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from fields(f"{path}.{name}", inner)
    for suffix, key in (("[]", "items"), (".*", "additionalProperties")):
        if isinstance(node.get(key), Mapping):
            yield from fields(f"{path}{suffix}", node[key])


def of_schema(path: str) -> str:
    """The field's path in the schema: spec.circuits[0].parameters.a[1] is spec.circuits[].parameters.*[]."""
    node: Node = SPEC
    found = "spec"
    for match in list(_TOKEN.finditer(path))[1:]:
        if match[1] is not None:
            found, node = f"{found}[]", node.get("items", {})
        elif match[0] in node.get("properties", {}):
            found, node = f"{found}.{match[0]}", node["properties"][match[0]]
        else:
            found, node = f"{found}.*", node.get("additionalProperties", {})
    return found


FIELDS = dict(fields("spec", SPEC))
CASES: dict[str, list[Refused]] = {}
for case in REFUSED:
    if case.kind == "job" and case.blames.startswith("spec"):
        CASES.setdefault(of_schema(case.blames), []).append(case)


def complaint(case: Refused) -> str:
    with pytest.raises(ValidationError) as refused:
        QuantumJob.model_validate(changed(case.kind, case.changes))
    return next(line for line in explain(refused.value) if line.startswith(case.blames) and case.model in line)


def value_at(path: str, changes: Mapping[str, Any]) -> Any:
    """The bad value itself, found in what the case changes."""
    obj: Any = changed("job", dict(changes))
    for match in _TOKEN.finditer(path):
        obj = obj[int(match[1])] if match[1] is not None else obj[match[0]]
    return obj


@pytest.mark.parametrize("field", FIELDS)
def test_a_bad_value_of_every_field_is_refused_by_name_with_the_remedy(field: str) -> None:
    cases = CASES.get(field)
    assert cases, f"tests/refused_specs.py, table REFUSED: add a bad value of {field} (CONTRIBUTING.md, Add a field)"
    for case in cases:
        if "is missing" not in case.model:
            assert _REMEDY.search(complaint(case)), complaint(case)


@pytest.mark.parametrize(
    "field", [path for path, node in FIELDS.items() if node.get("type") not in ("array", "object") and path not in FREE]
)
def test_a_bad_value_of_every_single_field_is_shown(field: str) -> None:
    shown = []
    for case in CASES.get(field, []):
        try:
            value = value_at(case.blames, case.changes)
        except KeyError:
            continue  # the bad thing is that it is absent
        text = str(value).lower() if isinstance(value, bool) else str(value)
        shown += [text[:SHOWN] in complaint(case)] if text else []
    assert any(shown) != (field in WITHHELD)


def test_the_walk_sees_fields_at_every_depth() -> None:
    for field in ("spec.shots", "spec.circuits[].parameters.*[]", "spec.noise.gateTimes.*", "spec.outputs[]"):
        assert field in FIELDS


def test_a_field_without_an_entry_is_noticed() -> None:
    assert CASES.get("spec.unheardOf") is None
    assert of_schema("spec.circuits[3].observables[0].terms.ZZ") == "spec.circuits[].observables[].terms.*"
