"""OpenQASM 2 into a Qiskit circuit, by `qiskit.qasm2.loads`.

Its error messages are matched whole and said in own words: they echo tokens, and with an include path those of any
file.
"""

import re

from qiskit import QuantumCircuit, qasm2

from qee.documents.result import Register
from qee.sdk.errors import RunnerError
from qee.sdk.explain import invalid, keyword_at, statement_at, unsupported

_POSITION = re.compile(r"<input>:(\d+),\d+: ")
_NAME = r"([A-Za-z_]\w{0,63})"
_SHAPES: tuple[tuple[str, str], ...] = (
    (
        rf"'{_NAME}' is not defined in this scope",
        "{0} is not defined; include qelib1.inc, or define it above this line",
    ),
    (rf"'{_NAME}' is not a parameter .*", "{0} is no parameter of this gate"),
    (rf"'{_NAME}' is already defined", "the name {0} is taken; choose another"),
    (
        r"index (\d{1,9}) is out-of-range for register .* of size (\d{1,9})",
        "index {0} lies outside of a register of {1}",
    ),
    (rf"'{_NAME}' takes (\d+) parameters?, but got (\d+)", "{0} takes {1} parameters, not {2}"),
    (rf"'{_NAME}' takes (\d+) quantum arguments?, but got (\d+)", "{0} takes {1} qubits, not {2}"),
    (r"duplicate qubits in gate application", "a gate uses the same qubit twice"),
    (r"cannot resolve broadcast in .*", "the registers of this statement differ in size"),
    (r"only gate applications are valid within a 'gate' body.*", "a gate's body can apply gates only"),
    (r"identifiers cannot start with capital letters.*", "names begin with a small letter in OpenQASM 2"),
    (r"cannot divide by zero", "a division by zero"),
    (r"failure in constant folding.*", "an angle cannot be computed"),
    (r"only the first statement may be a version declaration", "OPENQASM must be the first statement"),
    (r"encountered a non-ASCII byte.*", "a character outside of ASCII"),
)

_COMMENT = re.compile(r"//[^\n]*")
_DEFINED = re.compile(r"\b(?:gate|opaque|qreg|creg)\s+([a-z][A-Za-z0-9_]*)")


def load_openqasm2(source: str) -> tuple[QuantumCircuit, tuple[Register, ...]]:
    """The circuit and its classical registers in order of declaration. Raises RunnerError.

    No include path: qelib1.inc is built in, and any other file would be the runner's own. The gates that Qiskit's
    exporter has added to qelib1.inc over the years (`p`, `sx`, `rzz`, `cu` ...) are known too.
    """
    try:
        circuit = qasm2.loads(
            source, include_path=(), custom_instructions=_known(source), custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL
        )
    except qasm2.QASM2ParseError as error:
        raise _refusal(str(error).strip("'\""), source) from error
    except TypeError as error:  # a library gate without its parameters
        raise invalid("a gate takes another number of parameters") from error
    return circuit, tuple(Register(register.name, register.size) for register in circuit.cregs if register.size)


def _known(source: str) -> tuple[qasm2.CustomInstruction, ...]:
    """Those of Qiskit's own gates that the source does not define itself: they would go before its definition."""
    own = set(_DEFINED.findall(_COMMENT.sub(" ", source)))
    return tuple(each for each in qasm2.LEGACY_CUSTOM_INSTRUCTIONS if each.name not in own)


def _refusal(message: str, source: str) -> RunnerError:
    position = _POSITION.match(message)
    line = int(position[1]) if position else None
    known = keyword_at(source, line)
    if known:
        return unsupported(*known, "aer")
    for shape, words in _SHAPES:
        if position and (found := re.fullmatch(shape, message[position.end() :], re.DOTALL)):
            return invalid(words.format(*found.groups()), line)
    known = statement_at(source, line)
    if known:
        return unsupported(*known, "aer")
    return invalid("this is no OpenQASM 2: check for a missing semicolon, bracket or keyword", line)
