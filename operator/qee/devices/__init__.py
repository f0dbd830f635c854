"""Snapshots of named devices: gates, coupling, errors and times at one calibration, as noise models need them.

They are files of this package, made at build time by `qee.devices.generate`: no provider's SDK is imported at run time.
Standard library only: the operator refuses unknown names by it, and the runner reads it before it builds a model.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"


class UnknownDeviceError(LookupError):
    """No snapshot has this name; the message lists those there are."""


@dataclass(frozen=True)
class Gate:
    """One gate on certain qubits: `error` is 1 minus the average gate fidelity, 0 to 1; `duration` is in ns."""

    error: float
    duration: float


@dataclass(frozen=True)
class Device:
    """A device at one calibration.

    `t1` and `t2` are in microseconds, by qubit. `readout` has for each qubit p(0|1) and p(1|0): the probability to read
    0 where 1 was prepared, and 1 where 0 was. `gates` maps each gate of the basis to its qubits, in the gate's order.
    A gate on two qubits that are not listed cannot be applied. `calibration_time` is RFC 3339 in UTC. `source` tells
    the package that the figures were taken from, its version and its licence.
    """

    name: str
    qubits: int
    calibration_time: str
    basis_gates: tuple[str, ...]
    gates: Mapping[str, Mapping[tuple[int, ...], Gate]]
    t1: tuple[float, ...]
    t2: tuple[float, ...]
    readout: tuple[tuple[float, float], ...]
    source: Mapping[str, str]

    @property
    def coupling(self) -> tuple[tuple[int, int], ...]:
        """Pairs of qubits with a two-qubit gate, in the gate's order."""
        pairs = {qubits for table in self.gates.values() for qubits in table if len(qubits) == 2}
        return tuple(sorted((pair[0], pair[1]) for pair in pairs))


def names() -> tuple[str, ...]:
    """The devices there are, in alphabetical order."""
    return tuple(sorted(path.stem for path in _DATA.glob("*.json")))


@cache
def snapshot(name: str) -> Device:
    """The device of this name. Raises UnknownDeviceError."""
    if name not in names():
        raise UnknownDeviceError(f"device {name[:63]!r} is not known; known are {', '.join(names())}")
    return _device(json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8")))


def _device(data: Mapping[str, Any]) -> Device:
    return Device(
        name=data["name"],
        qubits=data["qubits"],
        calibration_time=data["calibrationTime"],
        basis_gates=tuple(data["gates"]),
        gates={
            gate: {tuple(row[:-2]): Gate(error=row[-2], duration=row[-1]) for row in rows}
            for gate, rows in data["gates"].items()
        },
        t1=tuple(data["t1"]),
        t2=tuple(data["t2"]),
        readout=tuple((zero_for_one, one_for_zero) for zero_for_one, one_for_zero in data["readout"]),
        source=data["source"],
    )
