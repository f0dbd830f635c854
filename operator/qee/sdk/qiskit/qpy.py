"""QPY, Qiskit's binary circuit format, into a Qiskit circuit.

Everything in the file is looked at before Qiskit sees it, by the operator's rules: the file may come from elsewhere.
"""

import base64
import binascii
import io
import json
import warnings
from typing import Any

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ClassicalRegister, ControlFlowOp, ControlledGate, Gate, Instruction, SwitchCaseOp
from qiskit.circuit.classical import expr
from qiskit.circuit.controlflow import condition_resources, node_resources

from qee.circuits import ScanError
from qee.circuits.qpy.circuit import check
from qee.documents.result import Register
from qee.sdk.errors import RunnerError, unsupported_construct
from qee.sdk.explain import invalid

_GENERIC = (Gate, Instruction, ControlledGate)


class _NoMetadata(json.JSONDecoder):
    """Metadata says nothing to a simulator, and deep JSON would cost Python its stack."""

    def decode(self, s: str, *_: Any) -> Any:
        return {}


def load_qpy(source: str) -> tuple[QuantumCircuit, tuple[Register, ...]]:
    """The circuit and its classical registers in the order of its bits; `source` is base64.

    Raises RunnerError.
    """
    try:
        data = base64.b64decode(source, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("this is no base64 of a QPY file") from error
    try:
        check(data)
    except ScanError as error:
        raise RunnerError(error.reason, error.message) from error
    circuit = _inlined(_loaded(data))
    return circuit, _registers(circuit)


def _loaded(data: bytes) -> QuantumCircuit:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on a newer Qiskit that wrote it, and on conditions of Qiskit 1
            (circuit,) = qpy.load(io.BytesIO(data), metadata_deserializer=_NoMetadata)
            if not isinstance(circuit, QuantumCircuit):
                raise invalid("the QPY file holds no QuantumCircuit")
            return _told_apart(circuit, [])
    except (MemoryError, RecursionError, RunnerError):
        raise
    except BaseException as error:  # Qiskit's reader raises what its Rust part panics with, too
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise invalid("Qiskit cannot read this QPY file: it is broken; write it again with qiskit.qpy.dump") from error


def _inlined(circuit: QuantumCircuit) -> QuantumCircuit:
    """Instructions that are made of others and are no gates, written out: they may measure and reset, and whoever looks
    for that looks at the circuit itself. Their size was bounded before.
    """
    while names := {each.operation.name for each in circuit.data if _is_composite(each.operation)}:
        circuit = circuit.decompose(sorted(names))
    return circuit


def _is_composite(operation: Any) -> bool:
    simple = isinstance(operation, Gate | ControlFlowOp) or operation.name == "initialize"
    return not simple and operation.definition is not None


def _told_apart(circuit: QuantumCircuit, done: list[Any], wires: dict[Any, Any] | None = None) -> QuantumCircuit:
    """Names of the file's own instructions become ones that no gate has: Aer would run `h` as Hadamard's gate.

    A circuit of its own: Qiskit panics where an operation in a copied block is replaced in place. `wires`: inside of a
    block, the outermost circuit's bit for each classical bit.
    """
    changed = circuit.copy_empty_like()
    for each in circuit.data:
        operation = each.operation
        if isinstance(operation, ControlFlowOp):
            _refuse_rewired(operation, wires)
            on = [bit if wires is None else wires[bit] for bit in each.clbits]
            blocks = [_told_apart(block, done, dict(zip(block.clbits, on, strict=True))) for block in operation.blocks]
            operation = operation.replace_blocks(blocks)
        elif type(operation) in _GENERIC:
            operation = _renamed(operation, done)
        changed.append(operation, each.qubits, each.clbits, copy=False)
    return changed


def _refuse_rewired(operation: ControlFlowOp, wires: dict[Any, Any] | None) -> None:
    """Aer, and Qiskit's exporters, take the bits of a condition inside of a block for the outermost circuit's."""
    if wires is None:
        return
    if isinstance(operation, SwitchCaseOp):
        read = node_resources(expr.lift(operation.target))
    elif getattr(operation, "condition", None) is None:
        return
    else:
        read = condition_resources(operation.condition)
    if any(wires.get(bit) != bit for bit in (*read.clbits, *(bit for register in read.cregs for bit in register))):
        raise unsupported_construct(
            "QPY with a condition inside of a block whose classical bits are not the circuit's own is not run; build "
            "the block by circuit.if_test and the like, or of the circuit's own bits in place"
        )


def _renamed(operation: Any, done: list[Any]) -> Any:
    if operation.definition is None:
        raise unsupported_construct("QPY with an instruction that has no definition is not run; define it")
    definition = _told_apart(operation.definition, done)
    name, parameters = f"qpy{len(done)}_{operation.name}", list(operation.params)
    renamed = (
        Gate(name, operation.num_qubits, parameters)
        if isinstance(operation, Gate)
        else Instruction(name, operation.num_qubits, operation.num_clbits, parameters)
    )
    renamed.definition = definition
    done.append(renamed)
    return renamed


def _registers(circuit: QuantumCircuit) -> tuple[Register, ...]:
    """Classical registers in the order of the circuit's bits; loose bits next to each other are a register `bits`.

    Raises RunnerError where a bit is in two registers, or a register's bits are not next to each other in order.
    """
    owner: dict[int, ClassicalRegister] = {}
    position = {bit: index for index, bit in enumerate(circuit.clbits)}
    for register in circuit.cregs:
        indices = [position[bit] for bit in register]
        if indices and (indices != list(range(indices[0], indices[0] + len(indices))) or owner.keys() & set(indices)):
            raise unsupported_construct(
                "registers that share classical bits, or have them in another order than the circuit, are not run; "
                "give each bit one register"
            )
        owner.update(dict.fromkeys(indices, register))
    taken = {register.name for register in circuit.cregs}
    sizes: dict[str, int] = {}
    name = ""
    for index in range(circuit.num_clbits):
        if index in owner:
            name = owner[index].name
        elif index == 0 or index - 1 in owner:
            name = _fresh(taken)
        sizes[name] = sizes.get(name, 0) + 1
    return tuple(Register(each, size) for each, size in sizes.items())


def _fresh(taken: set[str]) -> str:
    """`bits`, or `bits1` and so on where that is taken."""
    name = next(name for name in ("bits", *(f"bits{n}" for n in range(1, len(taken) + 1))) if name not in taken)
    taken.add(name)
    return name
