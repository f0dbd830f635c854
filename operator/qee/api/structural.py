"""From a pydantic model to the structural OpenAPI v3 schema that a CustomResourceDefinition takes.

What the API server wants of a structural schema: kubernetes.io, "Custom Resources", section "Specifying a structural
schema": no references, no titles, one type per node, `additionalProperties` or `properties`, never both.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from qee.api.cel import Rule
from qee.api.declare import STORED_DEFAULT
from qee.api.fields import PATTERNS

RULES = "x-kubernetes-validations"

# The order in which a reader wants them; what is not listed follows.
_ORDER = ("description", "type", "format", "enum", "default", "required", "properties", "items", "additionalProperties")


def structural(model: type[BaseModel]) -> dict[str, Any]:
    """The structural schema of a model: references inlined, `null` and Python-side defaults left out.

    Only defaults marked by `declare.stored_default` become defaults of the CRD.
    """
    raw = model.model_json_schema(by_alias=True, mode="validation")
    return _node(raw, raw.get("$defs", {}))


def _node(raw: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    node = _resolved(raw, definitions)
    kept = {k: v for k, v in node.items() if k not in ("$defs", "title", "default", "propertyNames") and v is not None}
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    if "const" in kept:
        kept["enum"] = [kept.pop("const")]
    if STORED_DEFAULT in kept:
        kept["default"] = kept.pop(STORED_DEFAULT)
    if kept.get("type") == "integer" and "x-kubernetes-int-or-string" not in kept:
        kept["format"] = "int64"
    if "patternProperties" in kept:
        _keys_by_rule(kept)
    for name, inner in kept.get("properties", {}).items():
        kept["properties"] = {**kept["properties"], name: _node(inner, definitions)}
    for name in ("items", "additionalProperties"):
        if isinstance(kept.get(name), Mapping):
            kept[name] = _node(kept[name], definitions)
    return {k: kept[k] for k in sorted(kept, key=lambda k: (_ORDER.index(k) if k in _ORDER else len(_ORDER), k))}


def _resolved(raw: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The node with its reference, or its one variant beside null, merged in; rules of both are kept."""
    node = dict(raw)
    inner: Mapping[str, Any] | None = None
    if "$ref" in node:
        inner = definitions[node.pop("$ref").rsplit("/", 1)[1]]
    elif any(variant == {"type": "null"} for variant in node.get("anyOf", ())):
        (inner,) = (variant for variant in node.pop("anyOf") if variant != {"type": "null"})
    if inner is None:
        return node
    inner = _resolved(inner, definitions)
    rules = [*inner.get(RULES, ()), *node.get(RULES, ())]
    return {**inner, **node, **({RULES: rules} if rules else {})}


def _keys_by_rule(node: dict[str, Any]) -> None:
    """A structural schema cannot constrain the keys of a map, so a CEL rule does."""
    ((pattern, value),) = node.pop("patternProperties").items()
    node["additionalProperties"] = value
    literal = pattern.replace("\\", "\\\\").replace("'", "\\'")
    rule = Rule(f"self.all(k, k.matches('{literal}'))", f"a key does not fit; give {PATTERNS[pattern]}")
    node[RULES] = [*node.get(RULES, ()), rule.as_crd()]
