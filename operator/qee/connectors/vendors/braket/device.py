"""A Braket device as GetDevice tells it, and the snapshot that circuits are compiled for. Standard library only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qee.connectors.protocol import Rejected, Target, Unreachable

KEY_TAG = "qee-key"
_PROGRAM = "braket.ir.openqasm.program"
_VERSION = 1

GATES: Mapping[str, str] = {
    **{"id": "i", "x": "x", "y": "y", "z": "z", "h": "h", "s": "s", "sdg": "si", "t": "t", "tdg": "ti"},
    **{"sx": "v", "sxdg": "vi", "rx": "rx", "ry": "ry", "rz": "rz", "p": "phaseshift", "r": "prx"},
    **{"cx": "cnot", "cy": "cy", "cz": "cz", "cp": "cphaseshift", "swap": "swap", "iswap": "iswap"},
    **{"rxx": "xx", "ryy": "yy", "rzz": "zz"},
}
"""Braket's names of Qiskit's gates: the same matrices, with the same parameters and order of qubits."""


@dataclass(frozen=True)
class Device:
    """`operations` and `native`: Braket's names of gates, those of the service and those of the device itself.

    `edges`: the pairs of qubits that a native gate acts on, `A-B`; empty: all of them. `verbatim`: it takes programs
    that are not compiled further.
    """

    arn: str
    qubits: int
    shots: tuple[int, int]
    simulated: bool
    operations: tuple[str, ...]
    native: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    verbatim: bool = False

    @property
    def basis(self) -> tuple[str, ...]:
        """Qiskit's names of the gates that the service takes."""
        return tuple(name for name, own in GATES.items() if own in self.operations)

    def snapshot(self) -> bytes:
        value = {"version": _VERSION, **vars(self)}
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def from_snapshot(data: bytes) -> Device | None:
    """None: it is not of this version of the adapter."""
    try:
        value: dict[str, Any] = json.loads(data)
        if value.pop("version") != _VERSION:
            return None
        read: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in value.items()}
        return Device(**read)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def target(found: Mapping[str, Any]) -> Target:
    """Of GetDevice's answer."""
    try:
        device = _device(found)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise Unreachable("describe: what Amazon Braket tells of the device is not of a form that QEE reads") from None
    status = str(found["deviceStatus"])
    return Target(
        operational=status == "ONLINE",
        message=status,
        qubits=device.qubits,
        basis_gates=device.basis,
        snapshot=device.snapshot(),
        simulated=device.simulated,
        queue_length=_queue(found.get("deviceQueueInfo") or ()),
        max_shots=device.shots[1],
    )


def _device(found: Mapping[str, Any]) -> Device:
    told = found["deviceCapabilities"]
    capabilities = json.loads(told) if isinstance(told, str) else told
    action = capabilities["action"].get(_PROGRAM)
    if action is None:
        raise Rejected("spec.device: the device takes no OpenQASM programs; name a gate-based one")
    paradigm, (least, most) = capabilities["paradigm"], capabilities["service"]["shotsRange"]
    connectivity = paradigm.get("connectivity") or {"fullyConnected": True}
    graph = {} if connectivity["fullyConnected"] else connectivity["connectivityGraph"]
    native = tuple(sorted(str(name).lower() for name in paradigm.get("nativeGateSet") or ()))
    pragmas = action.get("supportedPragmas") or ()
    return Device(
        arn=str(found["deviceArn"]),
        qubits=int(paradigm["qubitCount"]),
        shots=(max(1, int(least)), int(most)),  # 0 shots, exact results of simulators, are not counts
        simulated=found["deviceType"] == "SIMULATOR",
        operations=tuple(sorted(str(name).lower() for name in action["supportedOperations"])),
        native=native,
        edges=tuple(sorted({f"{one}-{other}" for one, others in graph.items() for other in others})),
        verbatim=bool(native and action.get("supportPhysicalQubits") and "verbatim" in pragmas),
    )


def _queue(queues: Any) -> int | None:
    """Tasks that wait in the normal queue; AWS writes many as `>4000`."""
    for each in queues:
        if each.get("queue") == "QUANTUM_TASKS_QUEUE" and each.get("queuePriority", "Normal") == "Normal":
            return position(each.get("queueSize"))
    return None


def position(text: Any) -> int | None:
    digits = str(text or "").lstrip(">")
    return int(digits) if digits.isascii() and digits.isdecimal() else None
