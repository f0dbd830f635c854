"""Options of commands that show a result."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from qee.cli.forms import ResultForm
from qee.cli.problem import Problem

if TYPE_CHECKING:
    from qee.cli.show.results import View


@dataclass(frozen=True)
class ViewOptions:
    """How a result is shown."""

    output: Annotated[
        ResultForm,
        typer.Option(
            "-o", "--output", help="Text for people, every number (table, csv, npz), or the document (json, yaml)."
        ),
    ] = ResultForm.HISTOGRAM
    output_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Also write the document, byte for byte; with -o csv or npz: write that."),
    ] = None
    plot: Annotated[bool, typer.Option("--plot", help="Draw sweeps as curves on the terminal.")] = False
    png: Annotated[str | None, typer.Option("--png", metavar="FILE", help="Also draw a picture; needs matplotlib.")] = (
        None
    )
    parameter: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Parameter that curves are drawn against. Default: the only one that varies."
        ),
    ] = None
    outcome: Annotated[
        str | None,
        typer.Option(metavar="BITS", help="Outcome whose probability is drawn. Default: the four most frequent."),
    ] = None

    def view(self, circuit: str | None = None) -> "View":
        """Raises Problem for options that do not go together."""
        from qee.cli.show.curves import Axis
        from qee.cli.show.results import View

        if (self.parameter or self.outcome) and not (self.plot or self.png):
            raise Problem("--parameter and --outcome choose what --plot or --png draws; give one of these, too")
        if self.output is ResultForm.NPZ and self.output_file is None:
            raise Problem("-o npz is for programs; say where with --output-file FILE")
        if self.plot and self.output is not ResultForm.HISTOGRAM:
            raise Problem(f"--plot is a form of its own; leave out -o {self.output}")
        return View(self.output, circuit, self.output_file, self.plot, self.png, Axis(self.parameter, self.outcome))
