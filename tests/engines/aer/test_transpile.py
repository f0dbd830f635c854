"""spec.transpile on engine aer: layouts, levels, verbatim, sizes, the check of equivalence, and what is refused."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from qiskit_aer import AerSimulator

from qee.api.reasons import Reason
from qee.devices import snapshot
from qee.documents import CircuitRun, NoiseOptions, Observable, TranspileOptions
from qee.runner.engines import load
from qee.runner.engines.aer import equivalence as aer_equivalence
from qee.runner.engines.aer import transpile as aer_transpile
from qee.runner.engines.aer.compiled import Compiled, apply_layout, placed
from qee.runner.engines.aer.noise import DeviceNoise, TypedNoise
from qee.runner.engines.aer.transpile import Compiler, final_measurements
from qee.sdk.errors import RunnerError
from qee.sdk.limits import Room
from qee.sdk.outcomes import Execution, Options, Task

MEMORY = 1 << 30
SIMULATOR = AerSimulator()
LEVELS = pytest.mark.parametrize("level", [0, 1, 2, 3])


def compiled(circuit: QuantumCircuit, device: str | None = None, seed: int = 7, **options: object) -> Compiled:
    noise = None if device is None else DeviceNoise(snapshot(device))
    return Compiler(TranspileOptions(**options), noise, seed, MEMORY).compile(circuit, SIMULATOR)  # type: ignore[arg-type]


def entangled(qubits: int = 4, measured: bool = True) -> QuantumCircuit:
    """No symmetry, and more pairs than any device couples."""
    circuit = QuantumCircuit(qubits, qubits)
    for qubit in range(qubits):
        circuit.ry(0.3 + qubit, qubit)
    for a in range(qubits):
        for b in range(a + 1, qubits):
            circuit.cp(0.4 + a + b, a, b)
    circuit.swap(0, qubits - 1)
    circuit.rx(0.7, 1)
    if measured:
        circuit.measure(range(qubits), range(qubits))
    return circuit


def state_before_measurements(circuit: QuantumCircuit) -> Statevector:
    return Statevector(circuit.remove_final_measurements(inplace=False))


@LEVELS
@pytest.mark.parametrize("device", ["fake_manila", "fake_guadalupe", None])
def test_expectation_values_survive_every_level_and_layout(level: int, device: str | None) -> None:
    """The label goes where the qubits went; a wrong layout would give other values of this lopsided state."""
    source = entangled()
    found = compiled(source, device, optimization_level=level)
    before = state_before_measurements(source)
    program = found.circuit.copy()
    program.data = [each for each in program.data if each.operation.name != "measure"]
    after = Statevector(program)
    for label in ("XYZI", "IIZX", "ZIIY", "XXXX", "IZII"):
        there = apply_layout(label, found)
        assert len(there) == found.circuit.num_qubits
        expected = before.expectation_value(SparsePauliOp(label)).real
        assert after.expectation_value(SparsePauliOp(there)).real == pytest.approx(expected, abs=1e-9)


@LEVELS
def test_counts_keep_their_bits(level: int) -> None:
    source = entangled(3, measured=False)
    source.measure([0, 1, 2], [2, 0, 1])
    found = compiled(source, "fake_perth", optimization_level=level)
    bits = {}
    for each in found.circuit.data:
        if each.operation.name == "measure":
            bits[found.circuit.find_bit(each.qubits[0]).index] = found.circuit.find_bit(each.clbits[0]).index
    assert bits == {found.layout[0]: 2, found.layout[1]: 0, found.layout[2]: 1}
    assert [register.name for register in found.circuit.cregs] == [register.name for register in source.cregs]


@LEVELS
def test_every_gate_is_one_of_the_device_on_coupled_qubits(level: int) -> None:
    device = snapshot("fake_brisbane")
    found = compiled(entangled(5), "fake_brisbane", optimization_level=level)
    assert found.physical is not None
    for operation, on in placed(found.circuit):
        if operation.name not in ("measure", "barrier"):
            assert tuple(found.physical[qubit] for qubit in on) in device.gates[operation.name]


def test_of_a_large_device_only_the_qubits_in_use_are_kept() -> None:
    found = compiled(entangled(3), "fake_brisbane")
    assert found.circuit.num_qubits < 6
    assert found.physical is not None
    assert len(found.physical) == found.circuit.num_qubits


def test_an_idle_qubit_of_the_source_stays() -> None:
    source = QuantumCircuit(3)
    source.x(0)
    found = compiled(source, "fake_montreal")
    assert len(set(found.layout)) == 3
    assert found.circuit.num_qubits == 3


@pytest.mark.parametrize("device", ["fake_manila", None])
def test_level_0_keeps_gates_that_cancel(device: str | None) -> None:
    """A randomised benchmarking circuit is the identity: from level 1 on nothing of it would be left."""
    source = QuantumCircuit(1, 1)
    for _ in range(20):
        source.sx(0)
        source.x(0)
        source.sx(0)
    source.measure(0, 0)
    assert compiled(source, device).circuit.count_ops()["sx"] == 40
    assert "sx" not in compiled(source, device, optimization_level=1).circuit.count_ops()


def test_an_initial_layout_is_taken() -> None:
    found = compiled(entangled(2), "fake_manila", initial_layout=(3, 4))
    assert found.physical is not None
    assert {found.physical[position] for position in found.layout} == {3, 4}
    source = QuantumCircuit(2, 2)
    source.x(0)
    source.measure([0, 1], [0, 1])
    found = compiled(source, "fake_montreal", initial_layout=(25, 3))
    assert [found.physical[position] for position in found.layout] == [25, 3]  # type: ignore[index]


def test_the_same_seed_gives_the_same_circuit() -> None:
    def digest(**options: object) -> list[tuple[str, tuple[int, ...]]]:
        found = compiled(entangled(8), "fake_montreal", optimization_level=1, **options)  # type: ignore[arg-type]
        assert found.physical is not None
        return [(operation.name, tuple(found.physical[q] for q in on)) for operation, on in placed(found.circuit)]

    assert digest(seed=1) == digest(seed=1)
    assert digest(seed=1) != digest(seed=2)
    given = Compiler(TranspileOptions(2, seed=2**53 - 1), DeviceNoise(snapshot("fake_guadalupe")), 1, MEMORY)
    other = Compiler(TranspileOptions(2, seed=2**53 - 1), DeviceNoise(snapshot("fake_guadalupe")), 2, MEMORY)
    assert given.compile(entangled(6), SIMULATOR).physical == other.compile(entangled(6), SIMULATOR).physical


def test_parameters_are_compiled_unbound() -> None:
    theta = Parameter("theta")
    source = QuantumCircuit(2, 2)
    source.rx(theta, 0)
    source.cz(0, 1)
    source.ry(2 * theta, 1)
    found = compiled(source, "fake_manila", optimization_level=3)
    assert [parameter.name for parameter in found.circuit.parameters] == ["theta"]
    bound = found.circuit.assign_parameters({theta: 0.3})
    for label in ("ZZ", "XI", "YX"):
        expected = Statevector(source.assign_parameters({theta: 0.3})).expectation_value(SparsePauliOp(label))
        there = Statevector(bound).expectation_value(SparsePauliOp(apply_layout(label, found)))
        assert there == pytest.approx(expected, abs=1e-9)


@LEVELS
@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize("basis", ["XYZI", "YXXZ"])
def test_a_group_of_an_observable_is_turned_where_the_circuit_was_compiled_to(
    level: int, measured: bool, basis: str
) -> None:
    """Parities of the turned circuit's outcomes are theory's values, in gates that the device has on those qubits."""
    device = snapshot("fake_guadalupe")
    compiler = Compiler(TranspileOptions(optimization_level=level), DeviceNoise(device), 7, MEMORY)
    source = entangled(measured=measured)
    program = compiler.compile(source, SIMULATOR)
    turned = compiler.turned(program, basis)
    assert (turned.physical, turned.layout) == (program.physical, program.layout)
    assert turned.physical is not None
    for operation, on in placed(turned.circuit):
        if operation.name not in ("measure", "barrier"):
            assert tuple(turned.physical[qubit] for qubit in on) in device.gates[operation.name]
    ends = [turned.circuit.find_bit(each.qubits[0]).index for each in turned.circuit.data[-4:]]
    bits = [turned.circuit.find_bit(each.clbits[0]).index - source.num_clbits for each in turned.circuit.data[-4:]]
    assert dict(zip(bits, ends, strict=True)) == dict(enumerate(program.layout))
    after = state_before_measurements(turned.circuit)
    parity = "".join("I" if letter == "I" else "Z" for letter in basis)
    expected = state_before_measurements(source).expectation_value(SparsePauliOp(basis)).real
    found = after.expectation_value(SparsePauliOp(apply_layout(parity, turned))).real
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("level", "left"), [(0, True), (1, False), (2, False), (3, False)])
def test_a_turn_cancels_against_the_gates_before_it_from_level_1(level: int, left: bool) -> None:
    compiler = Compiler(TranspileOptions(optimization_level=level), DeviceNoise(snapshot("fake_manila")), 7, MEMORY)
    source = QuantumCircuit(1, 1)
    source.h(0)
    source.measure(0, 0)
    turned = compiler.turned(compiler.compile(source, SIMULATOR), "X")
    names = {operation.name for operation, _ in placed(turned.circuit)}
    assert ("sx" in names) == left


@pytest.mark.parametrize("level", [1, 3])
def test_all_groups_of_an_observable_run_on_the_same_physical_qubits(
    level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    applied = DeviceNoise.applied

    def recorded(self: DeviceNoise, circuit: QuantumCircuit, physical: tuple[int, ...]) -> QuantumCircuit:
        seen.append(physical)
        return applied(self, circuit, physical)

    monkeypatch.setattr(DeviceNoise, "applied", recorded)
    terms = {"ZZZ": "1", "XXX": "1", "YXY": "1", "XYY": "1"}
    options = Options(
        outputs=("expectation",),
        noise=NoiseOptions(device="fake_brisbane"),
        transpile=TranspileOptions(optimization_level=level),
    )
    source = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; h q[0]; cx q[0], q[1]; cx q[0], q[2];'
    circuit = CircuitRun("ghz", "openqasm3", source, 100, observables=(Observable("ghz", terms),))
    load("aer", options, ROOM).parse(circuit)
    assert len(seen) == 1 + len(terms)
    assert len(set(seen)) == 1


def test_feed_forward_is_routed_and_its_bits_survive() -> None:
    source = QuantumCircuit(3, 3)
    source.x(0)
    source.measure(0, 0)
    with source.if_test((source.clbits[0], 1)):
        source.x(1)
        source.cx(1, 2)
    source.cx(0, 2)
    source.measure([1, 2], [1, 2])
    found = compiled(source, "fake_brisbane", optimization_level=1)
    assert found.circuit.num_qubits <= 4
    assert SIMULATOR.run(found.circuit, shots=20).result().get_counts() == {"011": 20}


def test_large_gates_are_replaced_under_typed_errors_only() -> None:
    source = QuantumCircuit(3, 3)
    source.ccx(0, 1, 2)
    own = QuantumCircuit(2, name="own")
    own.h(0)
    own.cz(0, 1)
    source.append(own.to_gate(), [0, 2])
    typed = Compiler(None, TypedNoise(NoiseOptions(two_qubit="0.1")), 7, MEMORY).compile(source, SIMULATOR)
    assert all(operation.num_qubits <= 2 for operation, _ in placed(typed.circuit))
    assert typed.circuit.count_ops()["cz"] == 1
    assert Operator(typed.circuit) == Operator(source)
    assert compiled(source).circuit is source


def test_measurements_are_final_only_if_nothing_follows() -> None:
    source = QuantumCircuit(2, 2)
    source.h(0)
    source.measure(0, 0)
    source.barrier()
    source.measure(1, 1)
    assert final_measurements(source) == [1, 3]
    source.x(0)
    assert final_measurements(source) == []


ROOM = Room(threads=1, memory=MEMORY)
BELL = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\nh q[0];\ncz q[0], q[2];\nmeasure q -> c;\n'


def execute(options: Options, source: str = BELL) -> Execution:
    engine = load("aer", options, ROOM)
    return engine.execute(engine.parse(CircuitRun("c", "openqasm2", source, 100)), Task(100, 5))


def test_the_result_has_sizes_before_and_after_and_the_estimated_success() -> None:
    plain = execute(Options())
    assert (plain.source, plain.estimated_success, plain.equivalent) == (None, None, None)
    asked = Options(noise=NoiseOptions(device="fake_manila"), transpile=TranspileOptions(0, verify_equivalence=True))
    execution = execute(asked)
    assert execution.source is not None
    assert (execution.source.depth, execution.source.two_qubit_gates) == (3, 1)
    assert execution.two_qubit_gates == 4  # three cx for a swap, and the cz
    assert execution.depth > 3
    assert execution.estimated_success is not None
    assert 0.75 < execution.estimated_success < 0.97
    assert execution.equivalent == "equivalent_up_to_global_phase"


@LEVELS
@pytest.mark.parametrize("device", ["fake_guadalupe", None])
@pytest.mark.parametrize("measured", [True, False])
def test_what_was_compiled_is_found_equivalent(level: int, device: str | None, measured: bool) -> None:
    found = compiled(entangled(5, measured), device, optimization_level=level, verify_equivalence=True)
    assert found.equivalent in ("equivalent", "equivalent_up_to_global_phase")


def test_circuits_with_parameters_are_checked_too() -> None:
    source = QuantumCircuit(2, 2)
    source.rx(Parameter("theta"), 0)
    source.cz(0, 1)
    source.h(1)
    found = compiled(source, "fake_manila", optimization_level=1, verify_equivalence=True)
    assert found.equivalent in ("equivalent", "equivalent_up_to_global_phase", "probably_equivalent")


def test_a_circuit_that_is_compiled_wrongly_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_a_gate(self: Compiler, circuit: QuantumCircuit, simulator: AerSimulator) -> QuantumCircuit:
        done = right(self, circuit, simulator)
        del done.data[next(n for n, each in enumerate(done.data) if each.operation.name == "cx")]
        return done

    right = aer_transpile.Compiler._transpiled
    monkeypatch.setattr(aer_transpile.Compiler, "_transpiled", without_a_gate)
    with pytest.raises(RunnerError, match=r"verifyEquivalence: the compiled circuit does not do what the given one"):
        compiled(entangled(3), "fake_manila", verify_equivalence=True)


def test_dynamic_and_large_circuits_are_not_checked() -> None:
    dynamic = QuantumCircuit(2, 1)
    dynamic.h(0)
    dynamic.measure(0, 0)
    dynamic.cx(0, 1)
    assert compiled(dynamic, "fake_manila", verify_equivalence=True).equivalent == "not_checked"
    large = QuantumCircuit(aer_equivalence.MAX_QUBITS + 1)
    large.h(0)
    assert compiled(large, "fake_montreal", verify_equivalence=True).equivalent == "not_checked"


def test_without_mqt_qcec_the_check_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mqt.qcec", None)
    with pytest.raises(RunnerError, match=r"verifyEquivalence: MQT QCEC is not installed here") as caught:
        compiled(entangled(2), verify_equivalence=True)
    assert caught.value.reason is Reason.NOT_IN_THIS_BUILD


def test_mqt_qcec_is_imported_only_when_asked_for() -> None:
    probe = (
        "import sys; from qee.runner.engines import load; from qee.sdk.limits import Room;"
        "from qee.sdk.outcomes import Options; from qee.documents import TranspileOptions;"
        "load('aer', Options(transpile=TranspileOptions(1)), Room(1, 1 << 30)); print(*sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not [name for name in found.stdout.split() if name.startswith("mqt")]


def native() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    circuit.sx(1)
    circuit.cx(1, 2)
    circuit.measure(range(3), range(3))
    return circuit


def test_verbatim_gates_run_as_written_on_the_qubits_of_their_index() -> None:
    source = native()
    found = compiled(source, "fake_manila", verbatim=True)
    assert found.circuit is source
    assert found.physical == (0, 1, 2)


def far() -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    circuit.cx(0, 2)
    return circuit


@pytest.mark.parametrize(
    ("options", "device", "circuit", "message"),
    [
        (
            {"initial_layout": (0, 1)},
            None,
            entangled(2),
            r"initialLayout: a simulator has no physical qubits; name noise",
        ),
        (
            {"initial_layout": (0, 1)},
            "fake_manila",
            native(),
            r"initialLayout has 2 qubits, the circuit has 3; give one",
        ),
        (
            {"initial_layout": (0, 9)},
            "fake_manila",
            entangled(2),
            r"initialLayout: fake_manila has no qubit 9; its qubits",
        ),
        ({"initial_layout": (1, 1)}, "fake_manila", entangled(2), r"initialLayout: a qubit occurs twice"),
        (
            {"verbatim": True, "optimization_level": 1},
            None,
            native(),
            r"leave out transpile\.optimizationLevel, or verb",
        ),
        ({"verbatim": True, "initial_layout": (0,)}, "fake_manila", native(), r"leave out transpile\.initialLayout"),
        (
            {"verbatim": True},
            "fake_manila",
            entangled(2),
            r"verbatim: gate ry is none of fake_manila, which has cx, id,",
        ),
        (
            {"verbatim": True},
            "fake_manila",
            far(),
            r"verbatim: fake_manila has no cx on qubits 0, 2; use coupled qubits",
        ),
        (
            {},
            "fake_manila",
            entangled(6),
            r"noise\.device: fake_manila has 5 qubits, the circuit has 6; choose a larger",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_field_value_and_remedy(
    options: dict[str, object], device: str | None, circuit: QuantumCircuit, message: str
) -> None:
    with pytest.raises(RunnerError, match=message) as caught:
        compiled(circuit, device, **options)  # type: ignore[arg-type]
    assert caught.value.reason in (Reason.INVALID_SPEC, Reason.UNSUPPORTED_CONSTRUCT)


def test_verbatim_does_not_translate_for_the_simulator_either() -> None:
    own = QuantumCircuit(1, name="own")
    own.h(0)
    source = QuantumCircuit(1)
    source.append(own.to_gate(), [0])
    with pytest.raises(RunnerError, match=r"verbatim: gate own is none of engine aer"):
        compiled(source, verbatim=True)


def test_nested_gates_are_counted_before_the_transpiler_expands_them() -> None:
    lines = "gate g0 a { x a; }\n" + "".join(f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}\n" for i in range(1, 31))
    source = f'OPENQASM 2.0;\ninclude "qelib1.inc";\n{lines}qreg q[1];\ncreg c[1];\ng30 q[0];\nmeasure q -> c;\n'
    for options in (
        Options(noise=NoiseOptions(device="fake_manila")),
        Options(noise=NoiseOptions(one_qubit="0.1")),
        Options(transpile=TranspileOptions(1)),
    ):
        with pytest.raises(RunnerError, match=r"expand to 107374182[45] operations"):
            execute(options, source)


def test_the_seed_of_the_job_decides_where_the_spec_has_none() -> None:
    options = Options(noise=NoiseOptions(device="fake_guadalupe"), transpile=TranspileOptions(2), seed=1)
    assert execute(options).compiled_sha256 == execute(options).compiled_sha256
    assert np.isfinite(execute(replace(options, seed=2)).estimated_success or 0.0)
