"""The bounded scanner: the only thing with which operator and webhook look at a circuit. Standard library only.

`scanner` is the entry; `openqasm`, `qpy` and `cirq_json` read a format each; `report` is what they report; `resources`
says what memory a simulator needs for it; `refused` has the constructs that an engine does not run.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qee.circuits.errors import ScanError
    from qee.circuits.report import Limits, Scan
    from qee.circuits.resources import Asked, Estimate, estimate_memory
    from qee.circuits.scanner import FORMATS, scan

__all__ = ["FORMATS", "Asked", "Estimate", "Limits", "Scan", "ScanError", "estimate_memory", "scan"]

_MODULES = {
    **{"ScanError": "errors", "Limits": "report", "Scan": "report", "FORMATS": "scanner", "scan": "scanner"},
    **dict.fromkeys(("Asked", "Estimate", "estimate_memory"), "resources"),
}


def __getattr__(name: str) -> Any:
    """Each when it is asked for: the runner takes the tokens only, and its start is part of every job's time."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
