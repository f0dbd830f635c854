"""The `qee` command. Only names and options are here; each command imports what it needs when it is called."""

from typing import Annotated, Any

import typer

from qee.cli import options
from qee.cli.cluster.commands import CLUSTER_COMMANDS
from qee.cli.command import command
from qee.cli.connection import Target
from qee.cli.forms import Engine
from qee.cli.here.commands import COMMANDS_HERE
from qee.cli.problem import Problem
from qee.cli.show.options import ViewOptions
from qee.cli.sign.commands import keys, sign, verify
from qee.cli.sign.options import SigningOptions


def _version(wanted: bool) -> None:
    if wanted:
        from qee import __version__

        typer.echo(f"qee {__version__}")
        raise typer.Exit()


def cluster(
    ctx: typer.Context,
    namespace: options.Namespace = None,
    context: options.Context = None,
    kubeconfig: options.Kubeconfig = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    ctx.obj = Target(namespace, context, kubeconfig)


def run(
    target: Target,
    *,
    given: options.Given,
    local: Annotated[bool, typer.Option("--local", help="Run on this machine, without a cluster.")] = False,
    engine: Annotated[
        Engine | None, typer.Option(help="Engine of a local run. Default: that of the backend, or the backend's name.")
    ] = None,
    config_map: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Further manifest with ConfigMaps for a local run. May be repeated."),
    ] = None,
    choice: options.JobOptions,
    wait: Annotated[bool, typer.Option(help="Wait for the end and show the result.")] = True,
    timeout: options.Timeout = None,
    logs: Annotated[bool, typer.Option("--logs", help="Show the runner's log, on stderr, while waiting.")] = False,
    shown: ViewOptions,
    cancel_on_interrupt: options.CancelOnInterrupt = False,
    signing: SigningOptions,
) -> Any:
    """Run a job, or a circuit's file, and show the result.

    On a cluster the job is signed where there is a key, submitted and waited for; with --local it runs on this machine.
    """
    manifest = given.one("qee run FILE, or qee run --local FILE")
    view = shown.view()
    if local:
        if choice.name or logs or not wait or cancel_on_interrupt or signing.named():
            raise Problem(
                "--name, --logs, --no-wait, --cancel-on-interrupt and keys are not for --local; leave them out"
            )
        from qee.cli.here import local as here

        return here.run(manifest, choice, target.namespace, engine, config_map or [], timeout, view)
    if engine or config_map:
        raise Problem("--engine and --config-map are for --local; a cluster has its own backends and ConfigMaps")
    from qee.cli.cluster import running

    return running.run(
        target, manifest, choice, signing, view, wait=wait, seconds=timeout, logs=logs, cancel=cancel_on_interrupt
    )


def version(
    target: Target, client: Annotated[bool, typer.Option("--client", help="Without asking the cluster.")] = False
) -> Any:
    """Show versions, of qee and of the cluster."""
    from qee.cli.cluster import versions

    return versions.client() if client else versions.both(target)


app = typer.Typer(
    name="qee",
    help="Run quantum jobs on Kubernetes, or on this machine, and read their results.",
    epilog="Exit codes: 0 done; 1 failed, cancelled or not verified; 2 usage, not found or refused; 4 timed out.",
    no_args_is_help=True,
    rich_markup_mode=None,  # boxes cost a tenth of a second, and cut long options
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(cluster)
app.add_typer(keys)
for each in (run, *CLUSTER_COMMANDS, *COMMANDS_HERE, version, sign, verify):
    command(app, each)

if __name__ == "__main__":
    app()
