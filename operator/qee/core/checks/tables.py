"""A circuit's table of parameters from a file: columns of decimal strings, as `parameters` has them inline.

Numbers are never read as floating point: a JSON number is the text that stands in the file.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from qee.api.fields import LARGEST
from qee.api.job_circuit import MAX_NAME, MAX_PARAMETERS, MAX_ROWS
from qee.documents.canonical import DocumentError, check_structure

Columns = dict[str, tuple[str, ...]]

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")  # as qee.api.fields.DecimalString
_MAX_DIGITS = 32
MAX_PARSED = 64 * 1_048_576  # bytes; as many numbers as one ConfigMap holds take less
_SHOWN = 40


class TableProblem(ValueError):
    """What is wrong with a table, and the remedy."""


def read(data: bytes, key: str) -> Columns:
    """The columns of a table. `key` tells its format: CSV with a header where it ends in .csv, else JSON.

    Raises TableProblem.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableProblem(f"byte {error.start} is not UTF-8; save the table as UTF-8") from None
    columns = _csv(text) if key.lower().endswith(".csv") else _json(text)
    if not 1 <= len(columns) <= MAX_PARAMETERS:
        raise TableProblem(f"it has {len(columns)} columns; give 1 to {MAX_PARAMETERS}, one for each parameter")
    for name, column in columns.items():
        _check(name, column)
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise TableProblem(
            f"the columns hold {min(lengths)} to {max(lengths)} values; give every parameter equally many"
        )
    return {name: tuple(column) for name, column in columns.items()}


def _check(name: str, column: list[Any]) -> None:
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise TableProblem(
            f"the column name {name[:_SHOWN]!a} does not fit; give the parameter's, of 1 to {MAX_NAME} characters"
        )
    if not 1 <= len(column) <= MAX_ROWS:
        raise TableProblem(f"column {name!r} holds {len(column)} values; give 1 to {MAX_ROWS}")
    for number, value in enumerate(column, start=1):
        fits = isinstance(value, str) and len(value) <= _MAX_DIGITS and _NUMBER.fullmatch(value)
        if not fits or abs(float(value)) > LARGEST:
            shown = f"{value[:_SHOWN]!r}" if isinstance(value, str) else "the value"
            raise TableProblem(
                f"column {name!r}, row {number}: {shown} is not a decimal number within {LARGEST:.0e} and of at most "
                f"{_MAX_DIGITS} characters; give one such as -0.5 or 1e-3"
            )


def _json(text: str) -> dict[str, list[Any]]:
    try:
        check_structure(text.encode(), "table", MAX_PARSED)
    except DocumentError as error:
        raise TableProblem(str(error)) from None
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_float=str, parse_int=str, parse_constant=_no_number)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f"line {error.lineno}: " if isinstance(error, json.JSONDecodeError) else ""
        raise TableProblem(f'{where}it is not JSON; give an object of columns, {{"theta": ["0.1", "0.2"]}}') from None
    if not isinstance(value, Mapping) or not all(isinstance(column, list) for column in value.values()):
        raise TableProblem('it is not an object of lists; give columns, {"theta": ["0.1", "0.2"]}')
    return dict(value)


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, column in pairs:
        if name in found:
            raise TableProblem(f"column {name[:_SHOWN]!r} occurs twice; give each parameter once")
        found[name] = column
    return found


def _no_number(text: str) -> NoReturn:
    raise TableProblem(f"{text} is not a number that a parameter can have; give a decimal number")


def _csv(text: str) -> dict[str, list[Any]]:
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if row:  # a blank line
                rows.append([value.strip() for value in row])
            if len(rows) > MAX_ROWS + 1:
                raise TableProblem(f"it has more than {MAX_ROWS} rows below the header; split the job")
    except csv.Error:
        raise TableProblem(f"line {reader.line_num}: it is not CSV; separate values by commas") from None
    if not rows:
        raise TableProblem(
            "it is empty; give the parameters' names in the first line and a row of values in each other"
        )
    header, *values = rows
    for number, row in enumerate(values, start=1):
        if len(row) != len(header):
            raise TableProblem(
                f"row {number} has {len(row)} values, the header has {len(header)} names; give one value for each"
            )
    return _once((name, [row[place] for row in values]) for place, name in enumerate(header))
