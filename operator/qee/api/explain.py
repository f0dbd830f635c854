"""A ValidationError of a resource as lines for people: the field, the value, and what to give instead.

Used by the command line, `qee run --local` and the operator's InvalidSpec. Long values and names are cut, programs
never shown. Errors that nobody is told are not explained.
"""

import difflib
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from qee.api.backend import QuantumBackend
from qee.api.cel import Violation
from qee.api.fields import PATTERNS
from qee.api.job import QuantumJob
from qee.api.structural import structural
from qee.api.trust import QuantumTrustPolicy

_MODELS: Mapping[str, type[BaseModel]] = {
    model.__name__: model for model in (QuantumJob, QuantumBackend, QuantumTrustPolicy)
}
_WITHHELD = ("source", "data")  # programs: they may be large, and may be somebody's secret
_SHOWN = 60
MAX_LINES = 50
# What people write who know Qiskit, Kubernetes' own Jobs or another tool, by its path without indexes.
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(
        ("spec.optimization_level", "spec.optimizationLevel", "spec.transpile.level"),
        "spec.transpile.optimizationLevel",
    ),
    **dict.fromkeys(
        ("spec.noise.model", "spec.noise.name", "spec.noise.backend", "spec.noiseModel"), "spec.noise.device"
    ),
    **dict.fromkeys(("spec.seed_simulator", "spec.seedSimulator", "spec.simulator.seed"), "spec.seed"),
    **dict.fromkeys(("spec.seed_transpiler", "spec.seedTranspiler"), "spec.transpile.seed"),
    **dict.fromkeys(("spec.initial_layout", "spec.initialLayout"), "spec.transpile.initialLayout"),
    **dict.fromkeys(("spec.method", "spec.simulator.name"), "spec.simulator.method"),
    **dict.fromkeys(("spec.engine", "spec.device", "spec.provider"), "spec.backendRef"),
    **dict.fromkeys(("spec.timeout", "spec.timeoutSeconds", "spec.deadline"), "spec.activeDeadlineSeconds"),
    **dict.fromkeys(("spec.retries", "spec.maxRetries"), "spec.backoffLimit"),
    **dict.fromkeys(("spec.source", "spec.qasm", "spec.program"), "spec.circuits[0].source"),
    "spec.circuit": "spec.circuits",
    "spec.budget": "spec.maxCost",
    "spec.resources.memory": "spec.resources.limits.memory",
    "spec.resources.cpu": "spec.resources.limits.cpu",
    **dict.fromkeys(("spec.circuits.qasm", "spec.circuits.program", "spec.circuits.code"), "source"),
    **dict.fromkeys(("spec.circuits.configMapRef", "spec.circuits.configMap"), "configMapKeyRef"),
}
# Maps that people write as a text, by the field's name.
_EXAMPLES: Mapping[str, str] = {
    "backendRef": "{kind: QuantumBackend, name: aer}",
    "maxCost": '{amount: "1.50", currency: USD}',
    "transpile": "{optimizationLevel: 1}",
    "noise": "{device: fake_manila}",
    "simulator": "{method: automatic}",
    "configMapKeyRef": "{name: circuits, key: bell.qasm}",
}


def explain(error: ValidationError) -> list[str]:
    """One line per error, for example `spec.circuits[0].shots: 0 is below 1; give 1 to 10000000`, up to 50.

    Complete for errors of QuantumJob and QuantumBackend; others are told without the bounds that only a schema knows.
    """
    lines, more = _lines(error, MAX_LINES), error.error_count() - MAX_LINES
    return [*lines, f"and {more} more"] if more > 0 else lines


def brief(error: ValidationError) -> str:
    """The first three lines as one."""
    return "; ".join(_lines(error, 3))


def _lines(error: ValidationError, most: int) -> list[str]:
    schema, found = _schema(error.title), error.errors(include_url=False)[:most]
    lines = (f"{_path(_place(e))}: {_what(e, _at(schema, e['loc']), _at(schema, e['loc'][:-1]))}" for e in found)
    return [line.encode(errors="backslashreplace").decode() for line in lines]  # it may quote a lone surrogate


@cache
def _schema(title: str) -> Mapping[str, Any]:
    model = _MODELS.get(title)
    return structural(model) if model else {}


def _place(error: Mapping[str, Any]) -> tuple[int | str, ...]:
    """Where the error is; a rule may blame a field below the place where it is checked."""
    broken = error.get("ctx", {}).get("error")
    below = broken.field.strip(".") if isinstance(broken, Violation) else ""
    return (*error["loc"], *(below.split(".") if below else ()))


def _path(loc: tuple[int | str, ...]) -> str:
    out = ""
    for part in loc:
        out += f"[{part}]" if isinstance(part, int) else f".{_cut(part)}"
    return out.lstrip(".") or "the object"


def _at(schema: Mapping[str, Any], loc: tuple[int | str, ...]) -> Mapping[str, Any]:
    node = schema
    for part in loc:
        if isinstance(part, int):
            node = node.get("items", {})
        else:
            node = node.get("properties", {}).get(part) or node.get("additionalProperties") or {}
    return node


def _what(error: Mapping[str, Any], field: Mapping[str, Any], parent: Mapping[str, Any]) -> str:
    name, kind, value = str(error["loc"][-1] if error["loc"] else ""), error["type"], error["input"]
    shown = "the value" if name in _WITHHELD else _shown(value)
    match kind:
        case "missing":
            return f"is missing, and required: {_first_sentence(field)}"
        case "extra_forbidden":
            return _unknown(name, error["loc"], parent.get("properties", {}))
        case "value_error":
            return str(error["ctx"]["error"])
        case "greater_than_equal":
            return f"{shown} is below {error['ctx']['ge']}; give {_range(field, 'minimum', 'maximum')}"
        case "less_than_equal":
            return f"{shown} is above {error['ctx']['le']}; give {_range(field, 'minimum', 'maximum')}"
        case "literal_error":
            return f"{shown} is not known; give {_one_of(field)}"
        case "string_pattern_mismatch":
            return f"{shown} does not fit; give {PATTERNS[error['ctx']['pattern']]}"
        case "string_too_short" | "string_too_long":
            return f"{len(value)} characters; give {_range(field, 'minLength', 'maxLength')}"
        case "too_short" | "too_long":
            low, high = ("minProperties", "maxProperties") if isinstance(value, Mapping) else ("minItems", "maxItems")
            return f"{len(value)} entries; give {_range(field, low, high)}"
    if name in _EXAMPLES and not isinstance(value, Mapping):
        return f"{shown} is not a map; write {_EXAMPLES[name]}"
    wanted = _type(field)
    if wanted == _TYPES["string"] and isinstance(value, (int, float)) and not isinstance(value, bool):
        return f'{shown} is a number; give a string, in quotes: "{shown}"'
    within = f", {_range(field, 'minimum', 'maximum')}" if "maximum" in field else ""
    return f"{shown} is not {wanted}; give {wanted}{within}"


def _unknown(name: str, loc: tuple[int | str, ...], fields: Mapping[str, Any]) -> str:
    """Names of other tools first, then what is spelt alike, then a field of that very name elsewhere."""
    place = ".".join(str(part) for part in loc if not isinstance(part, int))
    if place in _ELSEWHERE:
        return f"is not a field; did you mean {_ELSEWHERE[place]}?"
    near = difflib.get_close_matches(name, fields, n=1) if len(name) <= _SHOWN else []
    return f"is not a field; did you mean {near[0]}?" if near else "is not a field; remove it"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list):
        return "a list"
    return _cut(f'"{value}"' if isinstance(value, str) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _range(field: Mapping[str, Any], low: str, high: str) -> str:
    if low in field and high in field:
        return f"{field[low]} to {field[high]}" if field[low] != field[high] else str(field[low])
    return f"at most {field[high]}" if high in field else f"at least {field.get(low, 0)}"


def _one_of(field: Mapping[str, Any]) -> str:
    values = [str(value) for value in field.get("enum", ())]
    return " or ".join([", ".join(values[:-1]), values[-1]]) if len(values) > 1 else "".join(values)


def _first_sentence(field: Mapping[str, Any]) -> str:
    return str(field.get("description", "see the reference")).split(". ")[0].rstrip(".")


_TYPES = {
    "integer": "an integer",
    "string": "a string",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
}


def _type(field: Mapping[str, Any]) -> str:
    return _TYPES.get(str(field.get("type")), "what the reference says")
