"""Bytes that a shard's results and parameters take in the runner, beside the state.

Every result is held until the last row has run; then all of them become one document. The constants are of CPython
3.11: an outcome counted is a key, a string and a number in two tables, and text in the document.
"""

from collections.abc import Mapping

from qee.circuits import Scan
from qee.documents import shards
from qee.documents.run import CircuitRun, RunDocument

OUTCOME = 320  # of counts, joined and per register: 260 measured with 210,000 outcomes; and six copies of its key
SHOT = 170  # of memory: 223 measured with 4,000,000 keys of 20 bits, a document of 92 MB; and four copies of its key
RESULT = 4096  # an execution, its result, its place in the document
VALUE = 256  # of a parameter: text, number, text again
TURNED = 2048  # an operation of a circuit that was compiled
COPIES = 6  # of an array: itself, its bytes, base64, and that in a document twice


def footprint(document: RunDocument, found: Mapping[str, Scan]) -> int:
    """Of one shard; `found` has what the scanner says of each circuit, by its name."""
    results = sum(_circuit(circuit, document.outputs, found[circuit.name]) for circuit in document.circuits)
    turned = 0
    if document.precision is not None or document.noise is not None:
        turned = sum(_turned(circuit, found[circuit.name]) for circuit in document.circuits)
    return results // shards.count(document) + turned


def _turned(circuit: CircuitRun, found: Scan) -> int:
    """Copies of the circuit, one for each group of terms that is measured together; at most one for each term."""
    labels = {label for observable in circuit.observables for label in observable.terms}
    return TURNED * len(labels) * (found.operations + 3 * found.qubits)


def _circuit(circuit: CircuitRun, outputs: tuple[str, ...], found: Scan) -> int:
    bits = found.classical_bits if found.measured else found.qubits
    each = RESULT + VALUE * len(circuit.parameters)
    if "counts" in outputs:
        each += (OUTCOME + 6 * bits) * min(circuit.shots, 2 ** min(bits, 62))
    if "memory" in outputs:
        each += circuit.shots * (SHOT + 4 * bits)
    if "probabilities" in outputs:
        each += COPIES * 8 * 2 ** min(bits, 62)
    if "statevector" in outputs:
        each += COPIES * 16 * 2 ** min(found.qubits, 62)
    return each * circuit.parameter_sets
