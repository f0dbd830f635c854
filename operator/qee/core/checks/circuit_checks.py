"""What the spec asks of each circuit, held against what the scanner found in it.

The runner refuses the same by itself; this is only sooner, and costs no pod.
"""

import re
from collections.abc import Mapping, Sequence

from qee import devices
from qee.api.names import MAX_FILE_BYTES
from qee.api.reasons import Reason
from qee.circuits import Scan
from qee.core.refusal import Refused, invalid
from qee.documents import shards
from qee.documents.frame import MAX_DOCUMENT_BYTES
from qee.documents.run import CircuitRun, RunDocument

MAX_RESULTS = 100_000  # of one job: each row of each circuit gives one
MAX_STATEVECTOR_QUBITS = 16
MAX_PROBABILITY_BITS = 20
MAX_SHOTS = 10_000_000  # of one measurement, as of a circuit
_ARRAYS = ("statevector", "probabilities")
_COUNTED = ("openqasm3", "openqasm2", "qpy")  # of Cirq's JSON the scanner knows qubits only at most
_ELEMENT = re.compile(r"(.+)\[(\d+)\]")
_SHOWN = 5


def check_results(document: RunDocument) -> None:
    """Raises `Refused` where a job's sweeps would give too many results."""
    rows = sum(circuit.parameter_sets for circuit in document.circuits)
    if rows > MAX_RESULTS:
        raise invalid(f"spec.circuits: {rows} rows of parameters in all, {MAX_RESULTS} are possible. Split the job.")


def check_circuits(document: RunDocument, scans: Mapping[str, Scan]) -> None:
    """Raises `Refused` with the first field that does not fit its circuit, its value and the remedy.

    `scans`: by the circuit's name.
    """
    for index, circuit in enumerate(document.circuits):
        found = scans[circuit.name]
        path = f"spec.circuits[{index}]"
        _check_parameters(circuit, found, path)
        if circuit.format in _COUNTED:
            _check_labels(circuit, found, path)
            _check_arrays(document.outputs, circuit, found)
            _check_device(document, circuit, found)
        _check_precision(document, circuit, path)
        _check_flow(document.outputs, circuit, found)
    _check_size(document, scans)


def _check_parameters(circuit: CircuitRun, found: Scan, path: str) -> None:
    """Of OpenQASM and QPY the scanner knows all inputs; of Cirq's JSON the runner tells."""
    if circuit.format == "openqasm2" and circuit.parameters:
        raise invalid(
            f"{path}.parameters: {_listed(list(circuit.parameters))}, and OpenQASM 2 has no parameters. "
            "Write the program in OpenQASM 3 with `input float theta;`."
        )
    if circuit.format not in _COUNTED:
        return
    given = {in_openqasm(name) for name in circuit.parameters}
    known = {in_openqasm(name) for name in found.inputs}
    missing = [name for name in found.inputs if name in found.used_inputs and in_openqasm(name) not in given]
    unknown = [name for name in circuit.parameters if in_openqasm(name) not in known]
    if missing:
        raise invalid(
            f"{path}.parameters: no column for {_listed(missing)}, which circuit {circuit.name!r} takes. "
            "Give a column of values for each."
        )
    if unknown:
        inputs = _listed(found.inputs) if found.inputs else "none"
        raise invalid(
            f"{path}.parameters: {_listed(unknown)} is no input of circuit {circuit.name!r}; it has {inputs}. "
            "Remove the column, or use the program's own name (OpenQASM 3: `input float theta;`)."
        )
    if len(given) != len(circuit.parameters):
        raise invalid(
            f"{path}.parameters: one of {_listed(found.inputs)} has two columns, as name[0] and as _name_0_. "
            "Remove one of them."
        )


def in_openqasm(name: str) -> str:
    """A parameter's name as Qiskit exports it: `theta[0]`, an element of a vector, becomes `_theta_0_`."""
    element = _ELEMENT.fullmatch(name)
    return f"_{element[1]}_{element[2]}_" if element else name


def _check_labels(circuit: CircuitRun, found: Scan, path: str) -> None:
    for index, observable in enumerate(circuit.observables):
        label = next((label for label in observable.terms if len(label) != found.qubits), None)
        if label is not None:
            raise invalid(
                f"{path}.observables[{index}].terms: {label[:40]} has {len(label)} letters, circuit {circuit.name!r} "
                f"has {found.qubits} qubits. Give one letter for each qubit, the highest leftmost."
            )


def _check_device(document: RunDocument, circuit: CircuitRun, found: Scan) -> None:
    name = None if document.noise is None else document.noise.device
    if name is None:
        return
    qubits = devices.snapshot(name).qubits
    if found.qubits > qubits:
        raise invalid(
            f"spec.noise.device: {name} has {qubits} qubits, circuit {circuit.name!r} has {found.qubits}. Choose a "
            "larger device, or use fewer qubits."
        )
    layout = None if document.transpile is None else document.transpile.initial_layout
    if layout is not None and len(layout) != found.qubits:
        raise invalid(
            f"spec.transpile.initialLayout: {len(layout)} qubits, circuit {circuit.name!r} has {found.qubits}. Give "
            "one physical qubit for each, in order of declaration."
        )


def _check_arrays(outputs: Sequence[str], circuit: CircuitRun, found: Scan) -> None:
    if "statevector" in outputs and found.qubits > MAX_STATEVECTOR_QUBITS:
        raise invalid(
            f"spec.outputs: statevector of circuit {circuit.name!r} has 2^{found.qubits} amplitudes, "
            f"2^{MAX_STATEVECTOR_QUBITS} are possible. Ask for counts or expectation, or use fewer qubits."
        )
    bits = _outcome_bits(found)
    if "probabilities" in outputs and bits > MAX_PROBABILITY_BITS:
        raise invalid(
            f"spec.outputs: probabilities of circuit {circuit.name!r} are 2^{bits}, 2^{MAX_PROBABILITY_BITS} are "
            "possible. Ask for counts, or measure fewer qubits into fewer bits."
        )


def _outcome_bits(found: Scan) -> int:
    return found.classical_bits if found.measured else found.qubits


def _check_precision(document: RunDocument, circuit: CircuitRun, path: str) -> None:
    """Whatever is measured together: the part with the largest coefficient alone takes so many shots."""
    if document.precision is None:
        return
    for index, observable in enumerate(circuit.observables):
        sizes = [abs(float(text)) for label, text in observable.terms.items() if set(label) != {"I"}]
        if not sizes:
            continue
        error = float(document.precision)
        shots = max(sizes) / error * (sum(sizes) / error)
        if shots > MAX_SHOTS:
            raise invalid(
                f"spec.precision: {document.precision} takes {shots:.2g} shots for {path}.observables[{index}], "
                f"{MAX_SHOTS} are possible. Ask for a larger standard error, or on a noiseless simulator leave "
                "precision out."
            )


def _check_flow(outputs: Sequence[str], circuit: CircuitRun, found: Scan) -> None:
    wanted = [output for output in ("statevector", "probabilities", "expectation") if output in outputs]
    if wanted == ["expectation"] and not circuit.observables:
        return
    if wanted and found.feed_forward:
        raise Refused(
            Reason.UNSUPPORTED_CONSTRUCT,
            f"spec.outputs: {', '.join(wanted)} need one state before the final measurements, and circuit "
            f"{circuit.name!r} acts on measured values. Ask for counts or memory.",
        )


def _check_size(document: RunDocument, scans: Mapping[str, Scan]) -> None:
    """Arrays do not shrink as counts do: what they take in a shard's result is known."""
    total = 0
    for circuit in document.circuits:
        found = scans[circuit.name]
        if circuit.format in _COUNTED:
            each = 16 * 2**found.qubits if "statevector" in document.outputs else 0
            each += 8 * 2 ** _outcome_bits(found) if "probabilities" in document.outputs else 0
            total += circuit.parameter_sets * each * 4 // 3  # base64
    size = total // shards.count(document)
    most = MAX_DOCUMENT_BYTES if document.claim is None else MAX_FILE_BYTES
    if size > most:
        asked = " and ".join(name for name in _ARRAYS if name in document.outputs)
        raise invalid(
            f"spec.outputs: {asked} of all rows take {size // 2**20} MiB, a result carries "
            f"{most // 2**20}. Split the job, {'or ' if document.claim else 'name a volume in spec.results, or '}"
            "ask for counts or expectation."
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
