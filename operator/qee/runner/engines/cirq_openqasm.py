"""OpenQASM 2 and a subset of 3 into a Cirq circuit, by `cirq.contrib.qasm_import`.

Its messages quote the source, so they are matched for their line and shape and said in own words. What it accepts and
misreads is refused before.
"""

import re
import warnings

import cirq
from cirq.contrib.qasm_import import QasmException, circuit_from_qasm

from qee.api.result_document import Register
from qee.runner.engines.angles import check_integer_divisions
from qee.runner.engines.cirq_program import Program
from qee.runner.errors import RunnerError
from qee.runner.explain import invalid, keyword_at, statement_at, unsupported
from qee.runner.registers import conditional, declared_qubits, declared_registers
from qee.runner.source import without_comments

_BARRIER = re.compile(r"\bbarrier\b[^;{}]*;")
_LIBRARY = re.compile(r'include\s+"(?:qelib1|stdgates)\.inc"\s*;')
_USES_CU = re.compile(r"\bcu3?\s*\(")
# Cirq 1.7 takes theta modulo 2 pi, which turns the sign of u3 and so the phase that the control picks up. These are the
# definitions of qelib1.inc (github.com/openqasm/openqasm) and stdgates.inc (arXiv:2104.14722).
_CONTROLLED_U = (
    " gate cu3(theta, phi, lam) c, t { u1((lam + phi)/2) c; u1((lam - phi)/2) t; cx c, t;"
    " u3(-theta/2, 0, -(phi + lam)/2) t; cx c, t; u3(theta/2, phi, 0) t; }"
    " gate cu(theta, phi, lam, gamma) c, t { u1(gamma) c; cu3(theta, phi, lam) c, t; }"
)
_LINE = re.compile(r"\b(?:at|in) line (\d+)")
_NAME = r"([A-Za-z_]\w{0,63})"
_SHAPES: tuple[tuple[str, str], ...] = (
    (
        rf'Unknown gate "{_NAME}".*',
        "gate {0} is not known; include the gate library, define it by gate, or use engine aer",
    ),
    (r"Out of bounds .* index (\d+) .* of size (\d+).*", "index {0} lies outside of a register of {1}"),
    (r"Overlapping qubits in arguments.*", "a gate uses the same qubit twice"),
    (r"Non matching quantum registers.*", "the registers of this gate differ in size"),
    (rf'Undefined (?:quantum|classical) register "{_NAME}".*', "{0} is not declared; declare it above this line"),
    (rf"Undefined parameter '{_NAME}'.*", "{0} is no parameter of this gate"),
    (rf"{_NAME} is already defined.*", "the name {0} is taken; choose another"),
    (rf"{_NAME} takes (\d+) parameter\(s\), got: (\d+).*", "{0} takes {1} parameters, not {2}"),
    (rf"{_NAME} only takes (\d+) arg\(s\).*got: (\d+).*", "{0} takes {1} qubits, not {2}"),
    (r"Wrong number of params.*", "the gate takes another number of parameters"),
    (r"Wrong number of qregs.*", "the gate takes another number of qubits"),
    (r"mismatched register sizes (\d+) -> (\d+).*", "a measurement of {0} qubits into {1} bits"),
    (r"Illegal, zero-length register.*", "a register must have at least one element"),
    (r"Unexpected end of file.*", "the source ends in the middle of a statement"),
)
_CONSTRUCT_SHAPES: tuple[tuple[str, str], ...] = (
    (r"Parameter '.*' in line .* not supported.*", "angle-name"),
    (r"Function not recognized.*", "function"),
    (r"Illegal character '@'.*", "modifier"),
    (r"Illegal character '%'.*", "operator"),
    (r"Illegal character '\$'.*", "physical-qubit"),
    (r"Illegal character '[^\x00-\x7f]'.*", "character"),
    (r"Illegal character '[!~<>|]'.*", "condition"),
    (r"Syntax error: '\*'.*", "operator"),
    (r"Syntax error: ':'.*", "slice"),
)


def load_openqasm(source: str, format: str) -> Program:
    """The circuit with its qubits and classical registers in order of declaration.

    Bit i of register c has the measurement key `c_i`. Raises RunnerError.
    """
    registers = declared_registers(source)
    _refuse_what_the_importer_misreads(source, format, registers)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # numpy's, for the logarithm of a negative number
            circuit = circuit_from_qasm(_amended(source))
    except (ZeroDivisionError, RuntimeWarning) as error:
        raise invalid("an angle cannot be computed: a division by zero, or a function outside of its range") from error
    except QasmException as error:
        raise _refusal(str(error), source) from error
    keys = tuple((f"{register.name}_{bit}", 0) for register in registers for bit in range(register.size))
    qubits = tuple(
        cirq.NamedQubit(f"{register.name}_{number}")
        for register in declared_qubits(source)
        for number in range(register.size)
    )
    if not circuit.all_qubits() <= set(qubits) or not cirq.measurement_key_names(circuit) <= {key for key, _ in keys}:
        raise invalid(
            "a register's declaration is not understood; write qreg q[2]; creg c[2]; or qubit[2] q; bit[2] c;"
        )
    return Program(circuit, registers, qubits, keys)


def _amended(source: str) -> str:
    """The source with what the importer lacks or has wrong, every line still in its place."""
    # A barrier says nothing to a simulator, and the importer does not know it.
    text = _BARRIER.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), without_comments(source))
    return _LIBRARY.sub(lambda found: found[0] + _CONTROLLED_U, text, count=1) if _USES_CU.search(text) else text


def _refuse_what_the_importer_misreads(source: str, format: str, registers: tuple[Register, ...]) -> None:
    """Programs that Cirq 1.7 accepts and reads otherwise than they are meant.

    Of a conditional gate on a whole register it keeps the gate on the first qubit. Angles such as 1/2 are 0.5 to it and
    0 to OpenQASM 3.
    """
    for statement in conditional(source):
        gate = re.sub(r"^if ?\([^)]*\)", "", statement.text)
        arguments = re.sub(r"^\s*\w+\s*(\([^)]*\))?", "", gate)
        if arguments.strip() and any("[" not in argument for argument in arguments.split(",")):
            names = {each.strip() for each in arguments.split(",")}
            if not names <= _single_qubits(source):
                raise unsupported("condition-register", statement.line, "cirq")
    if format == "openqasm3":
        check_integer_divisions(source, "cirq")


def _single_qubits(source: str) -> set[str]:
    return set(re.findall(r"\bqubit\s+(\w+)\s*;", without_comments(source)))


def _refusal(message: str, source: str) -> RunnerError:
    position = _LINE.search(message)
    line = int(position[1]) if position else None
    known = keyword_at(source, line)
    if known:
        return unsupported(*known, "cirq")
    for shape, construct in _CONSTRUCT_SHAPES:
        if re.fullmatch(shape, message, re.DOTALL):
            return unsupported(construct, line, "cirq")
    for shape, words in _SHAPES:
        if found := re.fullmatch(shape, message, re.DOTALL):
            return invalid(words.format(*found.groups()), line)
    known = statement_at(source, line)
    return unsupported(*known, "cirq") if known else _no_program(line)


def _no_program(line: int | None) -> RunnerError:
    return invalid("this is no OpenQASM that Cirq reads: check for a missing semicolon, bracket or keyword", line)
