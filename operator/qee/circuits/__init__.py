"""The bounded scanner: the only thing with which operator and webhook look at a circuit. Standard library only.

`scanner` is the entry; `openqasm`, `qpy` and `cirq_json` read a format each; `report` is what they report; `resources`
says what memory a simulator needs for it; `refused` has the constructs that an engine does not run.
"""

from qee.circuits.errors import ScanError
from qee.circuits.report import Limits, Scan
from qee.circuits.resources import Asked, Estimate, estimate_memory
from qee.circuits.scanner import FORMATS, scan

__all__ = ["FORMATS", "Asked", "Estimate", "Limits", "Scan", "ScanError", "estimate_memory", "scan"]
