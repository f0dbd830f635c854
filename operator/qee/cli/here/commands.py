"""The commands that ask no cluster: names and options only, as in `main`, which takes them in."""

from typing import Annotated, Any

import typer

from qee.cli import options
from qee.cli.connection import Target
from qee.cli.forms import Engine


def lint(
    *, given: options.Given, config_map: options.ConfigMapFiles = None, memory: options.BackendMemory = None
) -> Any:
    """Check a manifest without a cluster.

    Fields, circuits, the memory they need, and digests of ConfigMaps. Where an engine is installed it reads the
    circuits as for a run. Exits with 1 if a job would fail.
    """
    from qee.cli.here import linting

    return linting.lint(given.one("qee lint FILE"), config_map or [], memory)


def draw(
    target: Target,
    *,
    given: options.Given,
    circuit: Annotated[str | None, typer.Option(metavar="CIRCUIT", help="Only this circuit.")] = None,
    engine: Annotated[Engine | None, typer.Option(help="As for a local run.")] = None,
    png: Annotated[
        str | None, typer.Option(metavar="FILE", help="Paint a picture of one circuit instead; needs matplotlib.")
    ] = None,
    config_map: options.ConfigMapFiles = None,
    job: options.Chosen = None,
) -> Any:
    """Draw a circuit, or those of a manifest, as text or as a picture.

    The engine's SDK reads them, in a process of its own that has denied itself the network.
    """
    from qee.cli.here import drawing

    return drawing.draw(given.one("qee draw FILE"), job, target.namespace, circuit, engine, config_map or [], png)


def init(
    path: Annotated[
        str | None, typer.Argument(metavar="FILE", help="OpenQASM, QPY or Cirq's JSON; - is stdin.")
    ] = None,
    file: options.SameFile = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="The manifest. Default: stdout.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the job. Default: the file's.")] = None,
    backend: Annotated[str | None, typer.Option(metavar="NAME", help="Default: aer, for Cirq's JSON cirq.")] = None,
    shots: Annotated[int, typer.Option(min=1, help="Repetitions.")] = 1024,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> Any:
    """Make a job from a circuit's file.

    Format, parameters and measurements are read from the circuit, without running anything. For a Python file the lines
    are told that write its circuit.
    """
    from qee.cli.here import scaffold

    return scaffold.init(options.Given(path, file).one("qee init FILE"), output, name, backend, shots, force)


COMMANDS_HERE = (lint, draw, init)
