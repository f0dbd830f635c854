"""`qee` with a library that gives wrong answers: a line for people, no traceback."""

import pytest

from qee.cli import exits
from qee.cli.problem import Problem
from qee.cli.sign import suite
from qee.signing.libraries import LibraryProblem, Suite


def test_a_library_with_wrong_answers_is_told_as_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong() -> Suite:
        raise LibraryProblem("liboqs gives wrong answers for ML-DSA-44")

    suite.installed_suite.cache_clear()
    monkeypatch.setattr(Suite, "available", wrong)
    with pytest.raises(Problem, match="no signature can be checked here: liboqs gives wrong answers") as problem:
        suite.installed_suite()
    assert problem.value.code == exits.BUG


def test_the_libraries_are_tried_once() -> None:
    suite.installed_suite.cache_clear()
    assert suite.installed_suite() is suite.installed_suite()
