"""Canonical JSON is what the package rfc8785 makes of it, only sooner."""

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from qee.signing import canonical

SAFE = 2**53 - 1
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers(-SAFE, SAFE) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))


@given(VALUES)
@example("".join(map(chr, range(0x100))) + "\u2028\u2029\ufeff\U0001f600")
@example({"\ufb33": 1, "\U0001f600": 2, "": 3, "\r": 4, "1": 5, "\x80": 6, "ö": 7, "€": 8})
def test_it_is_what_the_package_makes_of_it(value: Any) -> None:
    assert canonical.dumps(value) == rfc8785.dumps(value)


def test_members_are_ordered_by_utf_16() -> None:
    """RFC 8785 section 3.2.3; by code points it would be the other way round."""
    assert canonical.dumps({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize(
    "value",
    ["\ud800", {"\ud800": 1}, {"a": ["\udfff"]}, 2**53, -(2**53), float("nan"), float("inf"), {1: 2}, {"a": b"b"}],
    ids=repr,
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical.dumps(value)
