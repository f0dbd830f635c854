"""A fixed sample of `make prove-at-most-once`, which kills at every point of the trace and takes minutes."""

import pytest
from e2e import clouds
from tests.at_most_once import prove


@pytest.mark.parametrize("vendor", clouds.VENDORS)
async def test_whatever_is_killed_there_is_at_most_one_provider_job(vendor: str):
    table = await prove([vendor], 6, ["accept-then-drop", "accept-then-503", "drop"], lambda line: None)
    assert table.problems == []
    assert sum(found.total() for found in table.rows.values()) > 6
