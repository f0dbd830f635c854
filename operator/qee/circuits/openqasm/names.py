"""What a name means here, and what may have been meant by one that means nothing."""

import difflib
from typing import NoReturn

from qee.circuits.errors import quoted
from qee.circuits.openqasm.gates import INCLUDES, Gate
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Reader
from qee.circuits.openqasm.symbols import Bits, Constant, Parameter, Symbol, Variable
from qee.circuits.openqasm.values import Unknown, Value

MAX_GUESSED = 32  # characters of names among which a misspelt one is looked for, a few hundred of them

# Names of gates elsewhere, and here.
ALIASES = {
    **{"cnot": "cx", "CNOT": "cx", "toffoli": "ccx", "ccnot": "ccx", "fredkin": "cswap", "hadamard": "h", "not": "x"},
    **{"X": "x", "Y": "y", "Z": "z", "H": "h", "S": "s", "T": "t", "CZ": "cz", "SWAP": "swap", "i": "id", "I": "id"},
    **{"v": "sx", "si": "sdg", "ti": "tdg", "sdag": "sdg", "tdag": "tdg", "cphaseshift": "cp", "phaseshift": "p"},
    **{"Rx": "rx", "Ry": "ry", "Rz": "rz", "RX": "rx", "RY": "ry", "RZ": "rz"},
}


def declare(reader: Reader, program: Program, name: str, symbol: Symbol, at: int) -> None:
    if not program.scope.declare(name, symbol):
        reader.fail(f"{quoted(name)} is already defined; choose another name", at=at)


def undefined(reader: Reader, program: Program, name: str, what: str, kinds: type | tuple[type, ...]) -> NoReturn:
    """Fails at the name just taken, with the closest names of the right kind."""
    names = program.scope.names
    candidates = [n for n, s in names.items() if isinstance(s, kinds) and len(n) <= MAX_GUESSED][:256]
    close = difflib.get_close_matches(name, candidates, n=3) if len(name) <= MAX_GUESSED else []
    alias = ALIASES.get(name, name) if what == "gate" else name
    if alias != name and alias in names:
        close = [alias]
    hint = f"; did you mean {' or '.join(map(quoted, close))}?" if close else ""
    library = INCLUDES[reader.version]
    standard = next(iter(library))
    if what == "gate" and not program.includes and alias in library[standard]:
        hint = f'; {"it" if alias == name else f"{quoted(alias)} does it, and"} comes with include "{standard}";'
    if name in reader.dialect.foreign:
        other = 5 - reader.version
        hint = f": it is of OpenQASM {other}; set the circuit's format to openqasm{other}"
    reader.fail(f"{what} {quoted(name)} is not defined{hint}", at=reader.pos - 1)


def not_a_gate(reader: Reader, program: Program) -> NoReturn:
    word = reader.items[reader.pos]
    if reader.version == 2 and word in ALIASES and not word.islower():
        reader.fail(f"gate {quoted(word)} is not defined; did you mean {quoted(ALIASES[word])}?")
    name = reader.name("a statement")
    if name in program.scope.names:
        reader.fail(f"{quoted(name)} is not a gate", at=reader.pos - 1)
    undefined(reader, program, name, "gate", Gate)


def resolve(reader: Reader, program: Program, name: str) -> Value:
    """The value of a name in an expression, which was just taken."""
    symbol = program.scope.names.get(name)
    if isinstance(symbol, Constant):
        return symbol.number
    if isinstance(symbol, Parameter):
        return Unknown({name: 1})
    if isinstance(symbol, (Bits, Variable)) and not program.in_gate:
        if isinstance(symbol, Bits) and symbol.size is not None:
            program.tally.work += symbol.size  # Cirq makes a condition of every bit
        elif isinstance(symbol, Variable) and symbol.input:
            program.used_inputs.add(name)
        return Unknown({}, 1)
    if symbol is None:
        undefined(reader, program, name, "name", (Constant, Parameter, Bits, Variable))
    reader.fail(f"{quoted(name)} has no value that could be used here", at=reader.pos - 1)
