"""Quantities mean what the API server means by them."""

from decimal import Decimal
from typing import Any

import pytest

from qee.api.quantity import parse_quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (2, "2"),
        ("2", "2"),
        ("500m", "0.5"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("1.", "1"),
        ("1Ki", "1024"),
        ("1.5Gi", "1610612736"),
        ("1G", "1000000000"),
        ("1E", "1000000000000000000"),
        ("1Ei", "1152921504606846976"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("12e-1", "1.2"),
        ("100n", "0.0000001"),
        ("3u", "0.000003"),
        ("+1", "1"),
        ("-1", "-1"),
        ("0", "0"),
    ],
)
def test_a_quantity_is_an_exact_number(text: int | str, number: str):
    assert parse_quantity(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "lots", "1 Gi", "1gi", "1KI", "Gi", "1e", "1.5.2", "0x10", "1Gi\n", "٣", True, 0.5, None]
)
def test_what_is_not_a_quantity_is_refused_with_an_example(text: Any):
    with pytest.raises(ValueError, match='such as "500m"'):
        parse_quantity(text)
