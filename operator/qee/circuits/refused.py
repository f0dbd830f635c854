"""What engines refuse among the constructs that the scanner tells of, for `qee lint`.

Part of the reference's table of constructs, which was made by running each: `docs.pages.refused` writes it.
"""

import json
from functools import cache
from pathlib import Path

from qee.circuits.report import Scan

FILE = Path(__file__).parent / "refused.json"


def refused(found: Scan, engine: str) -> list[str]:
    """What the engine does not run of this circuit, each with what to write instead."""
    known = _table().get(found.format, {}).get(engine, {})
    return list(dict.fromkeys(known[construct] for construct in sorted(found.constructs) if construct in known))


@cache
def _table() -> dict[str, dict[str, dict[str, str]]]:
    """By format, engine and construct."""
    found: dict[str, dict[str, dict[str, str]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
