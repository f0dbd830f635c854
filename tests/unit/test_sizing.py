"""The runner pod's memory, from the circuits and the limits around them."""

from typing import Any

import pytest
from tests import builders

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.core.checks import sizing
from qee.core.checks.prepare import run_document
from qee.core.checks.sources import Sources
from qee.core.refusal import Refused

THIN = 'OPENQASM 3.0; include "stdgates.inc"; qubit[27] q; bit[27] c; cx q[0], q[1]; t q; c = measure q;'


Z_FIRST = [{"name": "z", "terms": {"I" * 11 + "Z": "1"}}]
LATE = 'OPENQASM 3.0; include "stdgates.inc"; qubit[12] q; t q[0]; reset q[0];'


def memory(backend_limits: dict[str, str], source: str = THIN, circuit: Any = None, **spec: object) -> str:
    circuits = [{"name": "thin", "format": "openqasm3", "source": source, **(circuit or {})}]
    job = QuantumJob.model_validate(builders.job(circuits=circuits, **spec))
    backend = QuantumBackend.model_validate(builders.backend(limits=backend_limits))
    sources = Sources({"thin": source.encode()})
    document = run_document(job, "aer", sources)
    sized = sizing.resources(job, document, sizing.scans(job, document, sources.programs), backend, "500m")
    return str(sized["limits"]["memory"])


def test_a_state_vector_has_the_room_that_the_backend_allows() -> None:
    assert int(memory({"memory": "4Gi"}).removesuffix("Mi")) > 2048


def test_a_thin_circuit_that_exceeds_the_backend_is_sized_as_the_matrix_product_that_the_runner_will_take() -> None:
    assert int(memory({"memory": "1Gi"}).removesuffix("Mi")) < 1024


def test_a_jobs_own_limit_is_the_room_that_counts() -> None:
    assert memory({"memory": "4Gi"}, resources={"limits": {"memory": "1Gi"}}) == "1Gi"


@pytest.mark.parametrize(
    ("spec", "mixed"),
    [
        ({"outputs": ["probabilities"]}, True),
        ({"outputs": ["expectation"], "circuit": {"observables": Z_FIRST}}, True),
        ({"outputs": ["expectation"], "circuit": {"observables": Z_FIRST}, "precision": "0.1"}, False),
        ({"outputs": ["counts"]}, False),
    ],
)
def test_exact_outputs_after_a_reset_have_the_room_of_a_density_matrix(spec: dict[str, Any], mixed: bool) -> None:
    assert memory({"memory": "4Gi"}, LATE, **spec) == ("417Mi" if mixed else "256Mi")


def test_a_circuit_without_an_observable_has_no_exact_expectation_value() -> None:
    other = {"format": "openqasm3", "source": LATE.replace("reset q[0];", "")}
    circuits = [
        {"name": "late", "format": "openqasm3", "source": LATE},
        {"name": "other", **other, "observables": Z_FIRST},
    ]
    job = QuantumJob.model_validate(builders.job(circuits=circuits, outputs=["expectation"]))
    assert sizing.state(job, 0, sizing.scanned("late", "openqasm3", LATE.encode()), "aer").method == "statevector"


FAR = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; cx q[0], q[1]; c = measure q;'


def test_qubits_that_routing_takes_have_their_room() -> None:
    device = {"noise": {"device": "fake_brisbane"}}
    assert memory({"memory": "8Gi"}, FAR, **device) == "256Mi"
    far = {**device, "transpile": {"initialLayout": [0, 126]}}  # 25 qubits lie between them
    assert memory({"memory": "8Gi"}, FAR, **far) == f"{161 + 16 * 2**27 // 2**20 + 1024}Mi"
    assert memory({"memory": "2400Mi"}, FAR, **far) == "2400Mi"
    with pytest.raises(Refused, match=r"16 bytes x 2\^27 = 2209 MiB, 25 of 27 qubits for routing; limits.memory"):
        memory({"memory": "2Gi"}, FAR, **far)


def test_room_for_a_way_that_routing_need_not_take_is_no_reason_to_refuse() -> None:
    body = "".join(f"cx q[{i}], q[{i + 1}];" for i in range(19))
    source = f'OPENQASM 3.0; include "stdgates.inc"; qubit[20] q; bit[20] c; {body} t q[0]; c = measure q;'
    chosen = {"noise": {"device": "fake_brisbane"}, "transpile": {"optimizationLevel": 1}}
    assert int(memory({"memory": "4Gi"}, source, **chosen).removesuffix("Mi")) > 1024 + 160
    assert memory({"memory": "200Mi"}, source, **chosen) == "200Mi"


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_qubits_that_are_declared_and_not_used_take_no_room(engine: str) -> None:
    def needed(qubits: int, *outputs: str) -> int:
        source = f'OPENQASM 3.0; include "stdgates.inc"; qubit[{qubits}] q; bit[2] c; t q[0]; cx q[0], q[1]; '
        source += "c = measure q[0:1];"
        circuits = [{"name": "one", "format": "openqasm3", "source": source}]
        job = QuantumJob.model_validate(
            builders.job(circuits=circuits, outputs=list(outputs), simulator={"method": "statevector"})
        )
        return sizing.state(job, 0, sizing.scanned("one", "openqasm3", source.encode()), engine).bytes

    assert needed(60, "counts", "memory") == needed(2, "counts", "memory")
    assert needed(60, "probabilities") > 2**60
