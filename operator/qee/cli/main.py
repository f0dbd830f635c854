"""The `qee` command. Only names and options are here; each command imports what it needs when it is called."""

from typing import Annotated, Any

import typer

from qee.cli import options
from qee.cli.command import command
from qee.cli.connection import Target
from qee.cli.forms import CreatedForm, Engine, ListForm, ResultForm
from qee.cli.problem import Problem
from qee.cli.sign import commands as signature_commands
from qee.cli.sign.options import SigningOptions

app = typer.Typer(
    name="qee",
    help="Run quantum jobs on Kubernetes, or on this machine, and read their results.",
    epilog="Exit codes: 0 done; 1 failed, cancelled or not verified; 2 usage, not found or refused; 4 timed out.",
    no_args_is_help=True,
    rich_markup_mode=None,  # boxes cost a tenth of a second, and cut long options
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from qee import __version__

        typer.echo(f"qee {__version__}")
        raise typer.Exit()


@app.callback()
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


@command(app, "run")
def run(
    target: Target,
    signing: SigningOptions,
    path: options.File = None,
    file: options.SameFile = None,
    local: Annotated[bool, typer.Option("--local", help="Run on this machine, without a cluster.")] = False,
    engine: Annotated[
        Engine | None,
        typer.Option(help="Engine of a local run. Default: that of the backend, or the backend's name."),
    ] = None,
    config_map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Further manifest with ConfigMaps for a local run. May be repeated.",
        ),
    ] = None,
    job: options.Chosen = None,
    name: options.Name = None,
    shots: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="In place of the manifest's, for every circuit.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", min=0, help="In place of the manifest's.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait for the end and show the result.")] = True,
    timeout: options.Timeout = None,
    logs: Annotated[bool, typer.Option("--logs", help="Show the runner's log, on stderr, while waiting.")] = False,
    output: options.ResultOutput = ResultForm.HISTOGRAM,
    output_file: options.OutputFile = None,
    plot: options.Plot = False,
    png: options.Png = None,
    parameter: options.Parameter = None,
    outcome: options.Outcome = None,
    cancel_on_interrupt: options.CancelOnInterrupt = False,
) -> Any:
    """Run a job, or a circuit's file, and show the result.

    On a cluster the job is signed where there is a key, submitted and waited for; with --local it runs on this machine.
    """

    manifest = options.one(path, file, "qee run FILE, or qee run --local FILE")
    view = _view(output, None, output_file, plot, png, parameter, outcome)
    if not local:
        if engine or config_map:
            raise Problem("--engine and --config-map are for --local; a cluster has its own backends and ConfigMaps")
        from qee.cli.cluster import running

        return running.run(
            target,
            manifest,
            job=job,
            name=name,
            signing=signing,
            shots=shots,
            seed=seed,
            wait=wait,
            seconds=timeout,
            logs=logs,
            view=view,
            cancel_on_interrupt=cancel_on_interrupt,
        )
    if name or logs or not wait or cancel_on_interrupt or signing.named():
        raise Problem("--name, --logs, --no-wait, --cancel-on-interrupt and keys are not for --local; leave them out")
    from qee.cli.here import local as local_run

    return local_run.run(
        manifest,
        job=job,
        namespace=target.namespace,
        engine=engine,
        config_maps=config_map or [],
        seconds=timeout,
        view=view,
        shots=shots,
        seed=seed,
    )


@command(app, "submit")
def submit(
    target: Target,
    signing: SigningOptions,
    path: options.File = None,
    file: options.SameFile = None,
    name: options.Name = None,
    output: Annotated[
        CreatedForm, typer.Option("-o", "--output", help="text, or the name alone for scripts.")
    ] = CreatedForm.TEXT,
) -> Any:
    """Create the jobs of a manifest.

    ConfigMaps of the manifest that the jobs refer to are created first. Where there is a key the jobs are signed on the
    way: with --key all of them, with the user's own key those without a signature.
    """
    from qee.cli.cluster import submitting

    manifest = options.one(path, file, "qee submit FILE")
    return submitting.submit(target, manifest, name, output is CreatedForm.NAME, signing)


@command(app, "wait")
def wait(
    target: Target,
    name: options.JobName,
    timeout: options.Timeout = None,
    cancel_on_interrupt: options.CancelOnInterrupt = False,
) -> Any:
    """Wait until a job is finished.

    Exits with 0 if it succeeded, 1 if it failed or was cancelled, 4 when the time is over.
    """
    from qee.cli.cluster import running

    return running.wait(target, name, seconds=timeout, cancel_on_interrupt=cancel_on_interrupt)


@command(app, "get")
def get(
    target: Target,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One job. Default: all of the namespace.")] = None,
    all_namespaces: Annotated[bool, typer.Option("-A", "--all-namespaces", help="Jobs of all namespaces.")] = False,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Go on and show every change.")] = False,
    output: options.ListOutput = ListForm.TABLE,
) -> Any:
    """Show jobs."""
    if name is not None and all_namespaces:
        raise Problem("a NAME is one of a namespace; give -n in place of --all-namespaces")
    from qee.cli.cluster import getting

    return getting.get_jobs(target, name, all_namespaces, watch, output)


@command(app, "result")
def result(
    target: Target,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of a QuantumJob.")] = None,
    circuit: Annotated[str | None, typer.Option(metavar="CIRCUIT", help="Only the results of this circuit.")] = None,
    output: options.ResultOutput = ResultForm.HISTOGRAM,
    output_file: options.OutputFile = None,
    plot: options.Plot = False,
    png: options.Png = None,
    parameter: options.Parameter = None,
    outcome: options.Outcome = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the result's signature; needs --trust.")] = False,
    trust: Annotated[
        list[str] | None,
        typer.Option(metavar="PUB", help="Public keys of results, from who runs QEE; may be repeated."),
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="FILE", help="A result.json in place of the cluster's; may be repeated."),
    ] = None,
    signature: Annotated[
        str | None, typer.Option(metavar="FILE", help="The result.json.dsse that belongs to --file.")
    ] = None,
) -> Any:
    """Show the result of a succeeded job.

    Its digest is checked against the one in the job's status. With --verify its signature is checked as well, with the
    keys of --trust; the keys are never taken from the cluster. Exits with 1 if the signature does not hold.
    --file without --verify shows a file as it is. Of a result on a volume the summary is shown, and how to get its
    files; --file, once for each, with the NAME or after the file of the reference, shows what is in them. A partial
    result of a failed job is shown, too, and exits with 1.
    """
    if verify != bool(trust):
        raise Problem("--verify and --trust belong together; give both, with the public key of results")
    files = file or []
    if (signature is not None and not (files and verify)) or (files and verify and signature is None and name is None):
        raise Problem("--file, --signature and --verify belong together; give all three, or --file alone")
    view = _view(output, circuit, output_file, plot, png, parameter, outcome)
    if signature is not None:
        from qee.cli.cluster import attested

        wanted = attested.Wanted(target.namespace, name)
        return attested.of_files(files[0], signature, trust or [], wanted, view, files[1:])
    from qee.cli.show import results

    if name is None and files:
        return results.show_files(files, view)
    if name is None:
        raise Problem("give the NAME of a QuantumJob, or --file with --signature")
    if verify:
        from qee.cli.cluster import attested

        return attested.of_cluster(target, name, trust or [], view, files)
    from qee.cli.cluster import stored

    return stored.show(target, name, view, files)


def _view(
    form: ResultForm,
    circuit: str | None,
    file: str | None,
    plot: bool,
    png: str | None,
    parameter: str | None,
    outcome: str | None,
) -> Any:
    from qee.cli.show.curves import Axis
    from qee.cli.show.results import View

    if (parameter or outcome) and not (plot or png):
        raise Problem("--parameter and --outcome choose what --plot or --png draws; give one of these, too")
    if form is ResultForm.NPZ and file is None:
        raise Problem("-o npz is for programs; say where with --output-file FILE")
    if plot and form is not ResultForm.HISTOGRAM:
        raise Problem(f"--plot is a form of its own; leave out -o {form}")
    return View(form, circuit, file, plot, png, Axis(parameter, outcome))


@command(app, "logs")
def logs(
    target: Target,
    name: options.JobName,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Wait for the pod, follow until the job ends.")
    ] = False,
    shard: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Of a job in shards: whose log. Default: the youngest pod's.")
    ] = None,
) -> Any:
    """Show what the runner of a job wrote."""
    from qee.cli.cluster import logs as runner_logs

    return runner_logs.show(target, name, follow, shard)


@command(app, "fetch")
def fetch(target: Target, name: options.JobName) -> Any:
    """Have the result of a job at a provider fetched now, where it could not be fetched before."""
    from qee.cli.cluster import fetching

    return fetching.fetch(target, name)


@command(app, "cancel")
def cancel(target: Target, name: options.JobName) -> Any:
    """Ask for a job to be cancelled."""
    from qee.cli.cluster import cancelling

    return cancelling.cancel(target, name)


@command(app, "backends")
def backends(target: Target, output: options.ListOutput = ListForm.TABLE) -> Any:
    """Show the backends that jobs may name."""
    from qee.cli.cluster import getting

    return getting.get_backends(target, output)


@command(app, "lint")
def lint(
    path: options.File = None,
    file: options.SameFile = None,
    config_map: options.ConfigMapFiles = None,
    memory: options.BackendMemory = None,
) -> Any:
    """Check a manifest without a cluster.

    Fields, circuits, the memory they need, and digests of ConfigMaps. Where an engine is installed it reads the
    circuits as for a run. Exits with 1 if a job would fail.
    """
    from qee.cli.here import linting

    return linting.lint(options.one(path, file, "qee lint FILE"), config_map or [], memory)


@command(app, "draw")
def draw(
    target: Target,
    path: options.File = None,
    file: options.SameFile = None,
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

    return drawing.draw(
        options.one(path, file, "qee draw FILE"), job, target.namespace, circuit, engine, config_map or [], png
    )


@command(app, "init")
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

    return scaffold.init(options.one(path, file, "qee init FILE"), output, name, backend, shots, force)


@command(app, "version")
def version(
    target: Target, client: Annotated[bool, typer.Option("--client", help="Without asking the cluster.")] = False
) -> Any:
    """Show versions, of qee and of the cluster."""
    from qee.cli.cluster import versions

    return versions.client() if client else versions.both(target)


signature_commands.add_to(app)

if __name__ == "__main__":
    app()
