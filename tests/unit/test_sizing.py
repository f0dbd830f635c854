"""The runner pod's memory, from the circuits and the limits around them."""

from tests import builders

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.core import sizing
from qee.core.prepare import run_document
from qee.core.sources import Sources

THIN = 'OPENQASM 3.0; include "stdgates.inc"; qubit[27] q; bit[27] c; cx q[0], q[1]; t q; c = measure q;'


def memory(backend_limits: dict[str, str], **spec: object) -> str:
    circuits = [{"name": "thin", "format": "openqasm3", "source": THIN}]
    job = QuantumJob.model_validate(builders.job(circuits=circuits, **spec))
    backend = QuantumBackend.model_validate(builders.backend(limits=backend_limits))
    sources = Sources({"thin": THIN.encode()})
    document = run_document(job, "aer", sources)
    sized = sizing.resources(job, document, sizing.scans(job, document, sources.programs), backend, "500m")
    return str(sized["limits"]["memory"])


def test_a_state_vector_has_the_room_that_the_backend_allows() -> None:
    assert int(memory({"memory": "4Gi"}).removesuffix("Mi")) > 2048


def test_a_thin_circuit_that_exceeds_the_backend_is_sized_as_the_matrix_product_that_the_runner_will_take() -> None:
    assert int(memory({"memory": "1Gi"}).removesuffix("Mi")) < 1024


def test_a_jobs_own_limit_is_the_room_that_counts() -> None:
    assert memory({"memory": "4Gi"}, resources={"limits": {"memory": "1Gi"}}) == "1Gi"
