"""What spec, backend, engine and circuits say of one another before a pod is made: field, value and remedy."""

import hashlib
from typing import Any

import pytest
from tests import builders

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.core.checks.prepare import Prepared, prepare
from qee.core.checks.sources import Sources
from qee.core.refusal import Refused
from qee.documents.run import RunDocument

ROTATED = """OPENQASM 3.0;
include "stdgates.inc";
input float theta;
input angle _phi_0_;
qubit[2] q;
bit[2] c;
rx(theta) q[0];
rz(_phi_0_) q[1];
c = measure q;
"""
FED_BACK = "OPENQASM 3.0; qubit q; bit c; c = measure q; if (c) { U(0, 0, 0) q; } c = measure q;"
SWEEP = {"theta": ["0.1", "0.2"], "phi[0]": ["1", "2"]}
ENERGY = [{"name": "energy", "terms": {"ZZ": "0.5", "II": "3"}}]
EXPECTATION = {"outputs": ["expectation"]}


def wide(qubits: int, bits: int | None = None) -> str:
    source = f"OPENQASM 3.0; qubit[{qubits}] q; U(0.1, 0, 0) q;"
    return source if bits is None else f"{source} bit[{bits}] c; c[0] = measure q[0];"


def prepared(
    source: str = builders.BELL,
    engine: str = "aer",
    table: tuple[str, bytes] | None = None,
    limits: dict[str, Any] | None = None,
    circuit: dict[str, Any] | None = None,
    **spec: Any,
) -> Prepared:
    fields = {"name": "bell", "format": "openqasm3", "source": source, **(circuit or {})}
    tables = {}
    if table is not None:
        key, data = table
        reference = {"configMapKeyRef": {"name": "angles", "key": key}, "sha256": hashlib.sha256(data).hexdigest()}
        fields, tables = {**fields, "parametersFrom": reference}, {"bell": data}
    if "data" in fields:
        del fields["source"]
    manifest = builders.job(circuits=[fields], **spec)
    manifest["metadata"]["uid"] = "u-1"
    job = QuantumJob.model_validate(manifest)
    backend = QuantumBackend.model_validate(builders.backend(provider=engine, **({"limits": limits} if limits else {})))
    return prepare(job, backend, Sources({"bell": source.encode()}, tables), {}, "1")


def refusal(*arguments: Any, **spec: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        prepared(*arguments, **spec)
    return refused.value


def test_a_sweep_reaches_the_run_document_in_the_users_words() -> None:
    document = RunDocument.from_bytes(prepared(ROTATED, circuit={"parameters": SWEEP}).document)
    assert document.circuits[0].parameters == {"theta": ("0.1", "0.2"), "phi[0]": ("1", "2")}


def test_an_input_that_nothing_uses_needs_no_column() -> None:
    source = ROTATED.replace("input float theta;", "input float theta; input float unused; // unused")
    assert prepared(source, circuit={"parameters": SWEEP}).engine == "aer"


def test_a_table_from_a_config_map_becomes_the_same_columns() -> None:
    table = ("sweep.csv", b"theta,phi[0]\n0.1,1\n0.2,2\n")
    inline = prepared(ROTATED, circuit={"parameters": SWEEP})
    assert prepared(ROTATED, table=table).document == inline.document


def test_a_bad_table_is_refused_with_its_place() -> None:
    found = refusal(ROTATED, table=("sweep.json", b'{"theta": ["x"]}'))
    assert found.reason is Reason.INVALID_SPEC
    assert found.message.startswith("spec.circuits[0].parametersFrom: key 'sweep.json' of ConfigMap 'angles': column")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            {"source": ROTATED},
            ("spec.circuits[0].parameters: no column for theta, _phi_0_, which circuit 'bell' takes", "Give a column"),
        ),
        (
            {"source": ROTATED, "circuit": {"parameters": {**SWEEP, "psi": ["1", "2"]}}},
            ("spec.circuits[0].parameters: psi is no input of circuit 'bell'; it has theta, _phi_0_", "Remove"),
        ),
        (
            {"source": ROTATED, "circuit": {"parameters": {**SWEEP, "_phi_0_": ["1", "2"]}}},
            ("spec.circuits[0].parameters: one of theta, _phi_0_ has two columns", "Remove one"),
        ),
        (
            {"circuit": {"parameters": {"theta": ["1"]}}},
            ("spec.circuits[0].parameters: theta is no input of circuit 'bell'; it has none", "Remove the column"),
        ),
        (
            {
                "source": 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; measure q -> c;',
                "circuit": {"format": "openqasm2", "parameters": {"theta": ["1"]}},
            },
            ("spec.circuits[0].parameters: theta, and OpenQASM 2 has no parameters", "Write the program in OpenQASM 3"),
        ),
        (
            {**EXPECTATION, "circuit": {"observables": [{"name": "e", "terms": {"ZZZ": "1"}}]}},
            (
                "spec.circuits[0].observables[0].terms: ZZZ has 3 letters, circuit 'bell' has 2 qubits",
                "Give one letter",
            ),
        ),
        (
            {**EXPECTATION, "circuit": {"observables": ENERGY}, "precision": "1e-5"},
            ("spec.precision: 1e-5 takes 2.5e+09 shots for spec.circuits[0].observables[0]", "Ask for a larger"),
        ),
        (
            {**EXPECTATION, "circuit": {"observables": ENERGY}, "precision": "1e-320"},
            ("spec.precision: 1e-320 takes inf shots", "Ask for a larger standard error"),
        ),
        (
            {**EXPECTATION, "circuit": {"observables": ENERGY}, "precision": "0.01", "limits": {"maxShots": 2000}},
            ("spec.precision, for spec.circuits[0].observables[0]: up to 2.5e+03 shots exceeds", "maxShots=2000"),
        ),
        ({"source": wide(17), "outputs": ["statevector"]}, ("spec.outputs: statevector", "2^17 amplitudes", "2^16")),
        ({"source": wide(2, 21), "outputs": ["probabilities"]}, ("spec.outputs: probabilities", "2^21", "2^20")),
        ({"source": wide(21), "outputs": ["probabilities"]}, ("spec.outputs: probabilities", "2^21", "Ask for counts")),
        (
            {"source": FED_BACK, "outputs": ["counts", "probabilities"]},
            ("spec.outputs: probabilities need one state", "circuit 'bell' acts on measured values", "Ask for counts"),
        ),
        (
            {
                "source": "OPENQASM 3.0; input float a; qubit[16] q; U(a, 0, 0) q;",
                "outputs": ["statevector"],
                "circuit": {"parameters": {"a": ["1"] * 20}},
            },
            ("spec.outputs: statevector of all rows take 26 MiB, a result carries 16", "name a volume in spec.results"),
        ),
        (
            {
                "source": "OPENQASM 3.0; input float a; qubit[16] q; U(a, 0, 0) q;",
                "outputs": ["statevector"],
                "circuit": {"parameters": {"a": ["1"] * 800}},
                "results": builders.results_on(),
            },
            ("spec.outputs: statevector of all rows take 1066 MiB, a result carries 1024. Split the job, or ask",),
        ),
        ({"outputs": ["statevector"], "noise": {"readout": "0.1"}}, ("spec.outputs: statevector", "Remove spec.noise")),
        (
            {"noise": {"device": "fake_atlantis"}},
            ("spec.noise.device: 'fake_atlantis' is not known. Give one of", "fake_manila"),
        ),
        (
            {"source": wide(6, 1), "noise": {"device": "fake_manila"}},
            ("spec.noise.device: fake_manila has 5 qubits, circuit 'bell' has 6", "Choose a larger device"),
        ),
        (
            {"noise": {"device": "fake_manila"}, "transpile": {"initialLayout": [0, 5]}},
            ("spec.transpile.initialLayout: fake_manila has no qubit 5. Give qubits 0 to 4",),
        ),
        (
            {"noise": {"device": "fake_manila"}, "transpile": {"initialLayout": [0, 1, 2]}},
            ("spec.transpile.initialLayout: 3 qubits, circuit 'bell' has 2", "Give one physical qubit for each"),
        ),
        (
            {"transpile": {"initialLayout": [0, 1]}},
            ("spec.transpile.initialLayout: a simulator has no physical qubits. Remove it",),
        ),
        (
            {"transpile": {"verbatim": True, "optimizationLevel": 2}},
            ("spec.transpile.verbatim: true leaves the circuit as written. Remove it, or spec.transpile.optimization",),
        ),
    ],
    ids=lambda value: value[0][:60] if isinstance(value, tuple) else None,
)
def test_what_does_not_fit_the_circuit_is_refused_by_name(arguments: dict[str, Any], says: tuple[str, ...]) -> None:
    found = refusal(**arguments)
    assert found.message.startswith(says[0]), found.message
    assert all(words in found.message for words in says), found.message


@pytest.mark.parametrize(
    ("engine", "arguments", "says"),
    [
        (
            "cirq",
            {"circuit": {"format": "qpy", "data": "UUlTS0lU"}},
            "spec.circuits[0].format: engine cirq does not do 'qpy'",
        ),
        ("aer", {"circuit": {"format": "cirq-json"}}, "spec.circuits[0].format: engine aer does not do 'cirq-json'"),
        (
            "cirq",
            {"simulator": {"method": "matrix_product_state"}},
            "spec.simulator.method: engine cirq does not do 'matrix_product_state'. Give one of automatic",
        ),
        (
            "cirq",
            {"noise": {"device": "fake_manila"}},
            "spec.noise.device: engine cirq does not do 'fake_manila'. Give typed errors",
        ),
        (
            "cirq",
            {"transpile": {"optimizationLevel": 1}},
            "spec.transpile.optimizationLevel: engine cirq does not do 1. Leave it out or give 0",
        ),
        (
            "cirq",
            {"transpile": {"initialLayout": [1, 0]}},
            "spec.transpile.initialLayout: engine cirq does not do [1, 0]. Leave it out",
        ),
        (
            "cirq",
            {"transpile": {"verifyEquivalence": True}},
            "spec.transpile.verifyEquivalence: engine cirq does not do true. Leave it out",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_an_engine_does_not_do_is_refused_with_the_other_engine(
    engine: str, arguments: dict[str, Any], says: str
) -> None:
    found = refusal(engine=engine, **arguments)
    assert found.reason is Reason.UNSUPPORTED_CONSTRUCT
    assert found.message.startswith(says)
    assert "or name a backend whose provider is" in found.message


def test_more_results_than_a_job_may_have_are_refused() -> None:
    names = [f"c{n}" for n in range(11)]
    circuits = [{"name": n, "format": "openqasm3", "source": "x", "parameters": {"a": ["1"] * 10_000}} for n in names]
    job = QuantumJob.model_validate(builders.job(circuits=circuits))
    with pytest.raises(Refused) as refused:
        prepare(job, QuantumBackend.model_validate(builders.backend()), Sources(dict.fromkeys(names, b"x")), {}, "1")
    assert "spec.circuits: 110000 rows of parameters in all, 100000 are possible. Split the job." in str(refused.value)


def mebibytes(**arguments: Any) -> int:
    return int(prepared(**arguments).resources["limits"]["memory"].removesuffix("Mi"))


def test_noise_takes_a_density_matrix_where_there_are_more_shots_than_amplitudes() -> None:
    matrix = 16 * 4**12 // 2**20
    assert mebibytes(source=wide(12, 12), shots=10_000, noise={"oneQubit": "0.1"}) > matrix + 100
    assert mebibytes(source=wide(12, 12), shots=1000, noise={"oneQubit": "0.1"}) <= matrix


def test_exact_numbers_on_cirq_take_a_state_vector_even_of_clifford_circuits() -> None:
    clifford = 'OPENQASM 3.0; include "stdgates.inc"; qubit[22] q; h q; cx q[0], q[1];'
    observables = {"observables": [{"name": "z", "terms": {"Z" * 22: "1"}}]}
    state = 4 * 16 * 2**22 // 2**20
    assert mebibytes(source=clifford, engine="cirq", circuit=observables, outputs=["expectation"]) > state
    assert mebibytes(source=clifford, engine="aer", circuit=observables, outputs=["expectation"]) == 256


def test_every_row_of_a_sweep_keeps_its_result() -> None:
    swept = "OPENQASM 3.0; input float a; qubit[10] q; bit[10] c; U(a, 0, 0) q; c = measure q;"
    few, many = (
        mebibytes(source=swept, circuit={"parameters": {"a": ["1"] * rows}}, shots=1000, outputs=["counts", "memory"])
        for rows in (10, 1000)
    )
    assert many > few + 300
