"""The commands about keys and signatures: names and options only, as in `main`, which takes them in."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from qee.cli import options
from qee.cli.command import command
from qee.cli.connection import Target
from qee.cli.forms import KeyAlgorithm, KeyForm, VerdictForm

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
PassphraseFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Passphrase in a file. Default: $QEE_KEY_PASSPHRASE, else asked for."),
]
PassphraseFd = Annotated[int | None, typer.Option(metavar="N", help="Passphrase from file descriptor N, 3 or above.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
Out = Annotated[str, typer.Option("--out", metavar="FILE", help="Where the key goes; mode 0600.")]
NoPassphrase = Annotated[bool, typer.Option("--no-passphrase", help="Write the private key unencrypted.")]


@command(key, "generate")
def generate(
    out: Out,
    algorithm: Annotated[KeyAlgorithm | None, typer.Option(help="Default: ML-DSA-65.")] = None,
    cnsa: Annotated[bool, typer.Option("--cnsa", help="As CNSA 2.0 demands: ML-DSA-87.")] = False,
    no_passphrase: NoPassphrase = False,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
    force: Force = False,
) -> Any:
    """Make a key: FILE, encrypted, and FILE.pub. Prints the key id.

    PKCS#8 with the seed alone (RFC 9881), encrypted by PBES2 with a passphrase.
    """
    from qee.cli import keys
    from qee.cli.secret import Passphrase

    word = Passphrase(passphrase_file, passphrase_fd)
    return keys.generate(out, str(algorithm) if algorithm else None, cnsa, word, not no_passphrase, force)


@command(key, "show")
def show(
    file: KeyFile,
    public: Annotated[bool, typer.Option("--public", help="The public key in PEM.")] = False,
    policy: Annotated[bool, typer.Option("--policy", help="A QuantumTrustPolicy with the key.")] = False,
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", metavar="NAME", help="That it governs; may be repeated.")
    ] = None,
    holder: Annotated[str | None, typer.Option(metavar="WHO", help="Who holds the private key.")] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of policy, key and rule. Default: that of the file.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
) -> Any:
    """Show a key: algorithm and key id, the public key, or a trust policy to apply. Never the private key."""
    from qee.cli import keys
    from qee.cli.secret import Passphrase

    return keys.show(
        file,
        Passphrase(passphrase_file, passphrase_fd),
        public=public,
        policy=policy,
        namespaces=namespace or [],
        holder=holder,
        name=name,
    )


@command(key, "convert")
def convert(
    file: KeyFile,
    out: Out,
    form: Annotated[KeyForm, typer.Option(help="pem or der.")] = KeyForm.PEM,
    public: Annotated[bool, typer.Option("--public", help="The public key alone; mode 0644.")] = False,
    no_passphrase: NoPassphrase = False,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
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

    from qee.cli import keys
    from qee.cli.secret import Passphrase

    return keys.convert(
        file,
        out,
        Passphrase(passphrase_file, passphrase_fd),
        replace(keys.NEW_PASSPHRASE, file=new_passphrase_file, descriptor=new_passphrase_fd),
        form=form,
        public=public,
        encrypted=not no_passphrase,
        force=force,
    )


def sign(
    target: Target,
    file: options.ManifestFile,
    key: options.KeyFiles = None,
    key_fd: Annotated[int | None, typer.Option(metavar="N", help="Private key from file descriptor N.")] = None,
    key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="Private key in PEM from an environment variable.")
    ] = None,
    signer: Annotated[
        str | None, typer.Option(metavar="exec:CMD", help="A program that signs, for a token or a key service.")
    ] = None,
    public: Annotated[str | None, typer.Option(metavar="PUB", help="Public key of --signer.")] = None,
    passphrase_file: PassphraseFile = None,
    passphrase_fd: PassphraseFd = None,
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
    from qee.cli import signers, signing
    from qee.cli.problem import Problem
    from qee.cli.secret import Passphrase

    if add and (audience or not_before or with_ or break_glass):
        raise Problem(
            "--add: the statement is there already; leave --audience, --not-before, --with, --break-glass out"
        )
    if break_glass is not None and not break_glass.strip():
        raise Problem("--break-glass: give the reason; it is signed, logged and shown")
    keys = signers.KeyOptions(key or [], key_fd, key_env, signer, public, Passphrase(passphrase_file, passphrase_fd))
    terms = signing.Terms(
        audience or [],
        timedelta(seconds=min(int(valid_for), 10**12)),
        not_before,
        break_glass,
        signers.public_keys(with_ or []),
    )
    return signing.sign(target, file, keys, terms, add=add, output=output, in_place=in_place)


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
    from qee.cli import verifying

    listed = [*(files or []), *(file or [])]
    return verifying.check(target, listed, policy or [], cluster, at, no_cluster, skip_others, output)


def add_to(app: typer.Typer) -> None:
    """Take the commands into the app."""
    app.add_typer(key)
    command(app, "sign")(sign)
    command(app, "verify")(verify)
