"""What IBM tells of a device, as a Target."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from qee.connectors.protocol import Target
from qee.connectors.vendors.ibm.payload import MAX_EXECUTIONS
from qee.connectors.vendors.ibm.target import Device, snapshot
from qee.sdk.errors import RunnerError


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
