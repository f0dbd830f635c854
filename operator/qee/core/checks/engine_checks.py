"""What a simulator's engine does not do, as far as the spec alone tells it: said before a pod is made.

The engines refuse the same by themselves; this is only sooner.
"""

from collections.abc import Iterator

from qee import devices
from qee.api.job import QuantumJobSpec
from qee.api.job_options import Noise, Transpile
from qee.api.names import ENGINES
from qee.api.reasons import Reason
from qee.core.refusal import Refused, invalid

FORMATS = {"aer": ("openqasm3", "openqasm2", "qpy"), "cirq": ("openqasm3", "openqasm2", "cirq-json")}
METHODS = {
    "aer": (
        *("automatic", "statevector", "density_matrix", "stabilizer"),
        *("extended_stabilizer", "matrix_product_state"),
    ),
    "cirq": ("automatic", "statevector", "density_matrix", "stabilizer"),
}


def check_engine(spec: QuantumJobSpec, engine: str) -> None:
    """Raises `Refused` with the first field that the engine does not do, its value and the remedy."""
    other = f"or name a backend whose provider is {' or '.join(each for each in ENGINES if each != engine)}"
    for field, value, remedy in _beyond(spec, engine):
        raise Refused(Reason.UNSUPPORTED_CONSTRUCT, f"{field}: engine {engine} does not do {value}. {remedy}, {other}.")
    for problem in _contradictions(spec):
        raise invalid(problem)


def _beyond(spec: QuantumJobSpec, engine: str) -> Iterator[tuple[str, str, str]]:
    """Field, value and remedy of what the engine does not do."""
    for index, circuit in enumerate(spec.circuits):
        if circuit.format not in FORMATS[engine]:
            formats = ", ".join(FORMATS[engine])
            yield f"spec.circuits[{index}].format", f"{str(circuit.format)!r}", f"Give one of {formats}"
    method = spec.simulator.method
    if method not in METHODS[engine]:
        yield "spec.simulator.method", f"{str(method)!r}", f"Give one of {', '.join(METHODS[engine])}"
    if engine != "cirq":
        return
    if spec.noise is not None and spec.noise.device is not None:
        yield "spec.noise.device", f"{spec.noise.device!r}", "Give typed errors (oneQubit, twoQubit, readout)"
    transpile = spec.transpile
    if transpile is None:
        return
    if transpile.optimization_level:
        yield "spec.transpile.optimizationLevel", str(transpile.optimization_level), "Leave it out or give 0"
    if transpile.initial_layout is not None:
        layout = ", ".join(map(str, transpile.initial_layout[:8]))
        yield (
            "spec.transpile.initialLayout",
            f"[{layout}{', …' if len(transpile.initial_layout) > 8 else ''}]",
            "Leave it out",
        )
    if transpile.verify_equivalence:
        yield "spec.transpile.verifyEquivalence", "true", "Leave it out"


def _contradictions(spec: QuantumJobSpec) -> Iterator[str]:
    """What no engine can make sense of."""
    if spec.provider_options:
        yield (
            "spec.providerOptions: they are for a provider's SDK, and the backend is a simulator of this cluster. "
            "Remove them, or name a cloud backend."
        )
    transpile, noise = spec.transpile or Transpile(), spec.noise or Noise.model_construct()
    if "statevector" in spec.outputs and spec.noise is not None:
        yield (
            "spec.outputs: statevector is that of a pure state, and spec.noise leaves none. Remove spec.noise, or ask "
            "for probabilities or expectation."
        )
    if noise.device is not None and noise.device not in devices.names():
        yield f"spec.noise.device: {noise.device!r} is not known. Give one of {', '.join(devices.names())}."
        return
    layout = transpile.initial_layout
    if transpile.verbatim and (transpile.optimization_level or layout is not None):
        other = "initialLayout" if layout is not None else "optimizationLevel"
        yield f"spec.transpile.verbatim: true leaves the circuit as written. Remove it, or spec.transpile.{other}."
    if layout is None:
        return
    if noise.device is None:
        yield (
            "spec.transpile.initialLayout: a simulator has no physical qubits. Remove it, or name a device in "
            "spec.noise.device."
        )
        return
    qubits = devices.snapshot(noise.device).qubits
    if max(layout) >= qubits:
        yield f"spec.transpile.initialLayout: {noise.device} has no qubit {max(layout)}. Give qubits 0 to {qubits - 1}."
