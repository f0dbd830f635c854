"""What the schema knows and this version cannot run yet. Refused by name, never ignored."""

from qee.api.job import QuantumJobSpec
from qee.api.reasons import Reason

# Every other provider is a cloud.
ENGINES = frozenset({"aer", "cirq"})
FORMATS = frozenset({"openqasm3", "openqasm2"})
OUTPUTS = frozenset({"counts"})


def not_in_this_build(spec: QuantumJobSpec) -> str | None:
    """The first field that asks for what is not built, with its value and what to do; None where all is."""
    for path, value, asked in _asked(spec):
        if asked:
            shown = f": {value!r}" if isinstance(value, str | int) else ""
            return f"{path}{shown} is not in this build. {Reason.NOT_IN_THIS_BUILD.remedy}"
    return None


def _asked(spec: QuantumJobSpec) -> list[tuple[str, object, bool]]:
    """(field path, value, whether it asks for something that is not built)."""
    fields: list[tuple[str, object, bool]] = [
        ("spec.precision", spec.precision, spec.precision is not None),
        ("spec.transpile", None, spec.transpile is not None),
        ("spec.noise", None, spec.noise is not None),
        ("spec.maxCost", None, spec.max_cost is not None),
        ("spec.providerOptions", None, bool(spec.provider_options)),
    ]
    fields += [("spec.outputs", str(output), output not in OUTPUTS) for output in spec.outputs]
    for index, circuit in enumerate(spec.circuits):
        path = f"spec.circuits[{index}]"
        fields += [
            (f"{path}.format", str(circuit.format), circuit.format not in FORMATS),
            (f"{path}.parameters", None, bool(circuit.parameters)),
            (f"{path}.parametersFrom", None, circuit.parameters_from is not None),
            (f"{path}.observables", None, bool(circuit.observables)),
        ]
    return fields
