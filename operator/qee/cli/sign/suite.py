"""The libraries that check signatures on this machine."""

from functools import cache

from qee.cli import exits
from qee.cli.problem import Problem
from qee.signing.libraries import LibraryProblem, Suite


@cache
def installed_suite() -> Suite:
    """Tried once: that takes longer than a signature. Raises Problem where a library gives wrong answers."""
    try:
        return Suite.available()
    except LibraryProblem as problem:
        raise Problem(f"no signature can be checked here: {problem}", exits.BUG) from None
