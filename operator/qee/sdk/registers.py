"""Classical registers and conditions on them, read from the text: what the engines' importers drop or misread."""

import re

from qee.documents.result import Register
from qee.sdk.explain import invalid
from qee.sdk.source import Statement, statements

_DECLARATION = re.compile(r"creg (\w+) ?\[ ?(\d+) ?\]|bit ?\[ ?(\d+) ?\] ?(\w+)|bit (\w+)")
_QUBITS = re.compile(r"qreg (\w+) ?\[ ?(\d+) ?\]|qubit ?\[ ?(\d+) ?\] ?(\w+)|qubit (\w+)")
_COMPARISON = re.compile(r"\b([A-Za-z_]\w*)\s*==\s*(\d+)\b|\b(\d+)\s*==\s*([A-Za-z_]\w*)\b(?!\s*\[)")


def declared_registers(source: str) -> tuple[Register, ...]:
    """Classical registers whose size is written as a number, in order of declaration; a single bit has size 1."""
    return _declared(source, _DECLARATION)


def declared_qubits(source: str) -> tuple[Register, ...]:
    """The same for quantum registers and single qubits."""
    return _declared(source, _QUBITS)


def _declared(source: str, declaration: re.Pattern[str]) -> tuple[Register, ...]:
    registers = []
    for statement in statements(source):
        if found := declaration.match(statement.text):
            name, size = found[1] or found[4] or found[5], found[2] or found[3] or "1"
            registers.append(Register(name, int(size)))
    return tuple(register for register in registers if register.size)


def conditional(source: str) -> list[Statement]:
    """The statements that begin with if or while."""
    return [each for each in statements(source) if re.match(r"(if|while)\b", each.text)]


def check_conditions(source: str) -> None:
    """Raises InvalidCircuit for a comparison that can never hold: engines look at as many bits as the register has."""
    sizes = {register.name: register.size for register in declared_registers(source)}
    for statement in conditional(source):
        for found in _COMPARISON.finditer(statement.text):
            name, value = found[1] or found[4], int(found[2] or found[3])
            size = sizes.get(name)
            if size is not None and value >> size:
                raise invalid(f"{name} has {size} bits and is never {value}", statement.line)
