"""Control flow of OpenQASM 3: branches, loops, switches, boxes."""

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.bounds import bound
from qee.circuits.openqasm.declarations import type_name
from qee.circuits.openqasm.expressions import type_keywords
from qee.circuits.openqasm.names import declare
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Reader
from qee.circuits.openqasm.selections import range_length, read_range
from qee.circuits.openqasm.symbols import Bits, Variable
from qee.circuits.tally import Tally

MAX_NESTING = 32  # blocks inside one another; Qiskit's OpenQASM 3 importer breaks between 30 and 50
MAX_ELSE_IFS = 60  # Qiskit's importer recurses over them and breaks between 60 and 100


def block(reader: Reader, program: Program) -> Tally:
    """Reads `{ ... }` or one statement, in a scope of its own, and returns what it adds up to."""
    if program.depth >= MAX_NESTING:
        reader.fail(f"blocks inside one another over more than {MAX_NESTING} levels; flatten them")
    program.depth += 1
    outer, program.tally = program.tally, Tally()
    program.scope.enter()
    if reader.accept("{"):
        while not reader.accept("}"):
            reader.dialect.statement(reader, program)
    else:
        reader.dialect.statement(reader, program)
    program.scope.leave()
    inner, program.tally = program.tally, outer
    program.depth -= 1
    return inner


def plain_block(reader: Reader, program: Program) -> None:
    program.tally.add(block(reader, program), 1)


def if_statement(reader: Reader, program: Program) -> None:
    program.constructs.add("if")
    branches: list[Tally] = []
    while True:
        reader.pos += 1
        _condition(reader, program)
        branches.append(block(reader, program))
        if not reader.accept("else"):
            break
        if reader.items[reader.pos] != "if":
            branches.append(block(reader, program))
            break
        if len(branches) > MAX_ELSE_IFS:
            reader.fail(f"more than {MAX_ELSE_IFS} 'else if' in a row; use fewer or a switch")
    program.tally.add_branches(branches)


def _condition(reader: Reader, program: Program) -> None:
    reader.expect("(")
    reader.expressions.wide_value(program.limits.max_classical_bits)
    reader.expect(")")
    program.feed_forward = True


def while_statement(reader: Reader, program: Program) -> None:
    program.constructs.add("while")
    reader.pos += 1
    _condition(reader, program)
    program.tally.add(_loop_body(reader, program), 1)


def for_statement(reader: Reader, program: Program) -> None:
    program.constructs.add("for")
    at = reader.pos
    reader.pos += 1
    kind = reader.items[reader.pos]
    if kind not in ("int", "uint"):
        if kind not in type_keywords:
            reader.unexpected("the type of the loop's variable")
        reader.fail(f"a loop over values of type {kind}; use int or uint", Reason.UNSUPPORTED_CONSTRUCT)
    type_name(reader)
    variable_at = reader.pos
    variable = reader.name("the name of the loop's variable")
    reader.expect("in")
    times = _rounds(reader, program)
    program.scope.enter()
    declare(reader, program, variable, Variable(), variable_at)
    body = _loop_body(reader, program)
    program.scope.leave()
    program.tally.add(body, times)
    bound(reader, program, program.tally, f"the program up to this loop of {times} rounds", at)


def _rounds(reader: Reader, program: Program) -> int:
    at = reader.pos
    if reader.accept("["):
        found = read_range(reader, reader.expressions, "the range of a loop", None, None)
        if not isinstance(found, tuple):
            reader.unexpected("':'")
        reader.expect("]")
        return range_length(*found)
    if reader.accept("{"):
        times = 0
        while not reader.accept("}"):
            if times:
                reader.expect(",")
            reader.expressions.value()
            times += 1
        return times
    name = reader.name("a range, a set or a register of bits")
    symbol = program.scope.names.get(name)
    if not isinstance(symbol, Bits) or symbol.size is None:
        reader.fail(
            f"a loop over {quoted(name)}, whose length is not known; loop over a range of numbers",
            Reason.UNSUPPORTED_CONSTRUCT,
            at=at,
        )
    return symbol.size


def _loop_body(reader: Reader, program: Program) -> Tally:
    program.loops += 1
    before, program.repeated = program.repeated, True
    body = block(reader, program)
    program.repeated = before
    program.loops -= 1
    return body


def jump(reader: Reader, program: Program) -> None:
    """`break;` and `continue;`"""
    keyword = reader.items[reader.pos]
    if not program.loops:
        reader.fail(f"{quoted(keyword)} outside of a loop")
    program.constructs.add(keyword)
    reader.pos += 1
    reader.expect(";")


def end(reader: Reader, program: Program) -> None:
    program.constructs.add("end")
    reader.pos += 1
    reader.expect(";")


def switch(reader: Reader, program: Program) -> None:
    program.constructs.add("switch")
    reader.pos += 1
    _condition(reader, program)
    reader.expect("{")
    branches = [Tally()]
    while not reader.accept("}"):
        if reader.accept("case"):
            reader.expressions.value()
            while reader.accept(","):
                reader.expressions.value()
        else:
            reader.expect("default")
        branches.append(_braces(reader, program))
    program.tally.add_branches(branches)


def box(reader: Reader, program: Program) -> None:
    """`box { ... }` or `box[100ns] { ... }`"""
    program.constructs.add("box")
    reader.pos += 1
    if reader.accept("["):
        reader.expressions.value()
        reader.expect("]")
    program.tally.add(_braces(reader, program), 1)


def _braces(reader: Reader, program: Program) -> Tally:
    if reader.items[reader.pos] != "{":
        reader.unexpected("'{'")
    return block(reader, program)
