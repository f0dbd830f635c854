"""The commands about keys and signatures: names and options only, as in `main`, which takes them in."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from qee.cli import options
from qee.cli.command import command
from qee.cli.connection import Target
from qee.cli.forms import KeyAlgorithm, KeyForm, VerdictForm
from qee.cli.sign.options import PassphraseOptions, SigningOptions

key = typer.Typer(
    name="key",
    help="Make, show and convert keys for signing jobs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def moment(text: str) -> datetime:
    """A time on the command line. Raises BadParameter."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is no time with a time zone; write it like 2026-01-31T12:00:00Z")
    return found


KeyFile = Annotated[str, typer.Argument(metavar="FILE", help="The key: private or public, PEM or DER.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
Out = Annotated[str, typer.Option("--out", metavar="FILE", help="Where the key goes; mode 0600.")]
NoPassphrase = Annotated[bool, typer.Option("--no-passphrase", help="Write the private key unencrypted.")]


@command(key, "generate")
def generate(
    word: PassphraseOptions,
    out: Out,
    algorithm: Annotated[KeyAlgorithm | None, typer.Option(help="Default: ML-DSA-65.")] = None,
    cnsa: Annotated[bool, typer.Option("--cnsa", help="As CNSA 2.0 demands: ML-DSA-87.")] = False,
    no_passphrase: NoPassphrase = False,
    force: Force = False,
) -> Any:
    """Make a key: FILE, encrypted, and FILE.pub. Prints the key id.

    PKCS#8 with the seed alone (RFC 9881), encrypted by PBES2 with a passphrase.
    """
    from qee.cli.sign import keys

    chosen = str(algorithm) if algorithm else None
    return keys.generate(out, chosen, cnsa, word.passphrase(), not no_passphrase, force)


@command(key, "show")
def show(
    word: PassphraseOptions,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Keys: private or public, PEM or DER.")],
    public: Annotated[bool, typer.Option("--public", help="The public key in PEM.")] = False,
    policy: Annotated[bool, typer.Option("--policy", help="A QuantumTrustPolicy with the key.")] = False,
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", metavar="NAME", help="That it governs; may be repeated.")
    ] = None,
    holder: Annotated[
        list[str] | None,
        typer.Option(metavar="WHO", help="Who holds the private key; once for each FILE, in their order."),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many of the keys have to sign. Default: 1.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of policy and rule. Default: that of the first file.")
    ] = None,
) -> Any:
    """Show keys: algorithm and key id, the public key, or a trust policy to apply. Never the private key."""
    from qee.cli.sign import keys

    wanted = keys.PolicyOptions(policy, namespace or [], holder or [], threshold, name)
    return keys.show(files, word.passphrase(), public, wanted)


@command(key, "convert")
def convert(
    word: PassphraseOptions,
    file: KeyFile,
    out: Out,
    form: Annotated[KeyForm, typer.Option(help="pem or der.")] = KeyForm.PEM,
    public: Annotated[bool, typer.Option("--public", help="The public key alone; mode 0644.")] = False,
    no_passphrase: NoPassphrase = False,
    new_passphrase_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The new one in a file. Default: $QEE_KEY_NEW_PASSPHRASE, else asked for."),
    ] = None,
    new_passphrase_fd: Annotated[
        int | None, typer.Option(metavar="N", help="The new one from file descriptor N, 3 or above.")
    ] = None,
    force: Force = False,
) -> Any:
    """Write a key in another form: PEM or DER, another passphrase or none, or the public key alone.

    A public key stays one. ML-DSA keys must be in seed form; the error says how OpenSSL writes it.
    """
    from dataclasses import replace

    from qee.cli.sign import keys

    return keys.convert(
        file,
        out,
        word.passphrase(),
        replace(keys.NEW_PASSPHRASE, file=new_passphrase_file, descriptor=new_passphrase_fd),
        form=form,
        public=public,
        encrypted=not no_passphrase,
        force=force,
    )


def sign(
    target: Target,
    signing: SigningOptions,
    path: options.File = None,
    file: options.SameFile = None,
    audience: Annotated[
        list[str] | None,
        typer.Option(
            metavar="UID",
            help="Cluster that may accept it: UID of its kube-system, or a name of its policies; may be repeated."
            " Default: the current cluster.",
        ),
    ] = None,
    valid_for: Annotated[
        float,
        typer.Option(
            parser=options.seconds,
            metavar="DURATION",
            help="How long the job may be created, for example 30m or 7d. Default: 24h.",
            show_default=False,
        ),
    ] = "24h",  # type: ignore[assignment]
    not_before: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="From when on. Default: now.")
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PUB", help="Public key of one who signs later with --add; may be repeated."),
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Add a signature to the one that is there.")] = False,
    break_glass: Annotated[
        str | None, typer.Option(metavar="REASON", help="An emergency: with a key that a policy has for that.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="The signed manifest. Default: stdout.")
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write the signed manifest over FILE.")] = False,
) -> Any:
    """Sign the jobs of a manifest.

    The manifest stays as it is, but for the annotation. It is refused where readers of YAML would differ about it.
    """

    from qee.cli.problem import Problem
    from qee.cli.sign import signers
    from qee.cli.sign import signing as signing_of_files

    if add and (audience or not_before or with_ or break_glass):
        raise Problem(
            "--add: the statement is there already; leave --audience, --not-before, --with, --break-glass out"
        )
    if break_glass is not None and not break_glass.strip():
        raise Problem("--break-glass: give the reason; it is signed, logged and shown")
    terms = signing_of_files.Terms(
        audience or [],
        timedelta(seconds=min(int(valid_for), 10**12)),
        not_before,
        break_glass,
        signers.public_keys(with_ or []),
    )
    manifest = options.one(path, file, "qee sign FILE")
    return signing_of_files.sign(target, manifest, signing.chosen(), terms, add=add, output=output, in_place=in_place)


def verify(
    target: Target,
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE...", help="Manifests; the same as -f.")] = None,
    file: Annotated[
        list[str] | None,
        typer.Option("-f", "--file", metavar="FILE", help="Manifest; - is stdin; may be repeated."),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="QuantumTrustPolicies in place of the cluster's; may be repeated."),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="UID", help="UID of the cluster's kube-system. Default: the cluster's.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            parser=moment,
            metavar="TIME",
            help="As if the job was created then. Default: its creationTimestamp, or now.",
        ),
    ] = None,
    no_cluster: Annotated[
        bool, typer.Option("--no-cluster", help="Ask no cluster. Without --policy no signature is checked.")
    ] = False,
    skip_others: Annotated[
        bool, typer.Option("--skip-others", help="Pass over files without a QuantumJob, as for pre-commit.")
    ] = False,
    output: Annotated[VerdictForm, typer.Option("-o", "--output", help="text or json.")] = VerdictForm.TEXT,
) -> Any:
    """Check signed manifests as the cluster would, check by check.

    Exits with 0 if all would be admitted, with 1 if not.
    """
    from qee.cli.sign import verifying

    listed = [*(files or []), *(file or [])]
    return verifying.check(target, listed, policy or [], cluster, at, no_cluster, skip_others, output)


def add_to(app: typer.Typer) -> None:
    """Take the commands into the app."""
    app.add_typer(key)
    command(app, "sign")(sign)
    command(app, "verify")(verify)
