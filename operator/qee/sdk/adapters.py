"""The installed adapters of providers, found by entry point: nothing below the connectors knows one by name.

This is the one place where what stands below gets something from above, and it is an inversion: whoever compiles owns
the protocol `Compiler`, and a vendor's adapter, which is a connector's too, plugs into it. So the runner's pod imports
of connectors what its image has installed for one provider, and no more. Standard library only.
"""

from importlib.metadata import entry_points
from typing import Any, Protocol

from qee.documents.compiled import CompiledDocument
from qee.documents.run import RunDocument

GROUP = "qee.connectors"


class Compiler(Protocol):
    """The part of an adapter that reads circuits, in a pod that holds no credential."""

    @classmethod
    def prepare(cls, document: RunDocument, target: bytes) -> CompiledDocument:
        """Compile every circuit with every row of its parameters for a Target's snapshot. A pure function: the same
        arguments and versions give the same bytes. `document.provider_options` are checked here, against the SDK that
        is installed. Raises RunnerError.
        """


class NoAdapter(Exception):
    """No adapter of that name is installed here. The message says which are."""


def adapter(provider: str) -> Any:
    """The adapter's class, a Compiler and a Connector. Its SDK is not imported yet. Raises NoAdapter."""
    installed = {entry.name: entry for entry in entry_points(group=GROUP)}
    if provider not in installed:
        raise NoAdapter(f"no adapter for provider {provider!r} is installed; there are {', '.join(sorted(installed))}")
    return installed[provider].load()
