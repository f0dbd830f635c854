"""The commands of README and guides that need no cluster, as they stand, with what they are shown to print."""

import sys
from pathlib import Path

import pytest
from tests.guides import CHECKOUT, HERE, blocks, carry_out, executed

QASM = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout as far as the commands see, with the files that the guides speak of."""
    for name in ("examples", "Makefile", "requirements", "pyproject.toml", ".venv"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    (tmp_path / "circuit.qasm").write_text(QASM)
    (tmp_path / "job.yaml").write_text((CHECKOUT / "examples/bell.yaml").read_text())
    return tmp_path


# Commands of a block that are left out: they would make an environment, or need a cluster.
SKIPPED = ("make venv", ". .venv/bin/activate", "qee submit", "qee run job.yaml")


@pytest.mark.parametrize(("document", "number"), executed(HERE), ids=str)
def test_the_commands_do_what_the_document_shows(document: str, number: int, folder: Path) -> None:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    variables = {"PATH": path, "NO_COLOR": "1"}
    if document == "docs/guide/notebooks.md":
        (folder / "job.yaml").unlink()  # its commands write it
    for command in blocks(document)[number]:
        if not command.line.startswith(SKIPPED):
            carry_out(command, folder, variables)
