"""Hypothesis strategies that change good things: JSON values somewhere in them, bytes anywhere.

QEE_FUZZ_SECONDS makes a property that `repeated` runs go on for so long; otherwise it takes a second or so.
"""

import copy
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "\ud800", "default", "bell", "1", 0, 1, 100, 1024, 2**53 - 1, 2**53 + 1, 1.0, -0.0, 1e3]),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key or index) below the value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in entries:
        yield value, key
        yield from places(below)


@st.composite
def changed_json(draw: st.DrawFn, value: Any, values: st.SearchStrategy[Any] = VALUES) -> Any:
    """A copy with one to three places replaced, removed, doubled or added."""
    mutated = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(mutated))
        if not found:
            break
        container, key = found[draw(st.integers(0, len(found) - 1))]
        match draw(st.sampled_from(["replace", "remove", "add", "double"])):
            case "replace":
                container[key] = draw(values)
            case "remove":
                del container[key]
            case "add" if isinstance(container, dict):
                container[draw(st.text(max_size=10))] = draw(values)
            case "double" if isinstance(container, list):
                container.append(copy.deepcopy(container[key]))
    return mutated


@st.composite
def changed_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """One to four bits flipped, or pieces inserted, removed, repeated or cut off."""
    mutated = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(mutated)))
        length = draw(st.integers(1, 16))
        match draw(st.sampled_from(["flip", "insert", "remove", "repeat", "cut"])):
            case "flip" if at < len(mutated):
                mutated[at] ^= 1 << draw(st.integers(0, 7))
            case "insert":
                mutated[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "remove":
                del mutated[at : at + length]
            case "repeat":
                mutated[at:at] = mutated[at : at + length]
            case "cut":
                del mutated[at:]
    return bytes(mutated)


def repeated(property_: Callable[[], None]) -> None:
    """Once; with QEE_FUZZ_SECONDS again and again, with other examples each time, for that long."""
    end = time.monotonic() + float(os.environ.get("QEE_FUZZ_SECONDS", 0))
    property_()
    while time.monotonic() < end:
        property_()
