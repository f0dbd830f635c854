"""Which methods of Aer have which outputs, and what resets do to exact ones."""

import pytest
from tests.physics.test_outputs import HEAD, numbers, run

from qee.api.reasons import Reason
from qee.documents import NoiseOptions, Observable, SimulatorOptions, TranspileOptions
from qee.sdk.errors import RunnerError

ONE_ON_TOP = (Observable("top", {"ZI": "1"}),)
# q1 is left half 0 and half 1 by the reset of its partner
RESET = f"{HEAD}qreg q[2];\nh q[0];\ncx q[0],q[1];\nreset q[0];\n"
FRESH = f"{HEAD}qreg q[2];\nreset q[0];\nx q[1];\n"
TURNED = f"{HEAD}qreg q[2];\nry(0.7) q[0];\nt q[0];\nx q[1];\n"
CLIFFORD_AND_T = f"{HEAD}qreg q[2];\nh q[0];\nt q[0];\nx q[1];\n"
METHODS = ["automatic", "statevector", "matrix_product_state", "density_matrix", "stabilizer", "extended_stabilizer"]


@pytest.mark.parametrize("method", METHODS)
def test_a_reset_leaves_a_mixture_and_not_one_of_its_trajectories(method: str) -> None:
    options = {"simulator": SimulatorOptions(method), "observables": ONE_ON_TOP}
    (result,) = run("aer", RESET, ("probabilities", "expectation"), **options)
    assert numbers(result.probabilities) == pytest.approx([0.5, 0, 0.5, 0], abs=1e-9)
    assert result.expectation is not None
    assert float(result.expectation["top"].value) == pytest.approx(0, abs=1e-9)


def test_sampled_values_of_a_reset_circuit_agree_with_the_mixture() -> None:
    (result,) = run("aer", RESET, ("expectation",), observables=ONE_ON_TOP, precision="0.02")
    assert result.expectation is not None
    found = result.expectation["top"]
    assert abs(float(found.value)) < 5 * float(found.standard_error) <= 5 * 0.021


def test_a_reset_of_a_fresh_qubit_needs_no_density_matrix() -> None:
    """Whose 18 qubits would be 1 TiB."""
    source = f"{HEAD}qreg q[18];\nreset q;\nx q[1];\nt q[0];\n"
    (result,) = run("aer", source, ("expectation",), observables=(Observable("z", {"Z" + "I" * 15 + "ZI": "1"}),))
    assert result.expectation is not None
    assert float(result.expectation["z"].value) == pytest.approx(-1, abs=1e-9)


def test_a_statevector_after_a_reset_is_refused_unless_the_qubit_was_fresh() -> None:
    with pytest.raises(RunnerError, match="outputs: statevector: under reset"):
        run("aer", RESET, ("statevector",))
    (result,) = run("aer", FRESH, ("statevector",))
    assert result.statevector is not None


@pytest.mark.parametrize(
    ("method", "output"),
    [
        ("density_matrix", "statevector"),
        ("stabilizer", "statevector"),
        ("extended_stabilizer", "statevector"),
        ("extended_stabilizer", "probabilities"),
        ("extended_stabilizer", "expectation"),
    ],
)
def test_an_output_that_a_method_lacks_is_refused_by_the_methods_name(method: str, output: str) -> None:
    with pytest.raises(RunnerError) as caught:
        run("aer", TURNED, (output,), observables=ONE_ON_TOP, simulator=SimulatorOptions(method))
    assert caught.value.reason == Reason.INVALID_SPEC
    assert f"simulator.method: {method} has no exact {output}; set simulator.method: automatic" in caught.value.message


def test_the_extended_stabilizer_samples_expectation_values() -> None:
    options = {"simulator": SimulatorOptions("extended_stabilizer"), "observables": ONE_ON_TOP}
    (result,) = run("aer", CLIFFORD_AND_T, ("expectation",), precision="0.05", **options)
    assert result.expectation is not None
    assert float(result.expectation["top"].value) == pytest.approx(-1, abs=0.25)


@pytest.mark.parametrize("method", ["automatic", "statevector", "matrix_product_state", "density_matrix"])
@pytest.mark.parametrize("precision", ["double", "single"])
def test_every_method_has_the_probabilities_of_the_state(method: str, precision: str) -> None:
    (result,) = run("aer", TURNED, ("probabilities",), simulator=SimulatorOptions(method, precision))
    assert numbers(result.probabilities) == pytest.approx([0, 0, 0.882421, 0.117579], abs=1e-5)


def test_a_density_matrix_that_does_not_fit_is_refused_with_figures() -> None:
    source = f"{HEAD}qreg q[20];\ncreg c[20];\nh q;\nt q;\nmeasure q -> c;\n"
    with pytest.raises(RunnerError, match="the state needs 16777216 MiB") as caught:
        run("aer", source, ("counts",), simulator=SimulatorOptions("density_matrix"))
    assert caught.value.reason == Reason.INSUFFICIENT_MEMORY


def test_an_observable_of_identities_alone_needs_no_run() -> None:
    (result,) = run("aer", TURNED, ("expectation",), precision="0.1", observables=(Observable("two", {"II": "2"}),))
    assert result.expectation is not None
    assert float(result.expectation["two"].value) == 2


def test_verbatim_leaves_no_room_for_turns_on_a_device() -> None:
    source = f"{HEAD}qreg q[2];\nsx q[0];\ncx q[0], q[1];\n"
    options = {"noise": NoiseOptions("fake_manila"), "transpile": TranspileOptions(verbatim=True)}
    run("aer", source, ("expectation",), observables=(Observable("z", {"ZZ": "1"}),), **options)
    with pytest.raises(RunnerError, match=r"transpile\.verbatim: true leaves no room for the gates that measure X"):
        run("aer", source, ("expectation",), observables=(Observable("x", {"XX": "1"}),), **options)
