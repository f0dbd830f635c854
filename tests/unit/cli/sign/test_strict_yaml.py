"""The strict reader takes only what every reader of YAML takes for the same."""

import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from qee.cli.problem import Problem
from qee.cli.sign.strict_yaml import Reader, documents

PLAIN = st.text(alphabet="0123456789+-._:eExXoObBtTzZyYnNfFiIaAlLuUsSrR~=<# ", min_size=0, max_size=12)
AMBIGUOUS = """yes No ON off y N true True TRUE null Null ~ = << -0 0 00 +1 0o7 07 0x1F 0b1 1_0 1:30 1. .5 1e3 1E+3 .inf
-.Inf .NaN 2024-01-01 2001-12-14t21:59:43.10-05:00 190:20:30.15 9007199254740993 -7 v1.2 1.2.3 a:b 1e e1 0x"""
WORDS = st.sampled_from(AMBIGUOUS.split())
# JSON in ASCII writes what lies beyond as two halves, which are refused; DEL is no character of YAML.
TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"], exclude_characters="\x7f"))
KEYS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs", "Cc"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def read(text: str) -> Any:
    (document,) = documents(text, "here")
    return Reader("here").value(document)


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (one == other or (isinstance(one, float) and math.isnan(one)))


@settings(max_examples=400, deadline=None)
@given(PLAIN | WORDS)
@example("-_")
@example("._")
@example("-._")
def test_a_plain_value_is_the_same_to_yaml_1_1_and_yaml_1_2_or_refused(text: str) -> None:
    document = f"a: {text}\n"
    try:
        value = read(document)["a"]
    except Problem:
        return
    old = yaml.safe_load(document)["a"]
    try:
        new = YAML(typ="safe", pure=True).load(document)["a"]
    except (YAMLError, ValueError) as error:
        pytest.fail(f"{document!r}: read as {value!r}, YAML 1.2: {error}")
    assert same(value, old), f"YAML 1.1: {old!r}"
    assert same(value, new), f"YAML 1.2: {new!r}"


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_what_is_written_as_json_is_read_as_json(value: Any) -> None:
    assert read(json.dumps({"a": value}, ensure_ascii=True)) == {"a": value}


def test_half_a_character_is_refused() -> None:
    with pytest.raises(Problem, match="write the character itself"):
        read(json.dumps({"a": "\U00010000"}))


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_what_a_dumper_writes_is_read_as_it_was_or_refused(value: Any) -> None:
    try:
        found = read(yaml.safe_dump({"a": value}))
    except Problem:
        return
    assert found == {"a": value}
