"""The simulators behind one protocol. An engine's SDK is imported only when that engine is loaded."""

from typing import Any, Protocol

from qee.api.reasons import Reason
from qee.api.run_document import CircuitRun, SimulatorOptions
from qee.runner.errors import RunnerError
from qee.runner.limits import Room
from qee.runner.outcomes import Execution


class Engine(Protocol):
    """One simulator. Errors that are the circuit's are RunnerErrors; anything else is a bug."""

    def __init__(self, options: SimulatorOptions, room: Room) -> None:
        """Raises RunnerError for a method that the engine does not offer."""

    def versions(self) -> dict[str, str]:
        """Versions of the SDK's packages by their name in the package index."""

    def parse(self, circuit: CircuitRun) -> Any:
        """The circuit in the engine's own form, checked as far as possible without running it."""

    def execute(self, parsed: Any, shots: int, seed: int) -> Execution:
        """Run it. The same seed, shots and versions give the same counts."""


def load(name: str, options: SimulatorOptions, room: Room) -> Engine:
    """The engine of a run document, its SDK imported. `name` is `aer` or `cirq`. Raises RunnerError."""
    try:
        return _engine(name)(options, room)
    except ModuleNotFoundError as error:
        raise RunnerError(
            Reason.RUNNER_FAILED,
            f"engine {name} is not installed here: {error.name} is missing; pip install 'qee[{name}]'",
        ) from error


def _engine(name: str) -> type[Engine]:
    if name == "aer":
        from qee.runner.engines.aer import AerEngine

        return AerEngine
    from qee.runner.engines.cirq import CirqEngine

    return CirqEngine
