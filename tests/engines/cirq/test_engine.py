"""Engine cirq: methods, memory, stabilizer samples, and start-up without drawing libraries."""

import random
import subprocess
import sys
import time

import cirq
import numpy as np
import pytest
from tests.physics.statistics import ALARM, p_value

from qee.api.reasons import Reason
from qee.documents import CircuitRun, Observable, SimulatorOptions
from qee.runner.engines import load
from qee.runner.engines.cirq.stabilizer import is_unitary_clifford, sample_clifford
from qee.sdk.errors import RunnerError
from qee.sdk.limits import Room
from qee.sdk.outcomes import Execution, Options, Task

MIB = 1_048_576
ROOM = Room(threads=2, memory=512 * MIB)
HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def execute(source: str, method: str = "automatic", room: Room = ROOM, shots: int = 100) -> Execution:
    engine = load("cirq", Options(SimulatorOptions(method)), room)
    return engine.execute(engine.parse(CircuitRun("c", "openqasm2", HEAD + source, shots)), Task(shots, 5))


def test_methods_that_cirq_does_not_have_are_refused_by_name() -> None:
    for method in ("matrix_product_state", "extended_stabilizer"):
        with pytest.raises(RunnerError, match=f"does not offer simulator.method {method}"):
            load("cirq", Options(SimulatorOptions(method)), ROOM)


def test_a_state_that_does_not_fit_is_refused_with_figures() -> None:
    chain = "".join(f"cx q[{i}], q[{i + 1}];" for i in range(29))
    with pytest.raises(RunnerError, match=r"needs 65536 MiB and 512 MiB are left") as caught:
        execute(f"qreg q[30]; creg c[30]; h q[0]; t q[0]; {chain} measure q -> c;")
    assert caught.value.reason is Reason.INSUFFICIENT_MEMORY


def test_qubits_that_never_meet_need_no_common_state() -> None:
    execution = execute("qreg q[60]; creg c[60]; rx(pi) q; cu1(1) q[3], q[40]; measure q -> c;")
    assert execution.counts == {(1 << 60) - 1: 100}


def test_a_density_matrix_needs_the_square() -> None:
    assert execute("qreg q[6]; creg c[6]; x q[2]; cx q[2], q[3]; measure q -> c;", "density_matrix").counts == {12: 100}
    chain = "".join(f"cx q[{i}], q[{i + 1}];" for i in range(13))
    with pytest.raises(RunnerError, match="MiB are left"):
        execute(f"qreg q[14]; creg c[14]; h q[0]; {chain} measure q -> c;", "density_matrix")


def test_stabilizer_is_refused_for_other_gates() -> None:
    with pytest.raises(RunnerError, match="set simulator"):
        execute("qreg q[1]; creg c[1]; t q[0]; measure q -> c;", "stabilizer")


def test_clifford_circuits_beyond_memory_run_even_with_feed_forward() -> None:
    chain = "".join(f"cx q[{i}], q[{i + 1}];" for i in range(39))
    rest = "measure q[0] -> c[0]; if (c == 1) x q[39]; measure q[39] -> d[0];"
    execution = execute(f"qreg q[40]; creg c[1]; creg d[1]; h q[0]; {chain} {rest}", shots=12)
    assert execution.method == "stabilizer"
    assert set(execution.counts) == {0, 1}


def test_bits_that_nobody_measures_stay_zero() -> None:
    assert execute("qreg q[2]; creg c[3]; x q; measure q[1] -> c[1];").counts == {0b010: 100}


def test_the_last_measurement_into_a_bit_counts() -> None:
    assert execute("qreg q[1]; creg c[1]; measure q -> c; x q[0]; measure q -> c;").counts == {1: 100}


def test_many_shots_are_drawn_in_batches_that_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qee.runner.engines.cirq.sampling._BATCH_BITS", 2000)
    for gate in ("ry(1.2)", "h"):
        execution = execute(f"qreg q[2]; creg c[2]; {gate} q[0]; measure q -> c;", shots=2500)
        assert sum(execution.counts.values()) == 2500
        one = 0.5 if gate == "h" else float(np.sin(0.6) ** 2)
        assert p_value({str(key): count for key, count in execution.counts.items()}, {"0": 1 - one, "1": one}) > ALARM


def test_nested_gates_are_counted_and_not_expanded() -> None:
    gates = "gate g0 a { x a; }\n" + "".join(f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}\n" for i in range(1, 31))
    begin = time.process_time()
    with pytest.raises(RunnerError, match="an engine build"):
        execute(f"{gates} qreg q[1]; creg c[1]; g30 q[0]; measure q -> c;")
    assert time.process_time() - begin < 5


GATES = ((cirq.H, 1), (cirq.S, 1), (cirq.X, 1), (cirq.Y, 1), (cirq.Z, 1), (cirq.CNOT, 2), (cirq.CZ, 2), (cirq.SWAP, 2))


@pytest.mark.parametrize("seed", range(12))
def test_stabilizer_samples_follow_the_state_vector(seed: int) -> None:
    source, qubits = random.Random(seed), cirq.LineQubit.range(5)
    circuit = cirq.Circuit()
    for _ in range(30):
        gate, width = source.choice(GATES)
        circuit.append(gate.on(*source.sample(qubits, width)))
    probabilities = np.abs(circuit.final_state_vector(qubit_order=qubits)) ** 2
    circuit.append(cirq.measure(qubit, key=f"k{number}") for number, qubit in enumerate(qubits))
    assert is_unitary_clifford(circuit)
    bits = sample_clifford(circuit, [f"k{i}" for i in range(5)] + ["absent"], 4000, np.random.RandomState(seed))
    assert not bits[:, 5].any()
    counts: dict[str, int] = {}
    for row in bits[:, :5]:
        key = "".join(map(str, row))
        counts[key] = counts.get(key, 0) + 1
    theory = {format(value, "05b"): float(probability) for value, probability in enumerate(probabilities)}
    assert p_value(counts, theory) > ALARM


@pytest.mark.parametrize(
    "operations",
    [
        [cirq.T(cirq.LineQubit(0))],
        [cirq.reset(cirq.LineQubit(0))],
        [cirq.measure(cirq.LineQubit(0), key="a"), cirq.X(cirq.LineQubit(0))],
        [cirq.measure(cirq.LineQubit(0), key="a"), cirq.measure(cirq.LineQubit(1), key="a")],
        [cirq.measure(cirq.LineQubit(0), key="a"), cirq.X(cirq.LineQubit(1)).with_classical_controls("a")],
    ],
)
def test_samples_from_one_simulation_are_for_unitary_circuits_only(operations: list[cirq.Operation]) -> None:
    assert not is_unitary_clifford(cirq.Circuit(operations))


def test_drawing_libraries_are_not_loaded() -> None:
    code = (
        "import sys, types\n"
        "import qee.runner.engines.cirq.engine\n"
        "assert type(sys.modules['matplotlib.pyplot']) is not types.ModuleType\n"
        "assert 'matplotlib.font_manager' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_only_qubits_that_are_used_cost_memory() -> None:
    source = "qreg q[100]; creg c[2]; x q[3]; h q[98]; measure q[3] -> c[1];"
    chosen = Options(SimulatorOptions(), outputs=("probabilities", "expectation"))
    labels = {"z": "Z" * 100, "x": f"{'I'}X{'I' * 98}", "other": f"{'I'}X{'I' * 97}X", "y": f"Y{'I' * 99}"}
    observables = tuple(Observable(name, {label: "1"}) for name, label in labels.items())
    engine = load("cirq", chosen, ROOM)
    circuit = CircuitRun("c", "openqasm2", HEAD + source, 100, observables=observables)
    found = engine.execute(engine.parse(circuit), Task(100, 5))
    assert found.probabilities == pytest.approx([0, 0, 1, 0])
    values = {name: estimate.value for name, estimate in found.expectation.items()}
    assert values == pytest.approx({"z": 0, "x": 1, "other": 0, "y": 0})
