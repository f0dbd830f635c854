"""What a connector tells of its device: the QuantumBackend's status, refreshed, written only where it has changed."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qee.api.fields import MAX_PACKED
from qee.api.messages import one_line
from qee.connectors import figures
from qee.connectors.client import WorkerClient
from qee.connectors.protocol import Connector, ProviderError, Target
from qee.connectors.task_end import Device
from qee.core import times
from qee.documents.packing import pack
from qee.kube.port import Object, Port
from qee.kube.resources import BACKENDS

logger = logging.getLogger(__name__)
CONTACT_SECONDS = 300.0  # lastContact is written no more often
REACHABLE, READY = "Reachable", "Ready"


@dataclass
class Seen:
    """What the provider last said of the device."""

    target: Target | None = None
    problem: str = ""


class BackendReporter:
    """Keeps one QuantumBackend's status. Raises `ApiError`."""

    def __init__(
        self, port: Port, client: WorkerClient, adapter: type[Connector], clock: Callable[[], datetime]
    ) -> None:
        self._port = port
        self._client = client
        self._adapter = adapter
        self._clock = clock
        self._device = ""
        self.seen = Seen()

    def device(self) -> Device:
        target = self.seen.target
        return Device(self._device, target.calibration_time if target else None)

    async def refresh(self, name: str) -> None:
        """One look at the device, and what is new of it into the status."""
        live = await self._port.get(BACKENDS, None, name)
        self._device = str(live["spec"].get("device") or "")
        try:
            self.seen = Seen(await self._client.describe())
        except ProviderError as error:
            logger.warning("backend %s: %s: %s", name, type(error).__name__, error)
            self.seen = Seen(None, f"{type(error).__name__}: {error}")
        wanted = self._status(live)
        found = live.get("status") or {}
        changed = {field: value for field, value in wanted.items() if found.get(field) != value}
        if changed:
            patch = {"metadata": {"uid": live["metadata"]["uid"]}, "status": changed}
            await self._port.patch_status(BACKENDS, None, name, patch)

    def _status(self, live: Object) -> Object:
        target, problem = self.seen.target, self.seen.problem[:1024]
        found = live.get("status") or {}
        if target is None:
            return {
                "observedGeneration": live["metadata"].get("generation", 0),
                "conditions": self._conditions(found, problem, False, problem),
                "lastError": problem,
            }
        packed = pack(target.snapshot)
        ready, message = target.operational, target.message
        if len(packed["data"]) > MAX_PACKED:
            ready, message = False, f"the device's snapshot takes {len(packed['data'])} characters, above {MAX_PACKED}"
        return {
            "observedGeneration": live["metadata"].get("generation", 0),
            "conditions": self._conditions(found, "", ready, message),
            "qubits": figures.count(target.qubits),
            "basisGates": [gate for gate in target.basis_gates if gate.isprintable() and 0 < len(gate) <= 63][:256],
            "simulated": target.simulated,
            "formats": list(self._adapter.FORMATS),
            "outputs": list(self._adapter.OUTPUTS),
            "maxShots": target.max_shots,
            "queueLength": target.queue_length,
            "calibrationTime": target.calibration_time,
            "lastContact": self._contact(found),
            "lastError": None,
            **({"target": packed} if len(packed["data"]) <= MAX_PACKED else {}),
        }

    def _contact(self, found: Object) -> str:
        before, now = times.parse(found.get("lastContact")), self._clock()
        recent = before is not None and (now - before).total_seconds() < CONTACT_SECONDS
        return str(found["lastContact"]) if recent else times.render(now)

    def _conditions(self, found: Object, problem: str, ready: bool, message: str) -> list[Object]:
        before = {each.get("type"): each for each in found.get("conditions") or []}
        return [
            self._condition(before, REACHABLE, not problem, "ProviderAnswers", "ProviderSilent", problem),
            self._condition(before, READY, ready, "DeviceTakesJobs", "DeviceTakesNone", message),
        ]

    def _condition(self, before: dict[Any, Object], kind: str, holds: bool, yes: str, no: str, message: str) -> Object:
        status = "True" if holds else "False"
        last = before.get(kind, {})
        since = last.get("lastTransitionTime") if last.get("status") == status else None
        return {
            "type": kind,
            "status": status,
            "reason": yes if holds else no,
            "message": one_line(message),
            "lastTransitionTime": since or times.render(self._clock()),
        }
