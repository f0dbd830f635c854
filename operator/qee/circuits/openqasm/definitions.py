"""Gate definitions."""

from qee.circuits.errors import quoted
from qee.circuits.openqasm.gates import Gate
from qee.circuits.openqasm.operations import Operations
from qee.circuits.openqasm.symbols import Parameter, Qubits, Symbol, Tally

MAX_DEFINITION_DEPTH = 64  # definitions calling one another; Qiskit's OpenQASM 3 importer breaks between 100 and 200


class Definitions(Operations):
    """Adds gates that a program defines: expanded by a memo, one figure a gate, never by doing it."""

    def gate_definition(self) -> None:
        """`gate name(a, b) q, r { ... }`, the keyword at the cursor."""
        cursor = self.cursor
        if self.in_gate or self.nested:
            cursor.fail("a gate definition inside of another block; move it to the top")
        self.constructs.add("gate")
        at = cursor.pos
        cursor.pos += 1
        name = self.name("the name of a gate")
        outer, self.tally, self.in_gate = self.tally, Tally(), True
        self.scope.enter()
        parameters, qubits = self.gate_signature()
        cursor.expect("{")
        self.gate_body()
        self.scope.leave()
        body, self.tally, self.in_gate = self.tally, outer, False
        self.define(body, f"the definition of gate {quoted(name)}", at)
        if body.depth >= MAX_DEFINITION_DEPTH:
            cursor.fail(f"gate definitions that call one another over more than {MAX_DEFINITION_DEPTH} levels", at=at)
        gate = Gate(
            name,
            len(parameters),
            len(qubits),
            body.clifford,
            operations=body.operations,
            multi_qubit=body.multi_qubit,
            work=body.work + 1 + (len(parameters) + len(qubits)) // 4,
            names=frozenset(body.names),
            basis=max(16, body.basis),
            uses=tuple(body.uses.get(p, 0) for p in parameters),
            terms=body.terms,
            depth=body.depth + 1,
        )
        self.declare(name, gate, at + 1)

    def gate_signature(self) -> tuple[list[str], list[str]]:
        cursor = self.cursor
        parameters: list[str] = []
        if cursor.accept("(") and not cursor.accept(")"):
            parameters = self._names("a parameter", Parameter())
            cursor.expect(")")
        return parameters, self._names("a qubit", Qubits(None, argument=True))

    def _names(self, wanted: str, symbol: Symbol) -> list[str]:
        names = []
        while True:
            at = self.cursor.pos
            names.append(self.name(wanted))
            self.declare(names[-1], symbol, at)
            if not self.cursor.accept(","):
                return names

    def gate_body(self) -> None:
        """The statements of a gate definition up to its closing brace, which is taken."""
        raise NotImplementedError
