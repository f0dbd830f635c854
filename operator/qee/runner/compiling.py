"""The compilers of providers' adapters, found as they are installed: the runner knows none of them by name."""

from importlib.metadata import entry_points
from typing import Protocol

from qee.api.reasons import Reason
from qee.documents.compiled import CompiledDocument
from qee.documents.run import RunDocument
from qee.sdk.errors import RunnerError

GROUP = "qee.connectors"


class Compiler(Protocol):
    """The part of an adapter that reads circuits (qee.connectors.protocol.Connector)."""

    @classmethod
    def prepare(cls, document: RunDocument, target: bytes) -> CompiledDocument: ...


def compiler(provider: str) -> type[Compiler]:
    """Raises RunnerError where the provider's adapter is not installed."""
    for entry in entry_points(group=GROUP):
        if entry.name == provider:
            found: type[Compiler] = entry.load()
            return found
    raise RunnerError(Reason.RUNNER_FAILED, f"the adapter of provider {provider} is not installed in this image")
