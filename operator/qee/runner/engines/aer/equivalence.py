"""spec.transpile.verifyEquivalence: MQT QCEC compares what was read with what was compiled.

Burgholzer and Wille, "Advanced Equivalence Checking for Quantum Circuits", IEEE TCAD 40, 1810 (2021). It knows the
layout that Qiskit's transpiler leaves on a circuit, and circuits with parameters.
"""

from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp

from qee.api.reasons import Reason
from qee.sdk.errors import RunnerError

MAX_QUBITS = 20  # of the source; decision diagrams of larger circuits may take all memory
_SECONDS = 60.0  # of one check
_NOT_CHECKED = "not_checked"
# Several checkers side by side answer differently from run to run, and may contradict each other. This one is exact.
_ALTERNATING = {
    "parallel": False,
    "run_alternating_checker": True,
    "run_construction_checker": False,
    "run_simulation_checker": False,
    "run_zx_checker": False,
}
_FOUND = {
    "equivalent": "equivalent",
    "equivalent_up_to_global_phase": "equivalent_up_to_global_phase",
    "probably_equivalent": "probably_equivalent",
    "no_information": _NOT_CHECKED,
}


def verified(source: QuantumCircuit, compiled: QuantumCircuit) -> str:
    """One of EQUIVALENCES; `compiled` carries its layout. Raises RunnerError where the circuits differ, or where MQT
    QCEC is not installed.

    Dynamic circuits, those of more than MAX_QUBITS qubits, and those for which a minute is too short are not checked.
    """
    if source.num_qubits > MAX_QUBITS or _is_dynamic(source):
        return _NOT_CHECKED
    try:
        from mqt.qcec import verify
    except ModuleNotFoundError as error:
        raise RunnerError(
            Reason.NOT_IN_THIS_BUILD,
            "transpile.verifyEquivalence: MQT QCEC is not installed here; pip install 'qee[aer]', or leave it out",
        ) from error
    exact = {} if source.parameters else _ALTERNATING
    found = verify(source, compiled, timeout=_SECONDS, **exact).equivalence.name
    if found in _FOUND:
        return _FOUND[found]
    raise RunnerError(
        Reason.RUNNER_FAILED,
        "transpile.verifyEquivalence: the compiled circuit does not do what the given one does; set "
        "transpile.optimizationLevel: 0, and please report it with the circuit",
    )


def _is_dynamic(circuit: QuantumCircuit) -> bool:
    """Whether anything depends on a measurement, or a measured qubit is used again."""
    over: set[object] = set()
    for each in circuit.data:
        if isinstance(each.operation, ControlFlowOp) or each.operation.name == "reset":
            return True
        if each.operation.name != "barrier" and over.intersection([*each.qubits, *each.clbits]):
            return True
        if each.operation.name == "measure":
            over.update([*each.qubits, *each.clbits])
    return False
