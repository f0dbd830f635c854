"""YAML and JSON read so that it means one thing: what is to be signed must not depend on who reads it.

YAML readers differ on `yes`, `012`, `1e3`, dates, doubled keys and merge keys. None of these is guessed at here: each
is an error that names the field. Every value keeps its place in the text, so that a file can be changed in one place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from qee.cli.plain_text import check_text, not_yaml
from qee.cli.problem import Problem

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DIGITS, _MAX_INTEGER = 21, 2**63  # beyond, kubectl makes a float of it
# What YAML 1.1, YAML 1.2 or a JSON reader takes for something else than text, beyond null, true, false and integers.
# kubectl removes every underscore from what begins as a number before it looks: 0_x1 is 1, 1e_3 is 1000.
_AMBIGUOUS = re.compile(
    r"~|(?i:null|true|false|yes|no|on|off|y|n)|=|<<"
    r"|[-+]?(?i:0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+)|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[0-9][0-9_]*|[-+][0-9_]+|[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?i:e[-+]?[0-9]+)?"
    r"|[-+]?\.(?i:inf|nan)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"
)


@dataclass
class Node:
    """A value in its place. `items` of mappings are pairs, of lists nodes, of scalars empty."""

    kind: str
    start: int
    end: int
    column: int = 0
    flow: bool = False
    text: str = ""
    style: str | None = None
    tag: str | None = None
    anchor: str | None = None
    items: list[Any] = field(default_factory=list)

    def get(self, key: str) -> "Node | None":
        """The value of a key of a mapping; the first, where it occurs twice."""
        return next((value for name, value in self._pairs() if name.text == key), None)

    def key(self, key: str) -> "Node | None":
        return next((name for name, _ in self._pairs() if name.text == key), None)

    def _pairs(self) -> list[tuple["Node", "Node"]]:
        return self.items if self.kind == "mapping" else []


def documents(text: str, origin: str) -> list[Node]:
    """The documents of a file. Values are not looked at yet. Raises Problem."""
    import yaml

    check_text(text, origin)
    try:
        events = iter(yaml.parse(text, yaml.SafeLoader))
        return [_node(events, next(events)) for event in events if isinstance(event, yaml.DocumentStartEvent)]
    except yaml.YAMLError as error:
        raise not_yaml(error, origin) from None
    except RecursionError:
        raise Problem(f"{origin}: nested too deeply; flatten it") from None


def _node(events: Iterator[Any], event: Any) -> Node:
    import yaml

    start, anchor = event.start_mark, getattr(event, "anchor", None)
    found = Node(
        "alias", start.index, event.end_mark.index, start.column, anchor=anchor, tag=getattr(event, "tag", None)
    )
    if isinstance(event, yaml.ScalarEvent):
        found.kind, found.text, found.style = "scalar", event.value, event.style
    elif isinstance(event, yaml.SequenceStartEvent):
        found.kind, found.flow = "list", bool(event.flow_style)
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            found.items.append(_node(events, inner))
        found.end = _index(inner.end_mark)
    elif isinstance(event, yaml.MappingStartEvent):
        found.kind, found.flow = "mapping", bool(event.flow_style)
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            found.items.append((_node(events, inner), _node(events, next(events))))
        found.end = _index(inner.end_mark)
    return found


def _index(mark: Any) -> int:
    return int(mark.index)


class Reader:
    """Turns nodes into values of JSON. Raises Problem for what has two meanings; it names field, value and remedy."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def value(self, node: Node, path: str = "") -> Any:
        if node.kind == "alias":
            raise self._problem(path, f"*{node.anchor} is an alias", "write out what it stands for")
        if node.anchor is not None:
            raise self._problem(path, f"&{node.anchor} is an anchor", "remove it, and write out its aliases")
        if node.tag is not None:
            raise self._problem(path, f"has the tag {node.tag[:60]}", "remove the tag; put text into quotes")
        if node.kind == "list":
            return [self.value(item, f"{path}[{index}]") for index, item in enumerate(node.items)]
        if node.kind == "mapping":
            return self._mapping(node, path)
        return self._text(node.text, path) if node.style is not None else self._plain(node.text, path)

    def _mapping(self, node: Node, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.items:
            here = f"{path}.{key.text}".lstrip(".")
            if key.text == "<<" and key.style is None:
                raise self._problem(path, "<<: is a merge key", "write out the keys that it brings")
            if not isinstance(self.value(key, here), str):
                raise self._problem(here, "the key is not text", "put it into quotes")
            if key.text in found:
                raise self._problem(here, "the key occurs twice", "remove one of them")
            found[key.text] = self.value(value, here)
        return found

    def _plain(self, text: str, path: str) -> Any:
        if text in ("", "null", "~"):
            return None
        if text in ("true", "false"):
            return text == "true"
        if _INTEGER.fullmatch(text) and text != "-0" and len(text) < _DIGITS and abs(int(text)) < _MAX_INTEGER:
            return int(text)
        if _AMBIGUOUS.fullmatch(text) or _AMBIGUOUS.fullmatch(text.replace("_", "")):
            raise self._problem(
                path,
                f"{text[:60]} means different things to different readers",
                "put it into quotes if it is text; else write true, false or a whole number in decimal digits",
            )
        return self._text(text, path)

    def _text(self, text: str, path: str) -> str:
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise self._problem(path, "holds half a character (\\ud800 to \\udfff)", "write the character itself")
        return text

    def _problem(self, path: str, what: str, remedy: str) -> Problem:
        return Problem(f"{self._origin}: {path or 'the document'}: {what}; {remedy}")
