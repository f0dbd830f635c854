"""Classical registers and conditions on them, read from the source: what the engines' importers drop or misread."""

from collections.abc import Sequence

from qee.documents.result import Register
from qee.sdk.explain import invalid
from qee.sdk.source import statements


def declared_registers(source: str) -> tuple[Register, ...]:
    """Classical registers whose size is written as a number, in order of declaration; a single bit has size 1."""
    return _declared(source, "creg", "bit")


def declared_qubits(source: str) -> tuple[Register, ...]:
    """The same for quantum registers and single qubits."""
    return _declared(source, "qreg", "qubit")


def _declared(source: str, old: str, new: str) -> tuple[Register, ...]:
    registers = []
    for statement in statements(source):
        match statement.words:
            case (word, name, "[", size, "]", *_) if word == old and size.isdecimal():
                pass
            case (word, "[", size, "]", name, *_) if word == new and size.isdecimal():
                pass
            case (word, name, *_) if word == new:
                size = "1"
            case _:
                continue
        if name.isidentifier():
            registers.append(Register(name, int(size)))
    return tuple(register for register in registers if register.size)


def check_conditions(source: str) -> None:
    """Raises InvalidCircuit for a comparison that can never hold: engines look at as many bits as the register has."""
    sizes = {register.name: register.size for register in declared_registers(source)}
    for statement in statements(source):
        if statement.words[0] in ("if", "while"):
            for name, value in _comparisons(statement.words):
                if name in sizes and value >> sizes[name]:
                    raise invalid(f"{name} has {sizes[name]} bits and is never {value}", statement.line)


def _comparisons(words: Sequence[str]) -> list[tuple[str, int]]:
    """Names that are compared with a number by `==`."""
    found = []
    padded = ["", *words, "", ""]
    for at, word in enumerate(padded):
        if word == "==":
            left, right, after = padded[at - 1], padded[at + 1], padded[at + 2]
            if right.isdecimal():
                found.append((left, int(right)))
            elif left.isdecimal() and after != "[":
                found.append((right, int(left)))
    return found
