"""The installed adapters, by provider: entry points of the group qee.connectors. Standard library only."""

from importlib.metadata import entry_points

from qee.connectors.protocol import Connector

GROUP = "qee.connectors"


class NoAdapter(Exception):
    """No adapter of that name is installed here. The message says which are."""


def adapter(provider: str) -> type[Connector]:
    """The adapter's class. Its SDK is not imported yet. Raises NoAdapter."""
    installed = {entry.name: entry for entry in entry_points(group=GROUP)}
    if provider not in installed:
        raise NoAdapter(f"no adapter for provider {provider!r} is installed; there are {', '.join(sorted(installed))}")
    found: type[Connector] = installed[provider].load()
    return found
