"""qiskit-qasm3-import's converter, with what version 0.6 does otherwise than OpenQASM 3 says.

- Parameters of own gates are bound in the order of their names, not of their declaration: here a gate's body is
  converted for each call with the values in place, so that it has no parameters at all.
- Qiskit and Aer know gates by name: an own gate `h` would be controlled as Hadamard's. It is called `own_h`.
- Global phases under modifiers: see `gates`. Conditions, indexes and ranges: see their modules.
- One qubit measured into a whole register would be measured into each of its bits.
"""

from functools import cache
from typing import Any, cast

from openqasm3 import ast
from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Clbit, Gate, Qubit
from qiskit.circuit.library import IGate, UGate
from qiskit_qasm3_import import types
from qiskit_qasm3_import.converter import ConvertVisitor
from qiskit_qasm3_import.data import Scope, Symbol
from qiskit_qasm3_import.state import GateScope, State, SymbolTables

from qee.sdk.explain import invalid, unsupported
from qee.sdk.qiskit.openqasm3.conditions import Condition, Conditions
from qee.sdk.qiskit.openqasm3.gates import Modifiers, modified, modified_phase, number_of_controls, phase_of
from qee.sdk.qiskit.openqasm3.values import Numbers, Values, line_of
from qee.sdk.qiskit.own_gates import known_names


class Converter(ConvertVisitor):
    """Converts one program. `line` is where it is, or where it has failed.

    Raises ConversionError, RunnerError and what Qiskit raises.
    """

    def __init__(self, program: ast.Program, *, phases: bool) -> None:
        """`phases`: some gate may be controlled or raised to a power, so that phases in definitions count."""
        super().__init__()
        self.line: int | None = None
        self.checking = False  # a definition's body, whose calls need no definitions of their own
        self._program = program
        self._phases = phases

    def circuit(self) -> QuantumCircuit:
        return super().convert(self._program).circuit

    def visit(self, node: Any, context: Any = None) -> Any:
        if isinstance(node, ast.Statement) and node.span:
            self.line = node.span.start_line
        return super().visit(node, context)

    # Values

    def _resolve_generic(self, node: ast.Expression, context: State, strict: bool) -> tuple[Any, Any]:
        return Numbers(context, strict).resolve(node)

    def _resolve_angle(self, node: ast.Expression, context: State) -> Any:
        _, kind = self._resolve_generic(node, context, strict=False)
        if isinstance(kind, types.Duration):
            raise unsupported("duration-angle", line_of(node), "aer")
        return super()._resolve_angle(node, context)

    def _resolve_condition(self, node: ast.Expression, context: State) -> Condition:
        def register(bits: list[Clbit]) -> ClassicalRegister:
            name = context.unique_name()  # type: ignore[no-untyped-call]
            made = ClassicalRegister(name=f"esc_{name}", bits=bits)
            context.circuit.add_register(made)
            context.symbol_table.insert(Symbol(name, made, types.BitArray(len(bits)), Scope.NONE))  # type: ignore[no-untyped-call]
            return made

        return Conditions(Values(context, True), register).read(node)

    # Gates

    def visit_QuantumGateDefinition(self, node: ast.QuantumGateDefinition, context: State) -> State:
        gate = _OwnGate(self, node, context)
        self.checking = True
        self.body(node, (0.5,) * len(node.arguments), context)
        self.checking = False
        return self._define_gate(node.name.name, gate, len(node.arguments), len(node.qubits), node, context)

    def body(self, node: ast.QuantumGateDefinition, values: tuple[Any, ...], context: State) -> QuantumCircuit:
        """A gate's definition for these values of its parameters."""
        line = self.line
        with GateScope(_Body(context)) as inner:
            for name, value in zip(node.arguments, values, strict=True):
                inner.symbol_table.insert(Symbol(name.name, value, types.Angle(), Scope.GATE, node))  # type: ignore[no-untyped-call]
            bits = [Qubit() for _ in node.qubits]
            inner.circuit.add_bits(bits)
            for name, bit in zip(node.qubits, bits, strict=True):
                inner.symbol_table.insert(Symbol(name.name, bit, types.Qubit(), Scope.GATE, node))  # type: ignore[no-untyped-call]
            for statement in node.body:
                self.visit(statement, inner)
        self.line = line
        return inner.circuit

    def visit_QuantumGate(self, node: ast.QuantumGate, context: State) -> State:
        symbol = context.symbol_table.get(node.name.name, node)
        if node.duration is not None or symbol is None or not isinstance(symbol.type, types.Gate):
            return super().visit_QuantumGate(node, context)  # which refuses it
        gate = symbol.data(*[self._resolve_angle(argument, context) for argument in node.arguments])
        if node.modifiers:
            return self._applied(gate, self._modifiers(node, context), node, context)
        if self._phases and context.scope is Scope.GATE:
            context.circuit.global_phase += phase_of(gate)
        elif node.name.name == "id" and type(gate) is UGate:
            gate = IGate()  # by its own name, which noise goes by; under a control it would have no definition
        return self._broadcasted(gate, node, context)

    def visit_QuantumPhase(self, node: ast.QuantumPhase, context: State) -> State:
        modifiers = self._modifiers(node, context)
        phase, gate = modified_phase(self._resolve_angle(node.argument, context), modifiers, line_of(node))
        if gate is not None:
            return self._broadcasted(gate, node, context)
        if node.qubits:
            raise invalid("gphase without a control acts on no qubit; leave the operands out", line_of(node))
        context.circuit.global_phase += phase
        return context

    def _modifiers(self, node: Any, context: State) -> Modifiers:
        found = []
        for each in node.modifiers:
            kind, number = each.modifier.name, 1.0
            if kind == "pow":
                number = self._resolve_constant_float(each.argument, context)
            elif kind != "inv" and each.argument is not None:
                number = number_of_controls(self._resolve_constant_int(each.argument, context), line_of(node))
            found.append((kind, number))
        return found

    def _applied(self, gate: Gate, modifiers: Modifiers, node: Any, context: State) -> State:
        if self.checking:
            controls = sum(int(number) for kind, number in modifiers if kind.endswith("ctrl"))
            return self._broadcasted(Gate(gate.name, gate.num_qubits + controls, []), node, context)
        return self._broadcasted(modified(gate, modifiers, line_of(node)), node, context)

    def _broadcasted(self, gate: Gate, node: Any, context: State) -> State:
        operands = [self._resolve_qarg(qarg, context) for qarg in node.qubits]
        for number, qubits in enumerate(self._broadcast_gate(operands, node)):
            # Not the copy that `append` would make of a gate with inputs, and of all that it is made of.
            context.circuit.append(gate.copy() if number else gate, qubits, [], copy=False)
        return context

    # Measurements

    def visit_QuantumMeasurementStatement(self, node: ast.QuantumMeasurementStatement, context: State) -> State:
        if node.target is not None:
            qubits = _width(self._resolve_qarg(cast(ast.Expression, node.measure.qubit), context), Qubit)
            bits = _width(self._resolve_carg(cast(ast.Expression, node.target), context), Clbit)
            if qubits != bits:
                raise invalid(f"a measurement of {qubits} qubits into {bits} bits", line_of(node))
        return super().visit_QuantumMeasurementStatement(node, context)


class _Body(State):
    """Where a gate's body is converted: it sees global names only, wherever it is called."""

    __slots__ = ()

    def __init__(self, context: State) -> None:
        for name in State.__slots__:
            setattr(self, name, getattr(context, name))
        self.symbol_table = SymbolTables.__new__(SymbolTables)
        self.symbol_table._stack = [context.symbol_table[0]]


class _OwnGate:
    """A gate that the program defines; calling it gives the gate for these angles."""

    def __init__(self, converter: Converter, node: ast.QuantumGateDefinition, context: State) -> None:
        self._converter = converter
        self._node = node
        self._context = context
        self._name = _own_name(node.name.name)
        self._done: dict[tuple[Any, ...], QuantumCircuit] = {}

    def __call__(self, *values: Any) -> Gate:
        expected = len(self._node.arguments)
        if len(values) != expected:
            raise invalid(f"the gate takes {expected} parameters, not {len(values)}", self._converter.line)
        gate = Gate(self._name, len(self._node.qubits), list(values))
        if not self._converter.checking:
            gate.definition = self._definition(values)
        return gate

    def _definition(self, values: tuple[Any, ...]) -> QuantumCircuit:
        """The same object for the same angles: 64 levels of two calls each are 64 definitions, not 2^64."""
        if values not in self._done:
            self._done[values] = self._converter.body(self._node, values, self._context)
        return self._done[values]


@cache
def _own_name(name: str) -> str:
    return f"own_{name}" if name in known_names() or name.endswith("_dg") else name


def _width(found: Any, single: type) -> int:
    return 1 if isinstance(found, single) else len(found)
