"""The simulators behind one protocol. An engine's SDK is imported only when that engine is loaded."""

from typing import Any, Protocol

from qee.api.reasons import Reason
from qee.documents.provenance import NoiseModel
from qee.documents.run import CircuitRun
from qee.sdk.diagram import Diagram
from qee.sdk.errors import RunnerError
from qee.sdk.limits import Room
from qee.sdk.outcomes import Execution, Options, Task


class Engine(Protocol):
    """One simulator. Errors that are the circuit's are RunnerErrors; anything else is a bug."""

    def __init__(self, options: Options, room: Room) -> None:
        """Raises RunnerError for an option that the engine does not offer."""

    def versions(self) -> dict[str, str]:
        """Versions of the SDK's packages by their name in the package index."""

    def noise_model(self) -> NoiseModel | None:
        """What the result records of the noise; None without noise."""

    def parse(self, circuit: CircuitRun) -> Any:
        """The circuit in the engine's own form, compiled once for all of its parameter sets, and checked as far as
        possible without running it.
        """

    def drawn(self, circuit: CircuitRun, width: int) -> str:
        """The circuit as it is written, in characters, lines folded at `width`."""

    def diagram(self, circuit: CircuitRun) -> Diagram:
        """The same as data, for a picture. Raises RunnerError for a circuit that is too large for one."""

    def foreseen(self, parsed: Any, task: Task) -> tuple[str | None, bool]:
        """The method by which `execute` would sample, None where the engine chooses as it runs, and whether each shot
        is simulated by itself. Raises RunnerError as `execute` would.
        """

    def execute(self, parsed: Any, task: Task) -> Execution:
        """Run it with these values. The same task and versions give the same result."""


def load(name: str, options: Options, room: Room) -> Engine:
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
        from qee.runner.engines.aer.engine import AerEngine

        return AerEngine
    from qee.runner.engines.cirq.engine import CirqEngine

    return CirqEngine
