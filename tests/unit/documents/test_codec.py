"""The codec: a dataclass's annotations say what its JSON is, and a refusal says where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest

from qee.documents.canonical import DocumentError
from qee.documents.codec import Document, Key, Message, Number, OmitEmpty, Positive, one_of
from qee.documents.compiled import Submission
from qee.documents.result import Array
from qee.documents.run import CircuitRun, JobReference, RunDocument


@dataclass(frozen=True)
class Leaf(Document):
    size: Positive
    kind: Annotated[str, one_of("a", "b")] = "a"


@dataclass(frozen=True)
class Tree(Message, what="tree", apiVersion="tree/v1"):
    name: str
    is_tall: bool
    max_rss_mib: Annotated[int, Key("maxRssMiB")]
    leaves: tuple[Leaf, ...]
    by_name: OmitEmpty[Mapping[str, Mapping[str, tuple[Number, ...]]]] = field(default_factory=dict)
    one: Leaf | None = None
    note: OmitEmpty[str] = ""


WHOLE = Tree("t", True, 0, (Leaf(1), Leaf(2, "b")), {"x": {"y.z": ("1e5",)}}, Leaf(3), "n")


def as_value(**change: Any) -> dict[str, Any]:
    return {**WHOLE.as_json(), "leaves": [{"size": 1, "kind": "a"}], "byName": {"x": {"y.z": ["1e5"]}}, **change}


@pytest.mark.parametrize("tree", [WHOLE, Tree("t", False, 0, ())])
def test_what_is_written_is_what_is_read(tree: Tree) -> None:
    assert Tree.from_bytes(tree.to_bytes()) == tree


def test_what_is_absent_is_left_out_and_what_has_a_default_is_not() -> None:
    assert Tree("t", False, 0, (Leaf(1),)).to_bytes() == (
        b'{"apiVersion":"tree/v1","isTall":false,"leaves":[{"kind":"a","size":1}],"maxRssMiB":0,"name":"t"}'
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "name must be a non-empty string"),
        ({"name": None}, "name must be a non-empty string"),
        ({"isTall": 1}, "isTall must be true or false"),
        ({"maxRssMiB": True}, "maxRssMiB must be an integer from 0 to 2^53-1"),
        ({"maxRssMiB": 2**53}, "maxRssMiB must be an integer from 0 to 2^53-1"),
        ({"one": None}, "one must be an object"),
        ({"one": {"size": 1}}, "one.kind is missing"),
        ({"one": {"size": 1, "kind": "c"}}, "one.kind must be one of a, b"),
        ({"leaves": {}}, "leaves must be a list of objects"),
        ({"leaves": [{"size": 1, "kind": "a"}, {"size": 0, "kind": "a"}]}, "leaves[1].size must be an integer from 1"),
        ({"leaves": [{"size": 1, "kind": "a", "z": 1, "y": 1}]}, "unknown field leaves[0].y: written by another"),
        ({"byName": {"x": {"y.z": ["1", "pi"]}}}, "byName.x.y.z must be a list of decimal numbers as strings"),
        ({"byName": {"x": []}}, "byName.x must be an object"),
        ({"note": ["n"]}, "note must be a non-empty string"),
    ],
)
def test_a_refusal_says_where(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DocumentError) as refused:
        Tree.from_json(as_value(**change), "trees[0].")
    assert str(refused.value).replace("trees[0].", "", 1).startswith(message)


@pytest.mark.parametrize("text", ["é", "Ω" * 40, "a"])
def test_what_is_not_base64_is_refused_in_whatever_letters(text: str) -> None:
    with pytest.raises(DocumentError, match="not base64"):
        Array("float64", (1,), text).raw()
    with pytest.raises(DocumentError, match="a payload is not base64"):
        Submission.from_json({"payload": text, "units": [], "usage": {}})


def test_a_target_that_is_not_base64_is_refused_in_whatever_letters() -> None:
    run = RunDocument(
        JobReference("n", "j", "u"), "b", "ibm", 7, False, (CircuitRun("c", "qpy", "x", 1),), target=b"{}"
    )
    with pytest.raises(DocumentError, match="target must be gzip in base64"):
        RunDocument.from_json({**run.as_json(), "target": "é"})
