"""Which of the scanner's constructs an engine refuses, made by trying the programs of the table of constructs.

python -m docs.pages.refused            write operator/qee/circuits/refused.json
python -m docs.pages.refused --check    fail if it is not what would be written
"""

import json
import re
import sys

from docs.pages.constructs import verdict
from docs.pages.programs import PROGRAMS
from docs.pages.writing import write

from qee.api.names import ENGINES
from qee.circuits import ScanError, scan
from qee.circuits.refused import FILE

FORMATS = ("openqasm3", "openqasm2")
_ASKS_FOR_VALUES = "input"  # refused without a column of parameters, which the table's programs have not


def text() -> str:
    """The file's text: by format, engine and construct what is refused, and what to write instead."""
    table = {format: {engine: _refused(format, engine) for engine in ENGINES} for format in FORMATS}
    return json.dumps(table, indent=2, sort_keys=True) + "\n"


def _refused(format: str, engine: str) -> dict[str, str]:
    """A construct is refused if every program that has it is."""
    runs = {_ASKS_FOR_VALUES}
    found: dict[str, str] = {}
    for program in PROGRAMS:
        source = program.source(format)
        if source is None:
            continue
        try:
            constructs = scan(format, source).constructs
        except ScanError:
            continue
        said = verdict(program, format, engine)
        if said == "yes":
            runs |= constructs
        for construct in constructs:
            found.setdefault(construct, re.sub(r"^engine \w+ does not run ", "", said))
    return {construct: said for construct, said in found.items() if construct not in runs}


def main(arguments: list[str] | None = None) -> int:
    """Write or check it; returns the exit code."""
    return write(FILE, text(), arguments)


if __name__ == "__main__":
    sys.exit(main())
