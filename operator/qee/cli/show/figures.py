"""How numbers of a result are written for people."""

import cmath
import math
from collections.abc import Mapping

from qee.cli.terminal import printable
from qee.documents import ResultDocument
from qee.documents.reference import ResultReference
from qee.documents.result import Expectation

MAX_PARAMETERS = 4  # columns of a sweep that are shown beside its values


def kind(document: ResultDocument) -> str:
    """Where it ran, as `aer (simulated)`, or `aer for team-a (simulated)` where the backend has a name of its own."""
    engine, backend = document.provenance.engine, printable(document.backend)
    if not document.simulated:
        return f"{backend} (on hardware)"
    return f"{backend} (simulated)" if engine == document.backend else f"{engine} for {backend} (simulated)"


def estimate(found: Expectation, blocks: bool) -> str:
    """The value to the two leading digits of its error, and the error: `-1.137(exact)` has none."""
    value, error = float(found.value), float(found.standard_error)
    if not found.shots:
        return f"{value:.10g} (exact)"
    sign = "±" if blocks else "+/-"
    if error <= 0:
        return f"{value:.6g} {sign} 0"
    places = decimals(error)
    return f"{value:.{places}f} {sign} {error:.{places}f}"


def decimals(error: float) -> int:
    """Decimal places that show an error with two digits, 0 to 15."""
    return min(max(0, 1 - math.floor(math.log10(error))), 15)


def amplitude(number: complex) -> str:
    return f"{number.real:+.6f}{number.imag:+.6f}i"


def phase(number: complex, blocks: bool) -> str:
    """In units of pi, above -1 to 1; a rounded -1 is the same phase as 1."""
    turns = round(cmath.phase(number) / math.pi, 3)
    return f"{1.0 if turns == -1 else turns + 0.0:.3f}{'π' if blocks else ' pi'}"


def parameters(table: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Which parameters are shown: those that vary first, at most MAX_PARAMETERS."""
    varying = [name for name, column in table.items() if len(set(column)) > 1]
    return [*varying, *(name for name in table if name not in varying)][:MAX_PARAMETERS]


def point(table: Mapping[str, tuple[str, ...]], row: int) -> str:
    """`theta=0.5, phi=1` of one parameter set."""
    names = parameters(table)
    left = len(table) - len(names)
    said = ", ".join(f"{printable(name)}={printable(table[name][row])}" for name in names)
    return said + (f", and {left} more" if left else "")


def missing(document: ResultDocument | ResultReference) -> list[str]:
    """The warning of a partial result, line by line; empty for a whole one."""
    if not document.missing:
        return []
    lost, all_ = len(document.missing), document.provenance.shards
    lines = [f"PARTIAL RESULT: {lost} of {all_} shards failed for good; what they had to compute is not in here."]
    lines += [f"  shard {each.index}: {each.reason}: {printable(each.message)}" for each in document.missing[:8]]
    return lines + ([f"  and {lost - 8} more"] if lost > 8 else [])
