"""How fields are declared: whether they may be absent, and what the API server makes of defaults and of lists."""

from typing import Any

from pydantic import Field

STORED_DEFAULT = "x-qee-stored-default"
_LIST_TYPE = "x-kubernetes-list-type"
ATOMIC: dict[str, Any] = {_LIST_TYPE: "atomic"}
SET: dict[str, Any] = {_LIST_TYPE: "set"}


def keyed(by: str) -> dict[str, Any]:
    """A list that is a map: that field of each entry names it."""
    return {_LIST_TYPE: "map", "x-kubernetes-list-map-keys": [by]}


def optional(description: str, schema: dict[str, Any] | None = None) -> Any:
    """A field that may be absent, and is None then. `schema`: what its JSON schema has beside the type's."""
    return Field(default=None, description=description, json_schema_extra=schema)


def listed(description: str, schema: dict[str, Any] | None = None) -> Any:
    """A list that is empty where it is absent."""
    return Field(default_factory=list, description=description, json_schema_extra=schema)


def stored(default: Any, description: str, schema: dict[str, Any] | None = None) -> Any:
    """A field with a default that the API server stores."""
    return Field(default=default, description=description, json_schema_extra=stored_default(default) | (schema or {}))


def stored_default(value: Any) -> dict[str, Any]:
    """Marks a default that the API server writes into the object; other defaults are what absence means.

    Stored defaults are signed with the rest of the spec. None may be added, changed or removed after the first release.
    """
    return {STORED_DEFAULT: value}
