"""Writes the snapshots anew from Qiskit Runtime's fake backends: `python -m qee.devices.generate`.

Needs qiskit-ibm-runtime, which is no dependency of QEE: install it into an environment of its own, and run this with
operator/ on PYTHONPATH. Results of jobs with noise change with the snapshots; what changed goes into the change log.
"""

import json
import sys
from datetime import UTC
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGE = "qiskit-ibm-runtime"
_BACKENDS = ("FakeManilaV2", "FakePerth", "FakeGuadalupeV2", "FakeMontrealV2", "FakeBrisbane")
_DATA = Path(__file__).parent / "data"
_DIGITS = 6  # significant ones: calibrations know no more
_BROKEN = 1.0  # the error reported of a gate that cannot be used


def main() -> int:
    try:
        from qiskit_ibm_runtime import fake_provider
    except ModuleNotFoundError:
        sys.stderr.write(f"{_PACKAGE} is missing: pip install {_PACKAGE} in an environment of its own\n")
        return 1
    _DATA.mkdir(exist_ok=True)
    for backend in _BACKENDS:
        data = _snapshot(getattr(fake_provider, backend)())
        (_DATA / f"{data['name']}.json").write_text(_as_text(data), encoding="utf-8")
    return 0


def _snapshot(backend: Any) -> dict[str, Any]:
    target, properties = backend.target, backend.properties()
    qubits = range(target.num_qubits)
    return {
        "name": backend.name,
        "qubits": target.num_qubits,
        "calibrationTime": properties.last_update_date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": {
            "package": _PACKAGE,
            "version": version(_PACKAGE),
            "backend": f"{type(backend).__name__} {backend.backend_version}",
            "licence": "Apache-2.0, Copyright IBM",
        },
        "t1": [_rounded(properties.t1(qubit) * 1e6) for qubit in qubits],
        "t2": [_rounded(properties.t2(qubit) * 1e6) for qubit in qubits],
        "readout": [
            [_rounded(properties.qubit_property(qubit, name)[0]) for name in ("prob_meas0_prep1", "prob_meas1_prep0")]
            for qubit in qubits
        ],
        "gates": {
            name: rows
            for name in sorted(target.operation_names)
            if _is_gate(target, name) and (rows := _rows(target[name]))
        },
    }


def _is_gate(target: Any, name: str) -> bool:
    return name not in ("measure", "reset", "delay") and None not in target[name]  # control flow is on any qubits


def _rows(table: Any) -> list[list[float]]:
    """The qubits, the error, and the duration in ns of each place where the gate can be applied."""
    return [
        [*qubits, _rounded(found.error), _rounded(found.duration * 1e9)]
        for qubits, found in sorted(table.items())
        if found.error < _BROKEN
    ]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _as_text(data: dict[str, Any]) -> str:
    """A line for each field and gate: differences between two calibrations can be read."""
    gates = ",\n  ".join(f"{json.dumps(name)}: {_compact(rows)}" for name, rows in data["gates"].items())
    lines = [f"{json.dumps(name)}: {_compact(value)}" for name, value in data.items() if name != "gates"]
    return "{\n" + ",\n".join([*lines, f'"gates": {{\n  {gates}\n}}']) + "\n}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    sys.exit(main())
