"""The commands that talk to a cluster: names and options only, as in `main`, which takes them in."""

from typing import Annotated, Any

import typer

from qee.cli import options
from qee.cli.connection import Target
from qee.cli.forms import CreatedForm, ListForm
from qee.cli.problem import Problem
from qee.cli.show.options import ViewOptions
from qee.cli.sign.options import SigningOptions


def submit(
    target: Target,
    *,
    given: options.Given,
    name: options.Name = None,
    output: Annotated[
        CreatedForm, typer.Option("-o", "--output", help="text, or the name alone for scripts.")
    ] = CreatedForm.TEXT,
    signing: SigningOptions,
) -> Any:
    """Create the jobs of a manifest.

    ConfigMaps of the manifest that the jobs refer to are created first. Where there is a key the jobs are signed on the
    way: with --key all of them, with the user's own key those without a signature.
    """
    from qee.cli.cluster import submitting

    manifest = given.one("qee submit FILE")
    return submitting.submit(target, manifest, name, output is CreatedForm.NAME, signing)


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


def result(
    target: Target,
    *,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of a QuantumJob.")] = None,
    circuit: Annotated[str | None, typer.Option(metavar="CIRCUIT", help="Only the results of this circuit.")] = None,
    shown: ViewOptions,
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
    view = shown.view(circuit)
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


def fetch(target: Target, name: options.JobName) -> Any:
    """Have the result of a job at a provider fetched now, where it could not be fetched before."""
    from qee.cli.cluster import requests

    return requests.fetch(target, name)


def cancel(target: Target, name: options.JobName) -> Any:
    """Ask for a job to be cancelled."""
    from qee.cli.cluster import requests

    return requests.cancel(target, name)


def backends(target: Target, output: options.ListOutput = ListForm.TABLE) -> Any:
    """Show the backends that jobs may name."""
    from qee.cli.cluster import getting

    return getting.get_backends(target, output)


CLUSTER_COMMANDS = (submit, wait, get, result, logs, fetch, cancel, backends)
