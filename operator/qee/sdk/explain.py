"""Own words for what an engine refuses: which construct, why, and the rewrite that helps.

SDK messages never reach a status: they echo source, and have been seen to echo files. What is known of their shapes is
translated here and beside the engines; the rest is found by looking at the statement on which the parser stopped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qee.sdk.errors import RunnerError, invalid_circuit, unsupported_construct
from qee.sdk.source import statements

LONGEST_TOLD = 1000  # characters of a statement whose shape is looked at: shapes go back and forth over it
_WORD = re.compile(r"[A-Za-z_]\w*|@")


@dataclass(frozen=True)
class Construct:
    """Something that an engine cannot run, and what to write instead."""

    name: str
    rewrite: str


_VARIABLE = "keep bit and qubit declarations only, and write values where they are used"

CONSTRUCTS: Mapping[str, Construct] = {
    "def": Construct("a subroutine (def)", "write its body where it is called, or make it a gate"),
    "extern": Construct("an external function (extern)", "compute its value beforehand and write it as a number"),
    "const": Construct("a constant (const)", "write its value where it is used"),
    "variable": Construct("a classical variable", _VARIABLE),
    "array": Construct("an array", _VARIABLE),
    "assignment": Construct("an assignment to a classical variable", "assign the results of measure only"),
    "initialisation": Construct("a bit initialised with a value", "declare it without: bits begin as 0"),
    "measure-declaration": Construct("a declaration with measure", "declare first: bit[2] c; c = measure q;"),
    "discarded": Construct("a measurement whose result is discarded", "assign it: c[0] = measure q[0];"),
    "switch": Construct("switch", "write one if for each case"),
    "while": Construct("while", "repeat its body as often as it may run, each time inside an if"),
    "for": Construct("for", "write its body once for each value"),
    "loop-index": Construct("a loop variable as an index", "write the body once for each index"),
    "loop-set": Construct("a for loop over such a set", "use a range of integers [0:3] or a set {0, 2, 5}"),
    "block": Construct("a block in braces after if", "write one if for each gate: if (c == 1) x q[0];"),
    "else": Construct("else", "write a second if with the opposite value"),
    "if-bit": Construct("a condition on one bit", "declare a register of size 1 for it: if (c == 1) x q[0];"),
    "condition": Construct(
        "such a condition", "compare one bit, if (c[0]), or one whole register with an integer, if (c == 3)"
    ),
    "condition-gate": Construct(
        "a condition on anything but a gate", "condition gates only; a conditional reset is measure, then if (c == 1) x"
    ),
    "condition-unmeasured": Construct(
        "a condition on bits that were not measured", "measure every bit of the register before the if"
    ),
    "input": Construct(
        "such an input parameter",
        "declare it as input float or input angle, on a backend whose engine is aer; engine cirq takes the symbols of "
        "Cirq's JSON",
    ),
    "output": Construct("the keyword output", "leave it out: every bit is part of the result"),
    "let": Construct("an alias (let)", "use the register's own name and index"),
    "concatenation": Construct("a concatenation (++)", "name the bits one by one"),
    "slice": Construct("a slice of a register", "name the bits one by one"),
    "pow-of-parameter": Construct(
        "a fraction of a gate whose angle is an input (pow)", "write the gate that it is, with the input in its angles"
    ),
    "delay": Construct("delay", "leave it out: a noiseless simulator does not notice time"),
    "box": Construct("box", "write its body without it"),
    "duration": Construct("a gate with a duration", "leave the duration out"),
    "calibration": Construct("a calibration (cal, defcal)", "leave it out"),
    "pragma": Construct("a pragma", "leave it out"),
    "annotation": Construct("an annotation (@)", "leave it out"),
    "expression": Construct("an expression as a statement", "leave it out"),
    "modifier": Construct(
        "a gate modifier (ctrl, negctrl, inv, pow)", "use the gate that stdgates.inc has for it, or define one by gate"
    ),
    "end": Construct("end", "let the program run to its last line"),
    "return": Construct("return", "leave it out"),
    "opaque": Construct("an opaque gate", "define it by gate, from gates of the library"),
    "gphase": Construct("gphase", "leave it out: without a control it changes no result"),
    "physical": Construct("physical and virtual qubits in one program", "declare a register and use it throughout"),
    "function": Construct("a function in an angle", "compute the value and write it as a number"),
    "operator": Construct("such an operator in an angle", "use + - * / and numbers, or write the value as a number"),
    "duration-angle": Construct("a duration as an angle", "write the angle in radians, without a unit"),
    "bit-string-angle": Construct("a string of bits as an angle", "write the angle in radians, as a number"),
    "angle-name": Construct("such a constant in an angle", "write it as a number, or as a multiple of pi"),
    "integer-division": Construct(
        "a division of integers that leaves a remainder, which OpenQASM 3 cuts off (1/2 is 0)", "write 1.0/2 or 0.5"
    ),
    "no-measurement": Construct(
        "a circuit without measurements", "add one: c = measure q; (in OpenQASM 2: measure q -> c;)"
    ),
}

# The first word of a statement tells its construct, whatever engine refuses it.
KEYWORDS: Mapping[str, str] = {
    **{word: word for word in ("def", "extern", "const", "array", "switch", "while", "for", "else", "input", "output")},
    **{word: word for word in ("let", "delay", "box", "end", "return", "opaque", "gphase")},
    **dict.fromkeys(("int", "uint", "float", "angle", "bool", "complex", "duration", "stretch"), "variable"),
    **dict.fromkeys(("ctrl", "negctrl", "inv", "pow"), "modifier"),
    **dict.fromkeys(("cal", "defcal", "defcalgrammar"), "calibration"),
    **dict.fromkeys(("pragma", "nop"), "pragma"),
    "@": "annotation",
}


# Statements on which a parser stopped, where no keyword tells; the first that matches.
_STATEMENTS: tuple[tuple[str, str], ...] = (
    (r"if ?\([^)]*\) ?(measure|reset)\b.*|if ?\([^)]*\) ?\w+ ?(\[.*\])? ?= ?measure\b.*", "condition-gate"),
    (r"if ?\([^)]*==[^)]*\)", "block"),
    (r"if ?\( ?\w+ ?(\[ ?\d+ ?\])? ?(== ?\d+ ?)?\)?.*", "if-bit"),
    (r"if\b.*", "condition"),
    (r"bit\b.*= ?measure.*", "measure-declaration"),
    (r"bit\b.*=.*", "initialisation"),
    (r"measure\b(?!.*->).*", "discarded"),
    (r"\w+ ?(\[[^=]*\])? ?=(?!=| ?measure\b).*", "assignment"),
    (r".*\[ ?|.*\[[^\]]*:.*", "slice"),
)


def unsupported(construct: str, line: int | None = None, engine: str | None = None) -> RunnerError:
    """The refusal of one of CONSTRUCTS."""
    what = CONSTRUCTS[construct]
    by = f"engine {engine}" if engine else "the engine"
    return unsupported_construct(f"{at(line)}{by} does not run {what.name}; {what.rewrite}")


def invalid(message: str, line: int | None = None) -> RunnerError:
    """The refusal of a program that is wrong in any engine."""
    return invalid_circuit(f"{at(line)}{message}")


def at(line: int | None) -> str:
    return f"line {line}: " if line else ""


def keyword_at(source: str, line: int | None, keywords: Mapping[str, str] = KEYWORDS) -> tuple[str, int] | None:
    """The construct whose keyword begins a statement on `line`, or anywhere if no line is known, and its line."""
    for statement in statements(source):
        if line is not None and statement.line != line:
            continue
        word = _WORD.match(statement.text)
        if word and word[0] in keywords:
            return keywords[word[0]], statement.line
    return None


def statement_at(source: str, line: int | None) -> tuple[str, int] | None:
    """The construct of the first statement on `line`, or anywhere if no line is known, that has a telling shape."""
    for statement in statements(source):
        if (line is None or statement.line == line) and len(statement.text) <= LONGEST_TOLD:
            for shape, construct in _STATEMENTS:
                if re.fullmatch(shape, statement.text):
                    return construct, statement.line
    return None
