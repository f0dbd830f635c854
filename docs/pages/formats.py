"""Small circuits of Qiskit and Cirq, one for each construct, with the only outcome that each may have."""

import base64
import io
import math
from collections.abc import Callable
from typing import Any

from docs.pages.programs import Program


def _qpy(build: Callable[[Any], None], qubits: int = 2) -> Callable[[], str]:
    """A circuit of Qiskit's with as many bits as qubits, which `build` fills, measured at the end."""

    def source() -> str:
        from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy

        circuit = QuantumCircuit(QuantumRegister(qubits, "q"), ClassicalRegister(qubits, "c"), name="circuit")
        build(circuit)
        circuit.measure(range(qubits), range(qubits))
        buffer = io.BytesIO()
        qpy.dump(circuit, buffer)
        return base64.b64encode(buffer.getvalue()).decode()

    return source


def _cirq(build: Callable[[Any, Any], Any], measured: bool = True) -> Callable[[], str]:
    """A circuit of Cirq's on two qubits from what `build` makes of the module and the qubits, measured into `c`."""

    def source() -> str:
        import cirq

        qubits = cirq.LineQubit.range(2)
        circuit = cirq.Circuit(build(cirq, qubits), [cirq.measure(*qubits, key="c")] if measured else [])
        return str(cirq.to_json(circuit))

    return source


def _symbol(circuit: Any) -> None:
    from qiskit.circuit import Parameter

    circuit.rx(Parameter("theta"), 0)


def _vector(circuit: Any) -> None:
    from qiskit.circuit import ParameterVector

    circuit.rx(2 * ParameterVector("t", 2)[1], 0)


def _defined(circuit: Any) -> None:
    from qiskit import QuantumCircuit

    inner = QuantumCircuit(1, name="h")
    inner.x(0)
    circuit.append(inner.to_gate(), [0])


def _opaque(circuit: Any) -> None:
    from qiskit.circuit import Gate

    circuit.append(Gate("mine", 1, []), [0])


def _evolved(circuit: Any) -> None:
    from qiskit.circuit.library import PauliEvolutionGate
    from qiskit.quantum_info import SparsePauliOp

    circuit.append(PauliEvolutionGate(SparsePauliOp("X"), math.pi / 2), [0])


def _matrix(circuit: Any) -> None:
    circuit.unitary([[0, 1], [1, 0]], [0])


def _conditional(circuit: Any) -> None:
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)


def _looped(circuit: Any) -> None:
    with circuit.for_loop(range(3)):
        circuit.x(0)


def _while(circuit: Any) -> None:
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.x(0)
        circuit.measure(0, 0)


def _switched(circuit: Any) -> None:
    with circuit.switch(circuit.cregs[0]) as case:
        with case(0):
            circuit.x(0)
        with case(case.DEFAULT):
            circuit.x(1)


def _expression(circuit: Any) -> None:
    from qiskit.circuit.classical import expr

    with circuit.if_test(expr.less(circuit.cregs[0], 2)):
        circuit.x(0)


def _boxed(circuit: Any) -> None:
    with circuit.box():
        circuit.x(0)


def _variable(circuit: Any) -> None:
    from qiskit.circuit.classical import expr, types

    circuit.add_var("v", expr.lift(True, types.Bool()))


def _delayed(circuit: Any) -> None:
    circuit.x(0)
    circuit.delay(100, 0, "ns")


def _circuit_operation(cirq: Any, q: Any) -> Any:
    return cirq.CircuitOperation(cirq.FrozenCircuit(cirq.X(q[0])), repetitions=3)


def _cirq_matrix(cirq: Any, q: Any) -> Any:
    return cirq.MatrixGate(cirq.unitary(cirq.X)).on(q[0])


def _cirq_symbol(cirq: Any, q: Any) -> Any:
    import sympy

    return cirq.rx(sympy.Symbol("theta")).on(q[0])


_P = "Circuits of Qiskit and Cirq"
_PI = {"theta": math.pi}
CIRCUITS: tuple[Program, ...] = (
    Program(_P, "a gate", "01", None, None, _qpy(lambda c: c.x(0)), _cirq(lambda m, q: m.X(q[0]))),
    Program(_P, "a parameter or symbol", "01", None, None, _qpy(_symbol), _cirq(_cirq_symbol), _PI),
    Program(
        _P, "an element of a ParameterVector, `t[1]`", "01", None, None, _qpy(_vector), values={"t[1]": math.pi / 2}
    ),
    Program(_P, "a gate by its matrix", "01", None, None, _qpy(_matrix), _cirq(_cirq_matrix)),
    Program(_P, "a gate that the circuit defines", "01", None, None, _qpy(_defined), _cirq(_circuit_operation)),
    Program(_P, "a gate without a definition", "00", None, None, _qpy(_opaque)),
    Program(_P, "`PauliEvolutionGate`", "01", None, None, _qpy(_evolved)),
    Program(
        _P, "`reset`", "00", None, None, _qpy(lambda c: c.reset(0)), _cirq(lambda m, q: [m.X(q[0]), m.reset(q[0])])
    ),
    Program(_P, "`delay`, a wait", "01", None, None, _qpy(_delayed)),
    Program(
        _P,
        "a condition on a bit or key",
        "11",
        None,
        None,
        _qpy(_conditional),
        _cirq(
            lambda m, q: [
                m.X(q[0]),
                m.measure(q[0], key="a"),
                m.X(q[1]).with_classical_controls("a"),
                m.measure(q[1], key="b"),
            ],
            measured=False,
        ),
    ),
    Program(_P, "a condition that is an expression", "01", None, None, _qpy(_expression)),
    Program(_P, "`for_loop`, `CircuitOperation` repeated", "01", None, None, _qpy(_looped), _cirq(_circuit_operation)),
    Program(_P, "`while_loop`", "01", None, None, _qpy(_while)),
    Program(_P, "`switch`", "01", None, None, _qpy(_switched)),
    Program(_P, "`box`", "01", None, None, _qpy(_boxed)),
    Program(_P, "a variable of the circuit", "00", None, None, _qpy(_variable)),
    Program(_P, "a tagged operation", "01", None, None, None, _cirq(lambda m, q: m.X(q[0]).with_tags("tag"))),
    Program(_P, "a noise channel", "00", None, None, None, _cirq(lambda m, q: m.depolarize(0.1)(q[0]))),
    Program(_P, "a qudit", "00", None, None, None, _cirq(lambda m, q: m.measure(m.LineQid(5, 3), key="d"))),
    Program(
        _P, "`invert_mask`", "00", None, None, None, _cirq(lambda m, q: m.measure(q[0], key="i", invert_mask=(True,)))
    ),
)
