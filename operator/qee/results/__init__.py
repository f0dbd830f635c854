"""Results in notebooks: `qee.results.load("result.json")` gives counts, numpy arrays, tables and Qiskit's own objects.

Reading and counts need nothing beyond qee itself; numpy, pandas, PyYAML and Qiskit are imported by the calls that give
what they are for, and an absent one is named with the command that installs it.
"""

from qee.results.errors import ResultError
from qee.results.loading import load
from qee.results.result import ExpectationValues, Result

__all__ = ["ExpectationValues", "Result", "ResultError", "load"]
