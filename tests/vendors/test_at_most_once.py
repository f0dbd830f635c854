"""A fixed sample of `make prove-at-most-once`, which kills at every point of the trace and takes minutes."""

import pytest
from e2e import clouds
from tests.at_most_once import prove


@pytest.mark.parametrize("vendor", clouds.VENDORS)
async def test_whatever_is_killed_there_is_at_most_one_provider_job(vendor: str):
    beside = ["charge refused: amount", "fetch: 404 for minutes", "cancel refused, then succeeded", "short counts"]
    table = await prove([vendor], 6, ["accept-then-drop", "accept-then-503", "drop"], lambda line: None, beside)
    assert table.problems == []
    assert sum(row.total() for row in table.rows.values()) > 6 + len(beside)
