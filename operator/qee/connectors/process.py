"""The connector process: the Lease, a worker for each backend, one watch of tasks, rounds, and the device's status."""

import asyncio
import logging
from datetime import UTC, datetime

from qee.connectors.attempt import Attempt
from qee.connectors.backend import BackendReporter
from qee.connectors.client import WorkerClient
from qee.connectors.metrics import Metrics
from qee.connectors.pacing import Pace
from qee.connectors.protocol import Connector, Settings
from qee.connectors.rounds import Rounds, named
from qee.connectors.settings import ConnectorSettings
from qee.connectors.verification import Judge
from qee.kube.informer import Informer
from qee.kube.port import ApiError, NotFound, Object, Port
from qee.kube.resources import BACKENDS, TASKS
from qee.sdk.adapters import adapter
from qee.signing.libraries import Suite

logger = logging.getLogger(__name__)
AGAIN_SECONDS = 5.0


class NotOurs(Exception):
    """A QuantumBackend that this connector is told to serve, and is of another provider."""


def now() -> datetime:
    return datetime.now(UTC)


class ConnectorProcess:
    """Serves its backends until cancelled. Rounds begin when the device was seen once, or could not be."""

    def __init__(self, port: Port, settings: ConnectorSettings, suite: Suite, metrics: Metrics) -> None:
        self._port = port
        self._settings = settings
        self._metrics = metrics
        self._adapter: type[Connector] = adapter(settings.provider)
        self._judge = Judge(port, suite, settings.task_keys, settings.without_policy, self._adapter.estimate, now)
        self._pace = Pace(settings.submissions_per_minute)
        self._rounds: list[Rounds] = []

    async def run(self) -> None:
        clients: list[WorkerClient] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                for name in self._settings.backends:
                    live = await self._backend(name)
                    client = self._client(live)
                    clients.append(client)
                    reporter = BackendReporter(self._port, client, self._adapter, now)
                    attempt = Attempt(
                        self._port,
                        client,
                        self._judge,
                        self._pace,
                        self._adapter.IDEMPOTENT,
                        self._settings.grace_seconds,
                        now,
                        reporter.device,
                    )
                    rounds = Rounds(self._port, name, client, attempt, now, self._settings.poll_seconds)
                    self._rounds.append(rounds)
                    tasks.create_task(self._refresh(reporter, name))
                    tasks.create_task(rounds.run())
                tasks.create_task(Informer(self._port, TASKS, named, told=self._take).run())
                tasks.create_task(self._count())
        finally:
            for client in clients:
                await client.close()

    def _take(self, kind: str, task: Object) -> None:
        for rounds in self._rounds:
            rounds.take(kind, task)

    async def _backend(self, name: str) -> Object:
        """Waits for it. Raises NotOurs."""
        while True:
            try:
                live = await self._port.get(BACKENDS, None, name)
                break
            except NotFound:
                logger.warning("there is no QuantumBackend %s yet", name)
            except ApiError as error:
                logger.warning("QuantumBackend %s: %s", name, error)
            await asyncio.sleep(AGAIN_SECONDS)
        if live["spec"].get("provider") != self._settings.provider:
            raise NotOurs(
                f"QuantumBackend {name} has provider {live['spec'].get('provider')}, this connector is for "
                f"{self._settings.provider}; correct backends or provider in the connector's settings"
            )
        return live

    def _client(self, live: Object) -> WorkerClient:
        spec = live["spec"]
        return WorkerClient(
            self._settings.worker,
            self._settings.provider,
            Settings(
                backend=live["metadata"]["name"],
                device=str(spec.get("device") or ""),
                region=str(spec.get("region") or ""),
                options=dict(spec.get("options") or {}),
                credentials=str(self._settings.credentials or ""),
            ),
            self._settings.call_seconds,
            self._settings.submit_seconds,
            lambda call, outcome: self._metrics.calls.labels(call, outcome).inc(),
        )

    async def _refresh(self, reporter: BackendReporter, name: str) -> None:
        while True:
            try:
                await reporter.refresh(name)
            except ApiError as error:
                logger.warning("the status of QuantumBackend %s: %s", name, error)
            await asyncio.sleep(self._settings.describe_seconds)

    async def _count(self) -> None:
        while True:
            for name, rounds in zip(self._settings.backends, self._rounds, strict=False):
                self._metrics.tasks.labels(name).set(sum(not note.ended for note in rounds.notes.values()))
            await asyncio.sleep(AGAIN_SECONDS)
