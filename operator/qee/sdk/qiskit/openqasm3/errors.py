"""What qiskit-qasm3-import says, in own words. Its messages are matched whole; none is passed on."""

import re
from collections.abc import Callable

from qee.sdk.errors import RunnerError
from qee.sdk.explain import invalid, unsupported

_POSITION = re.compile(r"(\d+),\d+: ")
_NAME = r"([A-Za-z_]\w{0,63})"

_NODES = {
    "SubroutineDefinition": "def",
    "ExternDeclaration": "extern",
    "ConstantDeclaration": "const",
    "ClassicalAssignment": "assignment",
    "SwitchStatement": "switch",
    "EndStatement": "end",
    "ReturnStatement": "return",
    "CalibrationStatement": "calibration",
    "CalibrationDefinition": "calibration",
    "CalibrationGrammarDeclaration": "calibration",
    "Pragma": "pragma",
    "ExpressionStatement": "expression",
}
_VALUES = {"FunctionCall": "function", "Concatenation": "concatenation"}

Refusal = Callable[[re.Match[str], int | None], RunnerError]


def _construct(key: str) -> Refusal:
    return lambda _, line: unsupported(key, line, "aer")


def _wrong(message: str) -> Refusal:
    return lambda found, line: invalid(message.format(*found.groups()), line)


_SHAPES: tuple[tuple[str, Refusal], ...] = (
    (r"node of type (\w+) is not supported", lambda found, line: _node(found[1], line)),
    (
        r"'(\w+)' cannot be resolved into a Qiskit value",
        lambda found, line: unsupported(_VALUES.get(found[1], "operator"), line, "aer"),
    ),
    (r"declarations of type 'array' .*", _construct("array")),
    (r"declarations of type .*", _construct("variable")),
    (r"only global declarations are supported", _wrong("bits can only be declared outside of blocks")),
    (r"initialisation of classical bits .*", _construct("initialisation")),
    (r"measurements must save their result .*", _construct("discarded")),
    (r"the 'output' keyword .*", _construct("output")),
    (r"only 'float' and 'angle' inputs .*", _construct("input")),
    (r"gates with durations .*", _construct("duration")),
    (r".*[Mm]ixing modes not currently supported.*", _construct("physical")),
    (r"only (integer loop variables|ranges and discrete integer sets) .*", _construct("loop-set")),
    (r"for-loop ranges must have .*", _construct("loop-set")),
    (r"(unhandled (binary|unary) operator|conditions must be|only '==' is supported) .*", _construct("condition")),
    (r"unsupported binary operation .*", _construct("operator")),
    (r"no registered handler could load annotation.*", _construct("annotation")),
    (rf"gate '{_NAME}' is not defined\.", _wrong("gate {0} is not defined; include stdgates.inc or define it by gate")),
    (rf"Undefined symbol '{_NAME}'\.", _wrong("{0} is not declared; declare it above this line")),
    (rf"'{_NAME}' is already defined\..*", _wrong("the name {0} is taken; choose another")),
    (rf"Symbol '{_NAME}' already inserted .*", _wrong("the name {0} is taken, perhaps by a gate; choose another")),
    (rf"Symbol {_NAME} is not visible .*", _wrong("{0} is not visible inside a gate; pass it as a parameter")),
    (rf"'{_NAME}' is a .*, not a gate\..*", _wrong("{0} is no gate")),
    (r"Illegal qubit reference .*", _wrong("a gate's body can use the gate's own qubits only")),
    (r"gates can only be declared globally", _wrong("gates can only be defined outside of blocks")),
    (r"mismatched lengths in gate broadcast", _wrong("the registers of this gate differ in size")),
    (r"incorrect number of parameters in call.*", _wrong("the gate takes another number of parameters")),
    (r"required a constant integer", _wrong("an integer is required here")),
    (r"required a constant floating-point number", _wrong("a number is required here")),
    (r"required a constant duration", _wrong("a duration is required here, such as 100ns")),
    (r"required an angle-like value", _wrong("an angle is required here")),
    (r"required a bit or bit register", _wrong("a bit or a register of bits is required here")),
    (r"required a qubit or qubit register", _wrong("a qubit or a register of qubits is required here")),
    (r"type error", _wrong("the types in this expression do not fit together")),
)


def conversion_refusal(message: str, line: int | None) -> RunnerError:
    """The refusal for a ConversionError's text, which begins with `line,column: ` where it has a position.

    `line` is that of the statement.
    """
    position = _POSITION.match(message)
    line = int(position[1]) if position else line
    text = message[position.end() :] if position else message
    for shape, refusal in _SHAPES:
        if found := re.fullmatch(shape, text, re.DOTALL):
            return refusal(found, line)
    return invalid("the OpenQASM 3 importer refuses this statement; simplify it", line)


def import_refusal(error: Exception, line: int | None) -> RunnerError:
    """The refusal for what is no ConversionError: Qiskit's own exceptions pass through the importer."""
    text = str(error)
    if isinstance(error, IndexError):
        return invalid("an index lies outside of its register", line)
    if isinstance(error, TypeError) and text.startswith("index must be"):
        return unsupported("loop-index", line, "aer")
    if text.strip("'\"") == "duplicate bit arguments":
        return invalid("a gate uses the same qubit twice", line)
    if re.match(r"['\"]?The amount of qubit", text):
        return invalid("the gate takes another number of qubits", line)
    if "already exists" in text:
        return invalid("a register of this name is declared already; choose another name", line)
    if isinstance(error, TypeError):
        return invalid("the gate takes another number of parameters", line)
    if isinstance(error, ZeroDivisionError):
        return invalid("a division by zero", line)
    return invalid("the OpenQASM 3 importer refuses this statement; simplify it", line)


def _node(name: str, line: int | None) -> RunnerError:
    if name in _NODES:
        return unsupported(_NODES[name], line, "aer")
    return invalid("the OpenQASM 3 importer refuses this statement; simplify it", line)
