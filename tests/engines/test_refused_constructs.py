"""What lint says of an engine is what the engine does."""

from docs.pages import refused

from qee.circuits import refused as table
from qee.circuits import scan


def test_the_table_for_lint_is_what_the_engines_do() -> None:
    assert table.FILE.read_text(encoding="utf-8") == refused.text()


def test_only_what_every_program_is_refused_for_is_told() -> None:
    found = scan("openqasm3", "OPENQASM 3.0; qubit q; bit c; c = measure q; if (c) { U(0, 0, 0) q; }")
    assert "if" in found.constructs
    assert table.refused(found, "aer") == []
