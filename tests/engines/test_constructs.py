"""The table of constructs is what the engines do, and a wrong outcome is never an entry."""

import dataclasses

import pytest
from docs.pages import constructs
from docs.pages.programs import PROGRAMS, Program


def test_the_page_is_what_the_engines_do_today() -> None:
    assert constructs.PAGE.read_text(encoding="utf-8") == constructs.page()


def test_a_wrong_outcome_stops_the_generator() -> None:
    program = dataclasses.replace(PROGRAMS[0], expected="10")
    with pytest.raises(AssertionError, match="aer on"):
        constructs.verdict(program, "openqasm3", "aer")


def test_a_refusal_is_told_without_the_circuit_s_name() -> None:
    program = Program("Gates", "`foo`", "0", "foo q;")
    said = constructs.verdict(program, "openqasm3", "aer")
    assert said.startswith("gate foo is not defined")
    assert constructs.verdict(program, "openqasm2", "aer") == "-"


def test_every_construct_runs_somewhere_or_is_refused_everywhere_on_purpose() -> None:
    """What no engine runs is listed here, so that a construct does not fall out of use unnoticed."""
    page = constructs.PAGE.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| construct")]
    nowhere = {line.split(" |")[0][2:] for line in rows if "| yes |" not in line}
    assert nowhere == {
        "`opaque g a;`",
        "`box { ... }`",
        "`rx(1/2*pi)`: integers with a remainder",
        "`const float a = pi;`",
        '`bit[2] c = "01";`',
        "`measure q;` without a target",
        "`c[1] = c[0];`, `c = 1;`",
        "`for int i in [0:1] { x q[i]; }`",
        "`switch (c) { ... }`",
        "`end;`",
        "`def f(qubit a) { ... }`",
        "`extern f(int) -> int;`",
        "`int i = 1;`, `float`, `bool`, `angle`",
        "`array[int[8], 2] a;`",
        "`complex[float[64]] z;`",
        "`output bit[2] c;`",
        "`defcal`, `cal`",
        "`pragma`",
        "no measurement",
        "`include` of another file",
        "a gate without a definition",
        "`PauliEvolutionGate`",
        "`box`",
        "a variable of the circuit",
        "a noise channel",
        "a qudit",
        "`invert_mask`",
    }
