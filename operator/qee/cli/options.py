"""Arguments and options that several commands share."""

from typing import Annotated

import typer

from qee.cli import durations
from qee.cli.forms import ListForm, ResultForm
from qee.cli.problem import Problem


def seconds(text: str) -> float:
    """A duration on the command line. Raises BadParameter."""
    try:
        return durations.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Namespace = Annotated[
    str | None,
    typer.Option(
        "-n",
        "--namespace",
        metavar="NAME",
        help="Default: that of the kubeconfig's context.",
    ),
]
Context = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Context of the kubeconfig. Default: the current one."),
]
Kubeconfig = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Default: $KUBECONFIG, else ~/.kube/config."),
]
JobName = Annotated[str, typer.Argument(metavar="NAME", help="Name of a QuantumJob.")]
File = Annotated[
    str | None,
    typer.Argument(metavar="FILE", help="Manifest, of one or several documents; - is stdin. Or a circuit's file."),
]
SameFile = Annotated[str | None, typer.Option("-f", "--file", metavar="FILE", help="The same as FILE.")]
ConfigMapFiles = Annotated[
    list[str] | None,
    typer.Option("--config-map", metavar="FILE", help="Further manifest with ConfigMaps; may be repeated."),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        parser=seconds,
        metavar="DURATION",
        help="Wait no longer, for example 90s or 1h30m.",
    ),
]
CancelOnInterrupt = Annotated[
    bool,
    typer.Option(
        "--cancel-on-interrupt",
        help="SIGINT and SIGTERM cancel the job, too.",
    ),
]
Name = Annotated[str | None, typer.Option(metavar="NAME", help="Name for the job, in place of the manifest's.")]
Chosen = Annotated[
    str | None, typer.Option("--job", metavar="NAME", help="Which QuantumJob of the manifest, if it holds several.")
]
ResultOutput = Annotated[
    ResultForm,
    typer.Option(
        "-o",
        "--output",
        help="Text for people, every number (table, csv, npz), or the document (json, yaml).",
    ),
]
Plot = Annotated[bool, typer.Option("--plot", help="Draw sweeps as curves on the terminal.")]
Png = Annotated[str | None, typer.Option("--png", metavar="FILE", help="Also draw a picture; needs matplotlib.")]
Parameter = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Parameter that curves are drawn against. Default: the only one that varies."),
]
Outcome = Annotated[
    str | None,
    typer.Option(metavar="BITS", help="Outcome whose probability is drawn. Default: the four most frequent."),
]
ListOutput = Annotated[ListForm, typer.Option("-o", "--output", help="Form of the list.")]
OutputFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Also write the document, byte for byte; with -o csv or npz: write that."),
]


def one(path: str | None, file: str | None, usage: str) -> str:
    """The one of FILE and -f FILE that is there. Raises Problem."""
    if (path is None) == (file is None):
        raise Problem(f"give one file: {usage}")
    return path or file or ""


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
