"""A real API server refuses what the models refuse, naming the field, and accepts what they accept."""

import pytest
from e2e.cluster.apiserver import ApiServer
from tests.api.definitions import defined, refusal
from tests.refused_specs import ACCEPTED, REFUSED, Accepted, Refused, changed


@pytest.fixture(scope="module")
def server(apiserver: ApiServer) -> ApiServer:
    return defined(apiserver)


@pytest.mark.parametrize("case", [case for case in REFUSED if case.server != ""], ids=lambda case: case.id)
def test_a_bad_value_is_refused_with_its_field(server: ApiServer, case: Refused):
    said = refusal(server, changed(case.kind, case.changes)).replace("\\", "")
    assert said, "it was taken"
    assert case.blames in said
    assert (case.model if case.server is None else case.server) in said


@pytest.mark.parametrize("case", [case for case in REFUSED if case.server == ""], ids=lambda case: case.id)
def test_what_only_the_models_can_afford_to_check_passes_the_api_server(server: ApiServer, case: Refused):
    """Should this fail, the API server has learned to check it: say so in the table."""
    assert refusal(server, changed(case.kind, case.changes)) == ""


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.id)
def test_a_value_at_the_edge_of_its_range_is_accepted(server: ApiServer, case: Accepted):
    assert refusal(server, changed(case.kind, case.changes)) == ""
