"""What the stand-in for IBM's devices gives for circuits: simulated without noise, in the form of IBM's results."""

import json
from typing import Any

import numpy as np
from ibm_quantum_schemas.common import CompressedTensorModel
from ibm_quantum_schemas.executor.version_2_0 import (
    ItemMetadataModel,
    MetadataModel,
    ParamsModel,
    QuantumProgramResultItemModel,
    QuantumProgramResultModel,
)
from qiskit import QuantumCircuit
from qiskit.circuit import IfElseOp
from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit.primitives.containers import BitArray, DataBin, PubResult, SamplerPubResult
from qiskit.quantum_info import SparsePauliOp, Statevector


def sampled(pub: list[Any], seed: int) -> SamplerPubResult:
    circuit, values, shots = pub
    table = np.asarray(values, dtype=float)
    found = _measured(circuit, table, shots, seed)
    arrays = {name: BitArray.from_bool_array(bits, order="little") for name, bits in found.items()}
    return SamplerPubResult(DataBin(**arrays, shape=table.shape[:-1]), {"circuit_metadata": {}})


def executed(params: dict[str, Any], seed: int, cut: int | None) -> str:
    """QuantumProgramResultModel of ibm_quantum_schemas.executor.version_2_0."""
    program = ParamsModel.model_validate_json(json.dumps(params)).quantum_program
    data = []
    for number, (circuit, item) in enumerate(zip(program.circuits.to_python(), program.items, strict=True)):
        found = _measured(circuit, item.circuit_arguments.to_numpy(), program.shots, seed + number)
        tensors = {name: CompressedTensorModel.from_numpy(bits) for name, bits in found.items()}
        data.append(QuantumProgramResultItemModel(results=tensors, metadata=ItemMetadataModel()))
    metadata = MetadataModel(chunk_timing=[])
    made = QuantumProgramResultModel(
        data=data[:cut],
        metadata=metadata,
        passthrough_data=program.passthrough_data,
        semantic_role=program.semantic_role,
    )
    return made.model_dump_json()


def _measured(circuit: QuantumCircuit, table: np.ndarray, shots: int, seed: int) -> dict[str, np.ndarray]:
    """By register: bits with the axes of the parameter sets, the shots, and the register's bits."""
    shape = table.shape[:-1]
    rows = table.reshape((-1, circuit.num_parameters)) if circuit.num_parameters else [()]
    random = np.random.default_rng(seed)
    found: dict[str, list[np.ndarray]] = {register.name: [] for register in circuit.cregs}
    for row in rows:
        bits = _shots(circuit.assign_parameters(row) if circuit.num_parameters else circuit, shots, random)
        places = {bit: index for index, bit in enumerate(circuit.clbits)}
        for register in circuit.cregs:
            found[register.name].append(bits[:, [places[bit] for bit in register]])
    return {name: np.array(each).reshape((*shape, *each[0].shape)) for name, each in found.items()}


def _shots(circuit: QuantumCircuit, shots: int, random: np.random.Generator) -> np.ndarray:
    """A row of classical bits for each shot."""
    small, _ = _active(circuit)
    if _is_static(small):
        flat = QuantumCircuit(small.num_qubits, small.num_clbits)
        flat.compose(small, range(small.num_qubits), range(small.num_clbits), inplace=True)
        data = StatevectorSampler(seed=random).run([(flat,)], shots=shots).result()[0].data
        return np.asarray(data["c"].to_bool_array(order="little"))
    return np.array([_trajectory(small, random) for _ in range(shots)])


def _trajectory(circuit: QuantumCircuit, random: np.random.Generator) -> np.ndarray:
    """One shot of a circuit that measures in mid-circuit, resets, or acts on single bits."""
    state = Statevector.from_int(0, 2**circuit.num_qubits)
    state.seed(random)
    bits = np.zeros(circuit.num_clbits, dtype=bool)
    qubit = {each: index for index, each in enumerate(circuit.qubits)}
    clbit = {each: index for index, each in enumerate(circuit.clbits)}

    def run(body: QuantumCircuit, qubits: dict[Any, int], clbits: dict[Any, int]) -> None:
        nonlocal state
        for each in body.data:
            where = [qubits[one] for one in each.qubits]
            if each.operation.name == "measure":
                outcome, state = state.measure(where)
                bits[clbits[each.clbits[0]]] = outcome == "1"
            elif each.operation.name == "reset":
                state = state.reset(where)
            elif isinstance(each.operation, IfElseOp):
                subject, wanted = each.operation.condition
                held = [subject] if subject in clbit else list(subject)
                value = sum(int(bits[clbit[one]]) << index for index, one in enumerate(held))
                chosen = each.operation.blocks[0 if value == int(wanted) else 1 :][:1]
                for block in chosen:
                    inner = [clbits[one] for one in each.clbits]
                    run(block, dict(zip(block.qubits, where, strict=True)), dict(zip(block.clbits, inner, strict=True)))
            elif each.operation.name not in ("barrier", "delay"):
                state = state.evolve(each.operation, where)

    run(circuit, qubit, clbit)
    return bits


def estimated(pub: list[Any], seed: int) -> Any:
    circuit, observables, values, precision = pub
    operators = [SparsePauliOp.from_list(list(each.items())) for each in observables]
    used = {q for each in operators for q, kept in enumerate((each.paulis.x | each.paulis.z).any(axis=0)) if kept}
    small, kept = _active(circuit, used)
    labels = [
        [("".join(reversed([label[::-1][q] for q in kept])), c) for label, c in each.to_list()] for each in operators
    ]
    reduced = [SparsePauliOp.from_list(each) for each in labels]
    table = np.asarray(values, dtype=float)
    pub = (small, reduced, table) if circuit.num_parameters else (small, reduced)
    data = StatevectorEstimator(seed=seed).run([pub], precision=precision).result()[0].data
    errors = np.full_like(data["evs"], precision)  # Qiskit's own leaves them at 0; IBM's gives them
    return PubResult(DataBin(evs=data["evs"], stds=errors, shape=data.shape))


def _active(circuit: QuantumCircuit, also: set[int] = frozenset()) -> tuple[QuantumCircuit, list[int]]:  # type: ignore[assignment]
    """The circuit on the qubits that do something, and which those are."""
    place = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    busy = {place[q] for each in circuit.data if each.operation.name not in ("barrier", "delay") for q in each.qubits}
    kept = sorted(busy | set(also)) or [0]
    small = QuantumCircuit([circuit.qubits[index] for index in kept], circuit.clbits, *circuit.cregs)
    for each in circuit.data:
        if each.operation.name not in ("barrier", "delay"):
            small.append(each)
    return small, kept


def _is_static(circuit: QuantumCircuit) -> bool:
    """Whether measurements come last on their qubits."""
    over: set[Any] = set()
    for each in circuit.data:
        if over.intersection(each.qubits) or each.operation.name in ("reset", "if_else"):
            return False
        if each.operation.name == "measure":
            over.update(each.qubits)
    return True
