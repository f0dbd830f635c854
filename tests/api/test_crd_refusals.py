"""A real API server refuses what the models refuse, naming the field, and accepts what they accept."""

import json
import re
from pathlib import Path

import pytest
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.steps import ClusterError
from tests.refused_specs import ACCEPTED, REFUSED, Accepted, Refused, changed

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="module")
def server(apiserver: ApiServer) -> ApiServer:
    apiserver.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
    apiserver.kubectl("wait", "--for=condition=Established", "-f", str(CRDS), "--timeout=30s")
    return apiserver


def try_create(server: ApiServer, obj: dict) -> None:
    server.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(obj))


@pytest.mark.parametrize("case", [case for case in REFUSED if case.server != ""], ids=lambda case: case.id)
def test_a_bad_value_is_refused_with_its_field(server: ApiServer, case: Refused):
    with pytest.raises(ClusterError) as refused:
        try_create(server, changed(case.kind, case.changes))
    said = re.sub(r"\s+", " ", str(refused.value)).replace("\\", "")
    assert case.blames in said
    assert (case.model if case.server is None else case.server) in said


@pytest.mark.parametrize("case", [case for case in REFUSED if case.server == ""], ids=lambda case: case.id)
def test_what_only_the_models_can_afford_to_check_passes_the_api_server(server: ApiServer, case: Refused):
    """Should this fail, the API server has learned to check it: say so in the table."""
    try_create(server, changed(case.kind, case.changes))


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.id)
def test_a_value_at_the_edge_of_its_range_is_accepted(server: ApiServer, case: Accepted):
    try_create(server, changed(case.kind, case.changes))
