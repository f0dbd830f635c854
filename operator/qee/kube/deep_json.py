"""JSON as deep as the API server stores it.

It takes objects of 10,000 levels (sigs.k8s.io/json), and the schema lets `spec.providerOptions` hold them; the model
refuses more than 8. Python's reader stops earlier, as its version has it: below 1,000 levels with what Python sets by
itself, at 1,500 in 3.12, just below 10,000 in 3.13. Where it stopped, no list and no watch with such an object could be
read: one object would stop everybody's jobs.
"""

import json
import sys
from json.decoder import JSONDecoder
from json.scanner import py_make_scanner  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import Any

# Before 3.12 one bound is for calls in C and in Python, and C's stack has room for some 20,000 levels of JSON.
_LEVELS = 12_000 if sys.version_info < (3, 12) else 60_000


def read_deep_json() -> None:
    """From now on `json.loads` reads what the API server stores, in Kopf and in aiohttp too. May be called again."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _LEVELS))
    decoder = vars(json)["_default_decoder"]
    if not hasattr(decoder.scan_once, "deep"):
        decoder.scan_once = _Scanner(decoder.scan_once)


class _Scanner:
    """The reader in C; the one in Python for what is too deep for it."""

    deep = True

    def __init__(self, in_c: Any) -> None:
        self._in_c = in_c
        self._in_python = py_make_scanner(JSONDecoder())

    def __call__(self, text: str, at: int) -> Any:
        try:
            return self._in_c(text, at)
        except RecursionError:
            return self._in_python(text, at)
