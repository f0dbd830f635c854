"""Tables of parameters from a file: JSON columns and CSV, never through floating point."""

import json

import pytest

from qee.core.checks.tables import TableProblem, read


def test_columns_of_strings_are_taken_as_they_are() -> None:
    assert read(b'{"theta[0]": ["0.10", "1e-3"], "phi": ["-1", "2"]}', "t.json") == {
        "theta[0]": ("0.10", "1e-3"),
        "phi": ("-1", "2"),
    }


def test_numbers_keep_the_text_that_the_file_has() -> None:
    text = b'{"a": [0.1000000000000000055511151231, 1, 2.50, 1E+2]}'
    assert read(text, "table") == {"a": ("0.1000000000000000055511151231", "1", "2.50", "1E+2")}


def test_csv_has_its_names_in_the_first_line() -> None:
    assert read(b"theta[0], phi\r\n0.1,0.2\r\n\r\n-1e-3,4\r\n", "t.CSV") == {
        "theta[0]": ("0.1", "-1e-3"),
        "phi": ("0.2", "4"),
    }


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert read(b"\xef\xbb\xbfa\n1\n", "t.csv") == {"a": ("1",)}


@pytest.mark.parametrize(
    ("data", "key", "says"),
    [
        (b"\xff", "t", "byte 0 is not UTF-8; save the table as UTF-8"),
        (b"{", "t", "line 1: it is not JSON; give an object of columns"),
        (b"[" * 100_000, "t", "it is not JSON; give an object of columns"),
        (b"[1]", "t", "it is not an object of lists; give columns"),
        (b'{"a": 1}', "t", "it is not an object of lists; give columns"),
        (b"{}", "t", "it has 0 columns; give 1 to 256"),
        (json.dumps({f"p{n}": ["1"] for n in range(257)}).encode(), "t", "it has 257 columns; give 1 to 256"),
        (b'{"a": []}', "t", "column 'a' holds 0 values; give 1 to 10000"),
        (json.dumps({"a": ["1"] * 10_001}).encode(), "t", "column 'a' holds 10001 values; give 1 to 10000"),
        (b'{"a": ["1"], "b": ["1", "2"]}', "t", "the columns hold 1 to 2 values; give every parameter equally many"),
        (b'{"a": ["1"], "a": ["2"]}', "t", "column 'a' occurs twice; give each parameter once"),
        (b'{"a": ["pi"]}', "t", "column 'a', row 1: 'pi' is not a decimal number"),
        (b'{"a": ["1", null]}', "t", "column 'a', row 2: the value is not a decimal number"),
        (b'{"a": [[1]]}', "t", "column 'a', row 1: the value is not a decimal number"),
        (b'{"a": [NaN]}', "t", "NaN is not a number that a parameter can have; give a decimal number"),
        (b'{"a": [1e999]}', "t", "'1e999' is not a decimal number within 1e+100"),
        (b'{"a": [' + b"1" * 33 + b"]}", "t", "of at most 32 characters; give one such as -0.5 or 1e-3"),
        (b'{"": ["1"]}', "t", "the column name '' does not fit; give the parameter's"),
        (b'{"\\ud800": ["1"]}', "t", "the column name '\\ud800' does not fit; give the parameter's"),
        (b'{"' + b"a" * 65 + b'": ["1"]}', "t", "does not fit; give the parameter's, of 1 to 64 characters"),
        (b"", "t.csv", "it is empty; give the parameters' names in the first line"),
        (b"a,b\n1\n", "t.csv", "row 1 has 1 values, the header has 2 names; give one value for each"),
        (b"a,a\n1,2\n", "t.csv", "column 'a' occurs twice"),
        (b"a\n", "t.csv", "column 'a' holds 0 values; give 1 to 10000"),
        (b'a\n"1\n', "t.csv", "it is not CSV; separate values by commas"),
        (b"a\n" + b"1\n" * 10_001, "t.csv", "it has more than 10000 rows below the header; split the job"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_a_bad_table_says_where_and_what_to_give(data: bytes, key: str, says: str) -> None:
    with pytest.raises(TableProblem) as refused:
        read(data, key)
    assert says in str(refused.value)
