"""The commands about keys and signatures: names and options only, as in `main`, which takes them in."""

from datetime import datetime
from typing import Annotated, Any

import typer

from qee.cli import options
from qee.cli.command import command
from qee.cli.connection import Target
from qee.cli.forms import KeyAlgorithm, KeyForm, VerdictForm
from qee.cli.sign.options import PassphraseOptions, PolicyOptions, SigningOptions, StatementOptions

KeyFile = Annotated[str, typer.Argument(metavar="FILE", help="The key: private or public, PEM or DER.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
Out = Annotated[str, typer.Option("--out", metavar="FILE", help="Where the key goes; mode 0600.")]
NoPassphrase = Annotated[bool, typer.Option("--no-passphrase", help="Write the private key unencrypted.")]


def generate(
    *,
    out: Out,
    algorithm: Annotated[KeyAlgorithm | None, typer.Option(help="Default: ML-DSA-65.")] = None,
    cnsa: Annotated[bool, typer.Option("--cnsa", help="As CNSA 2.0 demands: ML-DSA-87.")] = False,
    no_passphrase: NoPassphrase = False,
    force: Force = False,
    word: PassphraseOptions,
) -> Any:
    """Make a key: FILE, encrypted, and FILE.pub. Prints the key id.

    PKCS#8 with the seed alone (RFC 9881), encrypted by PBES2 with a passphrase.
    """
    from qee.cli.sign import keys as key_files

    chosen = str(algorithm) if algorithm else None
    return key_files.generate(out, chosen, cnsa, word.passphrase(), not no_passphrase, force)


def show(
    *,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Keys: private or public, PEM or DER.")],
    public: Annotated[bool, typer.Option("--public", help="The public key in PEM.")] = False,
    policy: PolicyOptions,
    word: PassphraseOptions,
) -> Any:
    """Show keys: algorithm and key id, the public key, or a trust policy to apply. Never the private key."""
    from qee.cli.sign import keys as key_files

    return key_files.show(files, word.passphrase(), public, policy)


def convert(
    *,
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
    word: PassphraseOptions,
) -> Any:
    """Write a key in another form: PEM or DER, another passphrase or none, or the public key alone.

    A public key stays one. ML-DSA keys must be in seed form; the error says how OpenSSL writes it.
    """
    from dataclasses import replace

    from qee.cli.sign import keys as key_files

    return key_files.convert(
        file,
        out,
        word.passphrase(),
        replace(key_files.NEW_PASSPHRASE, file=new_passphrase_file, descriptor=new_passphrase_fd),
        form=form,
        public=public,
        encrypted=not no_passphrase,
        force=force,
    )


def sign(
    target: Target,
    *,
    given: options.Given,
    statement: StatementOptions,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="The signed manifest. Default: stdout.")
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write the signed manifest over FILE.")] = False,
    signing: SigningOptions,
) -> Any:
    """Sign the jobs of a manifest.

    The manifest stays as it is, but for the annotation. It is refused where readers of YAML would differ about it.
    """
    from qee.cli.sign import signing as signing_of_files

    stated, file = signing_of_files.Terms.of(statement), given.one("qee sign FILE")
    return signing_of_files.sign(
        target, file, signing.chosen(), stated, add=statement.add, output=output, in_place=in_place
    )


def verify(
    target: Target,
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE...", help="Manifests; the same as -f.")] = None,
    file: Annotated[
        list[str] | None, typer.Option("-f", "--file", metavar="FILE", help="Manifest; - is stdin; may be repeated.")
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
            parser=options.moment,
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


keys = typer.Typer(
    name="key", help="Make, show and convert keys for signing jobs.", no_args_is_help=True, rich_markup_mode=None
)
for each in (generate, show, convert):
    command(keys, each)
