"""OpenQASM 3 into a Qiskit circuit, by the reference parser and Qiskit's importer.

These are the two halves of `qiskit.qasm3.loads`. Called one by one they give the syntax tree in between: it has the
classical bits' own names, which the circuit loses for single bits. What the importer misreads, `converter`
sets right.
"""

import contextlib
import io
import re
from typing import Any

import openqasm3
from openqasm3 import ast
from qiskit import QuantumCircuit
from qiskit_qasm3_import import ConversionError

from qee.documents.result import Register
from qee.sdk.errors import RunnerError
from qee.sdk.explain import invalid, keyword_at, unsupported
from qee.sdk.qiskit.openqasm3.converter import Converter
from qee.sdk.qiskit.openqasm3.errors import conversion_refusal, import_refusal

_SYNTAX_LINE = re.compile(r"\bline (\d+):\d+|\bL(\d+):C\d+")  # the parser's console listener, its exceptions
_PHASES_COUNT = re.compile(r"\b(?:ctrl|negctrl|pow)\b")


def load_openqasm3(source: str) -> tuple[QuantumCircuit, tuple[Register, ...]]:
    """The circuit and its classical registers in order of declaration. Raises RunnerError."""
    program = _parse(source)
    converter = Converter(program, phases=_PHASES_COUNT.search(source) is not None)
    try:
        circuit = converter.circuit()
    except ConversionError as error:
        raise conversion_refusal(str(error), converter.line) from error
    except (MemoryError, RecursionError, RunnerError):
        raise
    except Exception as error:  # CircuitError, IndexError, TypeError: the importer passes on what Qiskit raises
        raise import_refusal(error, converter.line) from error
    return circuit, _registers(program, circuit)


def _parse(source: str) -> ast.Program:
    console = io.StringIO()  # ANTLR prints its complaint, with a piece of the source, and raises an empty exception
    try:
        with contextlib.redirect_stderr(console):
            return openqasm3.parse(source)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        found = _SYNTAX_LINE.search(f"{error}\n{console.getvalue()}")
        line = int(found[1] or found[2]) if found else None
        raise _syntax_refusal(source, line) from error


def _syntax_refusal(source: str, line: int | None) -> RunnerError:
    known = keyword_at(source, line, {"opaque": "opaque"})
    if known:
        return unsupported(*known, "aer")
    return invalid("this is no OpenQASM 3: check for a missing semicolon, bracket or keyword", line)


def _registers(program: ast.Program, circuit: QuantumCircuit) -> tuple[Register, ...]:
    """Names from the program, for the importer renames; sizes from the circuit, for they may be expressions."""
    declared = [
        node
        for node in program.statements
        if isinstance(node, ast.ClassicalDeclaration) and isinstance(node.type, ast.BitType)
    ]
    seen: set[Any] = set()
    sizes = []
    for register in circuit.cregs:  # an alias is a register of bits that are there already
        fresh = [bit for bit in register if bit not in seen]
        seen.update(fresh)
        if fresh or not len(register):
            sizes.append(len(fresh))
    remaining = iter(sizes)
    named = [(node.identifier.name, next(remaining) if _sized(node) else 1) for node in declared]
    return tuple(Register(name, size) for name, size in named if size)


def _sized(node: ast.ClassicalDeclaration) -> bool:
    return isinstance(node.type, ast.BitType) and node.type.size is not None
