"""Engine aer: limits, methods, what is expanded and what is not, and the record of what was executed."""

import random
import re
import time

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qee.api.reasons import Reason
from qee.documents import CircuitRun, Register, SimulatorOptions
from qee.runner.engines import load
from qee.runner.engines.aer.entanglement import bond_dimension_bits
from qee.runner.engines.aer.lowering import lowered
from qee.sdk.errors import RunnerError
from qee.sdk.limits import Room
from qee.sdk.outcomes import Execution, Options, Task
from qee.sdk.qiskit.circuits import digest, two_qubit_gates

MIB = 1_048_576
ROOM = Room(threads=2, memory=512 * MIB)
HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def execute(
    source: str, method: str = "automatic", room: Room = ROOM, format: str = "openqasm2", precision: str = "double"
) -> Execution:
    engine = load("aer", Options(SimulatorOptions(method, precision)), room)
    return engine.execute(engine.parse(CircuitRun("c", format, source, 100)), Task(100, 5))


def ghz(qubits: int, more: str = "") -> str:
    chain = "".join(f"cx q[{i}], q[{i + 1}];\n" for i in range(qubits - 1))
    return f"{HEAD}qreg q[{qubits}];\ncreg c[{qubits}];\nh q[0];\n{chain}{more}measure q -> c;\n"


def test_a_state_that_does_not_fit_is_refused_with_figures() -> None:
    gates = "".join(f"ry(0.3) q[{i}]; cu1(1) q[{i}], q[{j}];\n" for i in range(40) for j in range(40) if i != j)
    with pytest.raises(RunnerError) as caught:
        execute(ghz(40, gates))
    assert caught.value.reason is Reason.INSUFFICIENT_MEMORY
    assert re.search(r"the state needs 16777216 MiB and 512 MiB are left", caught.value.message)


def test_a_state_vector_that_is_asked_for_is_not_replaced_by_another_method() -> None:
    with pytest.raises(RunnerError) as caught:
        execute(ghz(40, "t q[3];\n"), "statevector")
    assert caught.value.reason is Reason.INSUFFICIENT_MEMORY


def test_single_precision_needs_half() -> None:
    room = Room(threads=1, memory=24 * MIB)
    source = ghz(21, "t q[3];\n")
    with pytest.raises(RunnerError, match="needs 32 MiB and 24 MiB are left"):
        execute(source, "statevector", room)
    assert execute(source, "statevector", room, precision="single").method == "statevector"


def test_automatic_takes_a_matrix_product_where_only_that_fits() -> None:
    execution = execute(ghz(60, "t q[3];\n"))
    assert execution.method == "matrix_product_state"
    assert set(execution.counts) == {0, (1 << 60) - 1}


def test_a_method_that_cannot_run_the_gates_says_so() -> None:
    with pytest.raises(RunnerError, match=r"stabilizer .* set simulator.method: automatic") as caught:
        execute(f"{HEAD}qreg q[1]; creg c[1]; t q[0]; measure q -> c;", "stabilizer")
    assert caught.value.reason is Reason.UNSUPPORTED_CONSTRUCT


def nested(levels: int) -> str:
    gates = "gate g0 a { x a; }\n" + "".join(
        f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}\n" for i in range(1, levels + 1)
    )
    return f"{HEAD}{gates}qreg q[1];\ncreg c[1];\ng{levels} q[0];\nmeasure q -> c;\n"


def test_nested_gates_are_counted_and_not_expanded() -> None:
    begin = time.process_time()
    with pytest.raises(RunnerError, match="expand to 1073741825 operations") as caught:
        execute(nested(30))
    assert caught.value.reason is Reason.CIRCUIT_TOO_LARGE
    assert time.process_time() - begin < 2
    assert execute(nested(4)).counts == {0: 100}  # 2^4 times x


def test_loops_are_multiplied_and_not_unrolled() -> None:
    body = "qubit q; bit[1] c; for int i in [1:30000] { for int j in [1:30000] { x q; } } c = measure q;"
    with pytest.raises(RunnerError, match="expand to 900000001 operations"):
        execute(f'OPENQASM 3.0; include "stdgates.inc"; {body}', format="openqasm3")


def test_a_circuit_of_known_gates_is_executed_as_it_is() -> None:
    from qiskit_aer import AerSimulator

    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    assert lowered(circuit, AerSimulator(), 512 * MIB) is circuit


@pytest.mark.parametrize(
    "gate", ["rccx q[0], q[1], q[2];", "c3x q[0], q[1], q[2], q[3];", "rc3x q[0], q[1], q[2], q[3];"]
)
@pytest.mark.parametrize("method", ["statevector", "density_matrix", "matrix_product_state"])
def test_library_gates_that_a_method_lacks_are_translated(gate: str, method: str) -> None:
    execution = execute(f"{HEAD}qreg q[4]; creg c[4]; x q[0]; x q[1]; x q[2]; {gate} measure q -> c;", method)
    wanted = {"rccx": 0b0011, "c3x": 0b1111, "rc3x": 0b1111}[gate.split()[0]]
    assert execution.counts == {wanted: 100}


def test_registers_keep_their_names_sizes_and_order() -> None:
    source = (
        "OPENQASM 3.0;\nqubit[4] q;\nbit single;\nbit[2] Capital;\nbit[1] c;\nlet alias = Capital[{1, 0}];\n"
        "U(pi, 0, pi) q[3];\nsingle = measure q[0];\nCapital = measure q[2:3];\nc = measure q[0:0];\n"
    )
    execution = execute(source, format="openqasm3")
    assert execution.registers == (Register("single", 1), Register("Capital", 2), Register("c", 1))
    assert execution.counts == {0b0100: 100}


def test_the_record_names_what_was_executed() -> None:
    execution = execute(ghz(3))
    assert (execution.depth, execution.two_qubit_gates, execution.method) == (4, 2, "stabilizer")
    assert execution.compiled_sha256 == execute(ghz(3)).compiled_sha256
    others = [ghz(4), ghz(3, "x q[0];\n"), ghz(3, "barrier q;\n"), ghz(3, "rx(1) q[0];\n"), ghz(3, "rx(2) q[0];\n")]
    assert len({execution.compiled_sha256, *(execute(each).compiled_sha256 for each in others)}) == 6


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("if (c == 1) { x q[0]; }", "if (c == 2) { x q[0]; }"),
        ("if (c[0]) { x q[0]; }", "if (c[1]) { x q[0]; }"),
        ("if (c[0]) { x q[0]; }", "if (!c[0]) { x q[0]; }"),
        ("if (c[0]) { x q[0]; }", "while (c[0]) { x q[0]; }"),
        ("if (c[0]) { x q[0]; }", "if (c[0]) { } else { x q[0]; }"),
        ("for int i in [0:1] { x q[0]; }", "for int i in [0:2] { x q[0]; }"),
    ],
)
def test_the_digest_sees_control_flow(one: str, other: str) -> None:
    def of(body: str) -> str:
        engine = load("aer", Options(), ROOM)
        source = f'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; c = measure q; {body}'
        return digest(engine.parse(CircuitRun("c", "openqasm3", source, 1)).circuit)

    assert of(one) == of(one)
    assert of(one) != of(other)


def test_two_qubit_gates_are_counted_inside_of_control_flow() -> None:
    circuit = QuantumCircuit(3, 1)
    circuit.cx(0, 1)
    circuit.barrier(0, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.cz(1, 2)
        circuit.ccx(0, 1, 2)
    assert two_qubit_gates(circuit) == 2


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_on_entanglement_holds(seed: int) -> None:
    """Against the Schmidt rank of the exact state at every cut."""
    from qiskit.quantum_info import Statevector

    source, qubits = random.Random(seed), 6
    circuit, gates = QuantumCircuit(qubits), []
    for qubit in range(qubits):
        circuit.u(1 + qubit, 2, 3, qubit)
    for _ in range(source.randrange(3, 9)):
        name = source.choice(["cx", "swap", "iswap", "rzz", "ccx", "ch"])
        on = source.sample(range(qubits), 3 if name == "ccx" else 2)
        getattr(circuit, name)(*([0.7] if name == "rzz" else []), *on)
        circuit.u(source.random(), source.random(), 1, on[0])
        gates.append((name, on))
    state = Statevector(circuit).data.reshape((2,) * qubits).transpose(range(qubits - 1, -1, -1))
    ranks = [np.linalg.matrix_rank(state.reshape(2**cut, -1), tol=1e-9) for cut in range(1, qubits)]
    assert max(ranks) <= 2 ** bond_dimension_bits(gates, qubits)


def test_the_bound_on_entanglement_is_tight_for_a_chain() -> None:
    assert bond_dimension_bits([("cx", [i, i + 1]) for i in range(9)], 10) == 1
    assert bond_dimension_bits([("cx", [0, 9])], 10) == 1
    assert bond_dimension_bits([("swap", [4, 5])], 10) == 2
    assert bond_dimension_bits([("x", [0])], 1) == 0
