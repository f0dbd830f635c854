"""Arguments and options that several commands share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from qee.cli import durations
from qee.cli.forms import ListForm
from qee.cli.problem import Problem


def seconds(text: str) -> float:
    """A duration on the command line. Raises BadParameter."""
    try:
        return durations.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def moment(text: str) -> datetime:
    """A time on the command line. Raises BadParameter."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is no time with a time zone; write it like 2026-01-31T12:00:00Z")
    return found


Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", metavar="NAME", help="Default: that of the kubeconfig's context.")
]
Context = Annotated[
    str | None, typer.Option(metavar="NAME", help="Context of the kubeconfig. Default: the current one.")
]
Kubeconfig = Annotated[str | None, typer.Option(metavar="FILE", help="Default: $KUBECONFIG, else ~/.kube/config.")]
JobName = Annotated[str, typer.Argument(metavar="NAME", help="Name of a QuantumJob.")]
SameFile = Annotated[str | None, typer.Option("-f", "--file", metavar="FILE", help="The same as FILE.")]


@dataclass(frozen=True)
class Given:
    """The file that a command is about."""

    path: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="Manifest, of one or several documents; - is stdin. Or a circuit's file."),
    ] = None
    file: SameFile = None

    def one(self, usage: str) -> str:
        """The one of FILE and -f FILE that is there. Raises Problem."""
        if (self.path is None) == (self.file is None):
            raise Problem(f"give one file: {usage}")
        return self.path or self.file or ""


ConfigMapFiles = Annotated[
    list[str] | None,
    typer.Option("--config-map", metavar="FILE", help="Further manifest with ConfigMaps; may be repeated."),
]
Timeout = Annotated[
    float | None, typer.Option(parser=seconds, metavar="DURATION", help="Wait no longer, for example 90s or 1h30m.")
]
CancelOnInterrupt = Annotated[
    bool, typer.Option("--cancel-on-interrupt", help="SIGINT and SIGTERM cancel the job, too.")
]
Name = Annotated[str | None, typer.Option(metavar="NAME", help="Name for the job, in place of the manifest's.")]
Chosen = Annotated[
    str | None, typer.Option("--job", metavar="NAME", help="Which QuantumJob of the manifest, if it holds several.")
]


@dataclass(frozen=True)
class JobOptions:
    """Which job of the manifest is run, and what stands in place of its own."""

    job: Chosen = None
    name: Name = None
    shots: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="In place of the manifest's, for every circuit.")
    ] = None
    seed: Annotated[int | None, typer.Option(metavar="N", min=0, help="In place of the manifest's.")] = None


ListOutput = Annotated[ListForm, typer.Option("-o", "--output", help="Form of the list.")]


def _quantity(text: str) -> int:
    """Bytes as Kubernetes writes them, such as 64Gi. Raises BadParameter."""
    from qee.api.quantity import parse_quantity

    try:
        found = int(parse_quantity(text))
    except ValueError:
        found = 0
    if found < 1:
        raise typer.BadParameter(f"{text!r} is no amount of memory; write it like 64Gi")
    return found


BackendMemory = Annotated[
    int | None,
    typer.Option(
        parser=_quantity,
        metavar="SIZE",
        help="Memory of the backend, like 64Gi, where the file does not say. Default: this machine's.",
    ),
]
