"""What a job may ask of the compilation and of Quantum Engine: spec.transpile and spec.providerOptions."""

import json
from collections.abc import Mapping
from typing import Any

import cirq
import cirq_google

from qee.connectors.vendors import compilation
from qee.connectors.vendors.compilation import invalid_option
from qee.connectors.vendors.google.device import Device
from qee.documents.run import TranspileOptions
from qee.sdk.errors import invalid_spec, unsupported_construct

_MAX_PRIORITY = 999  # EngineClient.create_job
_OPTIONS = ("priority", "target_gateset")
_GATESETS = {
    "cz": cirq_google.GoogleCZTargetGateset,
    "syc": cirq_google.SycamoreTargetGateset,
    "sqrt_iswap": cirq.SqrtIswapTargetGateset,
    "cz_pow_gate": cirq.CZTargetGateset,
}


def check_transpile(options: TranspileOptions, device: Device) -> None:
    given = (
        ("optimizationLevel", options.optimization_level, "Cirq's compiler has no levels"),
        ("seed", options.seed, "Cirq's compiler makes no random choices"),
        ("verifyEquivalence", options.verify_equivalence or None, "it is checked on engine aer only"),
    )
    compilation.refuse_transpile(
        *(
            (name, value is not None, f"{json.dumps(value)}: {why}; leave it out on provider google")
            for name, value, why in given
        )
    )
    layout = options.initial_layout
    if layout is not None and options.verbatim:
        raise invalid_spec(
            "spec.transpile.initialLayout: a verbatim circuit names its qubits itself; leave one of them out"
        )
    beyond = [number for number in layout or () if number >= len(device.all_qubits)]
    if beyond:
        raise invalid_spec(
            f"spec.transpile.initialLayout: {device.processor} has no qubit {beyond[0]};"
            f" its qubits, sorted by row and column, are 0 to {len(device.all_qubits) - 1}"
        )


def gateset_of(options: Mapping[str, Any], device: Device, verbatim: bool) -> Any:
    """What circuits are decomposed to: the first that the processor has, or the one that is asked for."""
    for name in options:
        if name not in _OPTIONS:
            raise invalid_option(name, f"not known; provider google takes {', '.join(_OPTIONS)}")
    if verbatim:
        if "target_gateset" in options:
            raise invalid_option("target_gateset", "a verbatim circuit is not decomposed; leave one of them out")
        return None
    found = {
        name: gateset
        for gateset in device.grid.metadata.compilation_target_gatesets
        for name, kind in _GATESETS.items()
        if type(gateset) is kind
    }
    if not found:
        raise unsupported_construct(
            f"processor {device.processor} has no set of gates that Cirq compiles to; use transpile.verbatim"
        )
    asked = options.get("target_gateset", next(iter(found)))
    if not isinstance(asked, str) or asked not in found:
        raise invalid_option(
            "target_gateset", f"{json.dumps(asked)[:32]}: processor {device.processor} has {', '.join(found)}"
        )
    return found[asked]


def job_options(options: Mapping[str, Any]) -> dict[str, Any]:
    if "priority" not in options:
        return {}
    priority = options["priority"]
    if not isinstance(priority, int) or isinstance(priority, bool) or not 1 <= priority <= _MAX_PRIORITY:
        raise invalid_option("priority", f"{json.dumps(priority)[:32]}: must be 1 to {_MAX_PRIORITY}")
    return {"priority": priority}
