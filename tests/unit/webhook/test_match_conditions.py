"""The API server asks the webhook about whatever a signature covers, and about nothing else."""

import pytest
from tests import builders

from qee.api.job import MUTABLE
from qee.api.names import ANNOTATION_SIGNATURE
from qee.schema.match_conditions import match_conditions
from qee.signing.profiles.job import SIGNED_LABELS, project

(CONDITION,) = match_conditions()


@pytest.mark.parametrize("what", [ANNOTATION_SIGNATURE, *SIGNED_LABELS])
def test_signature_and_signed_labels_are_compared(what: str):
    assert CONDITION["expression"].count(f'[?"{what}"]') == 2


def test_each_field_that_is_signed_is_compared():
    for field in project(builders.job()).value["spec"]:
        assert f"object.spec.{field} != oldObject.spec.{field}" in CONDITION["expression"]


@pytest.mark.parametrize("field", MUTABLE)
def test_fields_that_may_change_are_not(field: str):
    assert field not in CONDITION["expression"]
