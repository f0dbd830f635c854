"""The bounded scanner: the only thing with which operator and webhook look at a circuit. Standard library only."""

from qee.circuits.errors import ScanError
from qee.circuits.report import Limits, Scan
from qee.circuits.resources import Asked, Estimate, estimate_memory
from qee.circuits.scanner import FORMATS, scan

__all__ = ["FORMATS", "Asked", "Estimate", "Limits", "Scan", "ScanError", "estimate_memory", "scan"]
