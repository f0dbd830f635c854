"""A device of IBM as IBM tells it, as a snapshot, and the snapshot as what Qiskit's transpiler compiles for."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from qiskit import transpiler
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from qiskit_ibm_runtime.utils.backend_decoder import configuration_from_server_data, properties_from_server_data

from qee.api.reasons import Reason
from qee.connectors.protocol import Target
from qee.connectors.vendors.ibm.payload import MAX_EXECUTIONS
from qee.sdk.errors import RunnerError

# What the transpiler looks at. Configuration and properties of 156 qubits are 600 KB, much of it about pulses.
_CONFIGURATION = (
    "backend_name",
    "backend_version",
    "n_qubits",
    "basis_gates",
    "gates",
    "local",
    "simulator",
    "conditional",
    "open_pulse",
    "memory",
    "coupling_map",
    "supported_instructions",
    "dt",
    "timing_constraints",
    "online_date",
)
_QUBIT = ("T1", "T2", "readout_error", "readout_length", "operational")


def snapshot(configuration: Mapping[str, Any], properties: Mapping[str, Any], program: str) -> bytes:
    """Of the service's answers. The same answers give the same bytes. `program`: the backend's option."""
    kept: dict[str, Any] = {name: configuration[name] for name in _CONFIGURATION if name in configuration}
    value: dict[str, Any] = {"configuration": kept, "program": program}
    if properties:
        value["properties"] = {
            "backend_name": properties["backend_name"],
            "backend_version": properties["backend_version"],
            "last_update_date": properties["last_update_date"],
            "qubits": [[each for each in qubit if each["name"] in _QUBIT] for qubit in properties["qubits"]],
            "gates": properties["gates"],
            "general": [],
        }
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class Device:
    """A snapshot, read. Raises RunnerError where the SDK cannot."""

    def __init__(self, data: bytes) -> None:
        try:
            value = json.loads(data)
            configuration = configuration_from_server_data(value["configuration"])
            properties = properties_from_server_data(value["properties"]) if "properties" in value else None
            # Gates with angles in hardware exclude feed-forward and have bounds on the angles: the SDK's default, too.
            self.target: transpiler.Target = convert_to_target(
                configuration, properties, include_fractional_gates=False
            )
        except Exception as error:
            raise RunnerError(
                Reason.RUNNER_FAILED,
                "the backend's snapshot cannot be read; connector and compiler must be of the same version of QEE",
            ) from error
        self.name: str = configuration.backend_name
        self.qubits: int = configuration.n_qubits
        self.simulated: bool = configuration.simulator
        self.program: str = value.get("program", "primitives")
        self.gates: frozenset[str] = frozenset(self.target.operation_names)

    @property
    def dynamic(self) -> bool:
        """Whether it measures in mid-circuit and acts on what was measured."""
        return "if_else" in self.gates


def described(
    configuration: Mapping[str, Any], properties: Mapping[str, Any], status: Mapping[str, Any], program: str
) -> Target:
    """Of three answers of the service. Raises ValueError, KeyError or TypeError for what it cannot read.

    The configuration's max_shots is no limit any more: IBM's guide "Job limits".
    """
    data = snapshot(configuration, properties, program)
    try:
        device = Device(data)
    except RunnerError as error:
        raise ValueError("configuration or properties") from error
    return Target(
        operational=bool(status["operational"]),
        message=str(status["status_msg"])[:200],
        qubits=device.qubits,
        basis_gates=tuple(sorted(device.gates & set(configuration["basis_gates"]))),
        snapshot=data,
        simulated=device.simulated,
        queue_length=int(status["pending_jobs"]),
        calibration_time=_moment(properties["last_update_date"]) if properties else None,
        max_shots=MAX_EXECUTIONS,
    )


def _moment(text: str) -> str | None:
    """RFC 3339 in UTC, whole seconds. The service writes `2026-11-20T09:15:31-05:00`, older data `-0500`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
