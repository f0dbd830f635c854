"""The scanner's figures are those of the circuit that Qiskit builds from the same text."""

import base64
import io
import math
from collections.abc import Iterator

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qasm2, qasm3, qpy, transpile
from qiskit.circuit import BoxOp, CircuitInstruction, ControlFlowOp, ForLoopOp, Gate, IfElseOp
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Clifford, Operator, Statevector
from qiskit_aer import AerSimulator
from tests.unit.circuits.programs import programs

from qee.circuits import Limits, Scan, estimate_memory, scan
from qee.circuits.openqasm.gates import QELIB1, STDGATES
from qee.circuits.scanner import scan_unguarded
from qee.runner.engines.aer.states import mixes
from qee.sdk.qiskit.qpy import load_qpy

WIDE = Limits(max_operations=10**12)
# Gates of which the scanner does not know every Clifford angle.
ONE_SIDED = {"cu", "cu3", "csx"}


def load(source: str) -> QuantumCircuit:
    if source.startswith("OPENQASM 2"):
        return qasm2.loads(source, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    return qasm3.loads(source)


def scanned(source: str) -> Scan:
    return scan_unguarded("openqasm2" if source.startswith("OPENQASM 2") else "openqasm3", source, WIDE)


def expanded(circuit: QuantumCircuit, multi: bool = False) -> int:
    """Operations down to the standard gates, all rounds of loops, the longest branch."""
    total = 0
    for each in circuit.data:
        operation = each.operation
        if isinstance(operation, ForLoopOp):
            total += len(operation.params[0]) * expanded(operation.blocks[0], multi)
        elif isinstance(operation, IfElseOp):
            total += max(expanded(block, multi) for block in operation.blocks)
        elif isinstance(operation, ControlFlowOp | BoxOp):
            total += expanded(operation.blocks[0], multi)
        elif operation.name.startswith("own"):
            total += expanded(operation.definition, multi)
        else:
            total += not multi or (len(each.qubits) > 1 and operation.name != "barrier")
    return total


def is_clifford(circuit: QuantumCircuit) -> bool:
    """By the matrix of one or two qubits: the conversion of circuits does not see that U(0, pi/4, pi/4) is S."""
    try:
        Clifford.from_operator(Operator(circuit)) if circuit.num_qubits < 3 else Clifford(circuit)
    except QiskitError:
        return False
    return True


@pytest.mark.parametrize("version", [2, 3])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_operations_equal_what_qiskit_expands_to(version: int, data: st.DataObject) -> None:
    source = data.draw(programs(version))
    circuit, found = load(source), scanned(source)
    assert found.operations == expanded(circuit)
    assert found.multi_qubit_operations == expanded(circuit, multi=True)
    assert (found.qubits, found.classical_bits) == (circuit.num_qubits, circuit.num_clbits)
    assert found.registers == tuple((register.name, register.size) for register in circuit.cregs)


def standard_calls(version: int) -> list[tuple[str, int, int]]:
    """(name, parameters, qubits) of every gate of the standard include, and the built-in ones."""
    table = QELIB1 if version == 2 else STDGATES
    own = [("U", 3, 1), ("CX", 0, 2)] if version == 2 else [("U", 3, 1)]
    return [(g.name, g.parameters, g.qubits) for g in table.values() if g.name != "u0"] + own


def one_call(version: int, name: str, qubits: int, values: list[str], before: str = "") -> str:
    head = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[9];\n'
    if version == 3:
        head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[9] q;\n'
    inside = f"({', '.join(values)})" if values else ""
    return f"{head}{before}{name}{inside} {', '.join(f'q[{i}]' for i in range(qubits))};\n"


@pytest.mark.parametrize("version", [2, 3])
def test_every_standard_gate_takes_what_qiskit_says(version: int) -> None:
    for name, parameters, qubits in standard_calls(version):
        source = one_call(version, name, qubits, ["0.1"] * parameters)
        assert expanded(load(source)) == scanned(source).operations == 1


@settings(max_examples=300, deadline=None)
@given(data=st.data(), version=st.sampled_from([2, 3]))
def test_a_gate_is_clifford_exactly_when_qiskit_finds_it_so(version: int, data: st.DataObject) -> None:
    name, parameters, qubits = data.draw(st.sampled_from(standard_calls(version)))
    quarters = st.integers(-9, 9).map(lambda k: f"{k}*pi/2")
    eighths = st.integers(-9, 9).map(lambda k: f"{k}*pi/4")
    # Qiskit takes what is very near a quarter turn for one; the scanner need not.
    others = st.floats(-7, 7).filter(lambda x: abs(x - round(2 * x / math.pi) * math.pi / 2) > 0.01)
    angles = st.one_of(quarters, eighths, st.just("0.0"), others.map(lambda x: f"{x:.6f}"))
    source = one_call(version, name, qubits, [data.draw(angles) for _ in range(parameters)])
    truth = is_clifford(load(source.replace("[9]", f"[{qubits}]")))
    assert scanned(source).clifford == truth or (name in ONE_SIDED and truth)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=st.one_of(programs(2), programs(3)))
def test_what_the_scanner_calls_clifford_qiskit_can_run_as_clifford(source: str) -> None:
    if scanned(source).clifford:
        for each in gates_only(load(source)):
            alone = QuantumCircuit(each.operation.num_qubits)
            alone.append(each.operation, range(each.operation.num_qubits))
            assert is_clifford(alone), each.operation


def gates_only(circuit: QuantumCircuit) -> Iterator[CircuitInstruction]:
    """The gates of a circuit and of the blocks in it, without measurements, resets, barriers and delays."""
    for each in circuit.data:
        if isinstance(each.operation, ControlFlowOp):
            for block in each.operation.blocks:
                yield from gates_only(block)
        elif isinstance(each.operation, Gate):
            yield each


MODIFIED = [
    "ctrl({k}) @ {g} {c}, {q};",
    "negctrl({k}) @ {g} {c}, {q};",
    "ctrl @ ctrl({k}) @ {g} q[8], {c}, {q};",
    "ctrl({k}) @ inv @ {g} {c}, {q};",
    "pow(3) @ {g} {q};",
    "ctrl @ pow(0.3) @ {g} q[8], {q};",
    "gate own {a} {{ {g} {a}; h {l}; }} ctrl({k}) @ own {c}, {q};",
    "gate own w, {a} {{ ctrl @ {g} w, {a}; }} ctrl({k}) @ own q[8], {c}, {q};",
    "gate own {a} {{ pow(2) @ {g} {a}; }} ctrl @ own q[8], {q};",
]


@pytest.mark.filterwarnings("ignore:.*annotated:DeprecationWarning")
@settings(max_examples=30, deadline=None)
@given(
    gate=st.sampled_from(standard_calls(3)),
    form=st.sampled_from(MODIFIED),
    k=st.integers(1, 4),
)
def test_a_modified_gate_never_costs_aer_more_operations_than_the_scanner_says(
    gate: tuple[str, int, int], form: str, k: int
) -> None:
    name, parameters, qubits = gate
    values = f"({', '.join(['0.3', '0.4', '0.5', '0.6'][:parameters])})" if parameters else ""
    body = form.format(
        k=k,
        g=name + values,
        c=", ".join(f"q[{7 - i}]" for i in range(k)),
        q=", ".join(f"q[{i}]" for i in range(qubits)),
        a=", ".join("abc"[:qubits]),
        l="abc"[qubits - 1],
    )
    source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[9] q;\n' + body
    compiled = transpile(load(source), AerSimulator(), optimization_level=0)
    assert scanned(source).operations >= sum(compiled.count_ops().values())


@pytest.mark.parametrize(
    ("source", "method"),
    [
        ("h q[0]; cx q[0], q[1]; rz(pi/2) q[0];", "stabilizer"),
        ("ctrl @ z q[0], q[1]; negctrl @ x q[0], q[1]; inv @ s q[0];", "stabilizer"),
        ("reset q[0]; if (c[0]) { sx q[1]; } for int i in [0:2] { swap q[0], q[1]; }", "stabilizer"),
        ("p(pi/2) q[0];", "statevector"),
        ("id q[0];", "statevector"),
        ("pow(2) @ s q[0];", "statevector"),
        ("t q[0];", "statevector"),
        ("rz(0.1) q[0];", "statevector"),
    ],
)
def test_aer_takes_the_method_that_the_estimate_is_for(source: str, method: str) -> None:
    program = f'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; {source} c = measure q;'
    simulator = AerSimulator()
    ran = simulator.run(transpile(load(program), simulator, optimization_level=0), shots=10).result()
    assert ran.results[0].metadata["method"] == method
    assert estimate_memory(scanned(program), "aer").method == method


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=st.one_of(programs(2), programs(3)))
def test_no_late_reset_is_missed(source: str) -> None:
    assert scanned(source).late_resets or not mixes(load(source))


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("how", ["reset", "initialize", "instruction", "own gate first"])
def test_late_resets_in_qpy_are_those_that_the_runner_finds(how: str, late: bool) -> None:
    circuit = QuantumCircuit(3)
    if how == "own gate first":
        gate = QuantumCircuit(1, name="mine")
        gate.h(0)
        circuit.append(gate.to_gate(), [1])
    circuit.h(1)
    circuit.barrier()
    on = 1 if late else 2
    if how == "initialize":
        circuit.initialize([0.6, 0.8], on)
    elif how == "instruction":
        inner = QuantumCircuit(1, name="again")
        inner.reset(0)
        circuit.append(inner.to_instruction(), [on])
    else:
        circuit.reset(on)
    data = io.BytesIO()
    qpy.dump(circuit, data)
    read, _ = load_qpy(base64.b64encode(data.getvalue()).decode())
    assert scan("qpy", data.getvalue()).late_resets == mixes(read) == late


@pytest.mark.parametrize(
    ("after", "mid"),
    [
        ("nothing", False),
        ("barrier", False),
        ("gate elsewhere", False),
        ("gate", True),
        ("measure", True),
        ("if", True),
    ],
)
def test_a_measurement_in_qpy_is_in_the_middle_where_its_qubit_is_used_again(after: str, mid: bool) -> None:
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    if after == "barrier":
        circuit.barrier()
    elif after == "gate elsewhere":
        circuit.x(2)
        circuit.measure(2, 2)
    elif after == "gate":
        circuit.cx(2, 1)
    elif after == "measure":
        circuit.measure(0, 2)
    elif after == "if":
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(0)
    data = io.BytesIO()
    qpy.dump(circuit, data)
    found = scan("qpy", data.getvalue())
    assert (found.measured, found.mid_circuit) == (True, mid)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=st.one_of(programs(2), programs(3)))
def test_the_bond_dimension_is_never_above_the_bound(source: str) -> None:
    bits = scanned(source).bond_bits
    circuit = load(source)
    if bits is None or any(not isinstance(each.operation, Gate) for each in circuit.data):
        return
    state = Statevector(circuit)
    for cut in range(1, circuit.num_qubits):
        matrix = state.data.reshape(2 ** (circuit.num_qubits - cut), 2**cut)
        assert numpy.linalg.matrix_rank(matrix, tol=1e-9) <= 2**bits
