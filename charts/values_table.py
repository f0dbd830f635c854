"""Writes the table of values in charts/qee/README.md from the comments in values.yaml.

`python -m charts.values_table [--check]`: with --check nothing is written, and a difference is an error.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parent / "qee"
BEGIN, END = "<!-- values: written by `python -m charts.values_table` -->\n", "<!-- end of values -->\n"


def described(text: str) -> Iterator[tuple[str, str]]:
    """(dotted path, description) of each key with a comment `# -- ...` above it, as helm-docs reads it."""
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        if found := re.fullmatch(r" *# (?:-- )?(.*)", line):
            comment = [found[1]] if "# -- " in line else [*comment, found[1]] if comment else []
        elif found := re.match(r"( *)([A-Za-z]\w*):", line):
            path = [*path[: len(found[1]) // 2], found[2]]
            if comment:
                yield ".".join(path), " ".join(comment)
            comment = []


def table(chart: Path = CHART) -> str:
    text = (chart / "values.yaml").read_text()
    defaults = yaml.safe_load(text)
    rows = ["| value | default | meaning |", "|---|---|---|"]
    for path, meaning in described(text):
        value: Any = defaults
        for key in path.split("."):
            value = value[key]
        # What the keys below tell is not told twice.
        shown = "" if path == "backends" else f"`{json.dumps(value)}`"
        rows.append(f"| `{path}` | {shown} | {meaning} |")
    return "\n".join(rows) + "\n"


def page(chart: Path = CHART) -> str:
    """README.md as it should be."""
    before, _, rest = (chart / "README.md").read_text().partition(BEGIN)
    return before + BEGIN + "\n" + table(chart) + "\n" + END + rest.partition(END)[2]


def main(arguments: list[str]) -> None:
    readme = CHART / "README.md"
    if readme.read_text() == page():
        return
    if "--check" in arguments:
        sys.exit(f"{readme} is not what values.yaml says: run `python -m charts.values_table`")
    readme.write_text(page())


if __name__ == "__main__":
    main(sys.argv[1:])
