"""Label selectors as the API server reads them."""

import re
from collections.abc import Mapping

_SET = re.compile(r"^(\S+)\s+(in|notin)\s+\(([^)]*)\)$")


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether the labels satisfy all comma-separated requirements. An empty selector selects everything."""
    return all(_holds(part.strip(), labels) for part in re.split(r",(?![^(]*\))", selector) if part.strip())


def _holds(requirement: str, labels: Mapping[str, str]) -> bool:
    if found := _SET.match(requirement):
        key, operator, values = found[1], found[2], {value.strip() for value in found[3].split(",")}
        return (labels.get(key) in values) == (operator == "in")
    if "!=" in requirement:
        key, value = requirement.split("!=", 1)
        return labels.get(key.strip()) != value.strip()
    if "=" in requirement:
        key, value = re.split("==?", requirement, maxsplit=1)
        return labels.get(key.strip()) == value.strip()
    if requirement.startswith("!"):
        return requirement[1:].strip() not in labels
    return requirement in labels
