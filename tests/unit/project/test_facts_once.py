"""A fact has one home: what more than one room must know stands in one place of operator/qee, and the others ask it."""

import re
from pathlib import Path

import pytest
from e2e.cluster import images

from qee.api.names import ENGINES
from qee.api.reasons import Reason
from qee.api.remedies import REMEDIES
from qee.circuits import resources
from qee.cli import forms
from qee.cli.here import local
from qee.core.checks import engine_checks

PRODUCT = Path(__file__).parents[3] / "operator/qee"
HOMES = {
    "the engines": (r"""["']aer["'], *["']cirq["']""", "api/names.py"),
    "what replaces a character that does not print": (r"""isprintable\(\) else""", "api/messages.py"),
    "the namespace that names the cluster": (r"""["']kube-system["']""", "kube/cluster.py"),
    "which providers are clouds": (r"provider\b.{0,4} not in ENGINES", "api/backend.py"),
}


@pytest.mark.parametrize("fact", HOMES)
def test_a_fact_stands_once(fact: str):
    pattern, home = HOMES[fact]
    found = [
        str(path.relative_to(PRODUCT))
        for path in sorted(PRODUCT.rglob("*.py"))
        for _ in re.finditer(pattern, path.read_text())
    ]
    assert found == [home]


def test_what_is_listed_by_engine_lists_each():
    for table in (resources._COSTS, engine_checks.FORMATS, engine_checks.METHODS, local.MODULES):
        assert tuple(table) == ENGINES
    assert {form.value for form in forms.Engine} == set(ENGINES)
    assert {program.removeprefix("runner-") for program in images.PROGRAMS} >= set(ENGINES)


def test_each_reason_has_a_remedy_and_each_remedy_a_reason():
    assert list(REMEDIES) == [reason.value for reason in Reason]
