"""Options about keys, which several commands share."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from qee.cli import config, options

if TYPE_CHECKING:
    from qee.cli.sign.secret import Passphrase


@dataclass(frozen=True)
class PassphraseOptions:
    """Where the passphrase of a private key comes from; every command that reads one has them."""

    passphrase_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Passphrase in a file. Default: $QEE_KEY_PASSPHRASE, else asked for."),
    ] = None
    passphrase_fd: Annotated[
        int | None, typer.Option(metavar="N", help="Passphrase from file descriptor N, 3 or above.")
    ] = None

    def passphrase(self) -> "Passphrase":
        from qee.cli.sign.secret import Passphrase

        return Passphrase(self.passphrase_file, self.passphrase_fd)


@dataclass(frozen=True)
class PolicyOptions:
    """What makes a trust policy of keys. `holders`: one for each of them."""

    wanted: Annotated[bool, typer.Option("--policy", help="A QuantumTrustPolicy with the key.")] = False
    namespaces: Annotated[
        list[str] | None, typer.Option("--namespace", metavar="NAME", help="That it governs; may be repeated.")
    ] = None
    holders: Annotated[
        list[str] | None,
        typer.Option("--holder", metavar="WHO", help="Who holds the private key; once for each FILE, in their order."),
    ] = None
    threshold: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many of the keys have to sign. Default: 1.")
    ] = None
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of policy and rule. Default: that of the first file.")
    ] = None


@dataclass(frozen=True)
class SigningOptions(PassphraseOptions):
    """What signs; every command that signs has them."""

    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Private key to sign with; may be repeated. Default: $QEE_KEY, else that of the configuration file.",
        ),
    ] = None
    key_fd: Annotated[int | None, typer.Option(metavar="N", help="Private key from file descriptor N.")] = None
    key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="Private key in PEM from an environment variable.")
    ] = None
    signer: Annotated[
        str | None, typer.Option(metavar="exec:CMD", help="A program that signs, for a token or a key service.")
    ] = None
    public: Annotated[str | None, typer.Option(metavar="PUB", help="Public key of --signer.")] = None

    def named(self) -> bool:
        """Whether the command line says what signs."""
        return any(each is not None for each in (self.key or None, self.key_fd, self.key_env, self.signer, self.public))

    def chosen(self) -> "SigningOptions":
        """What the command line says, else the user's own key. Raises Problem for a configuration that is none."""
        if self.named() or (own := config.key()) is None:
            return self
        return replace(self, key=[own[0]], passphrase_file=self.passphrase_file or own[1])


@dataclass(frozen=True)
class StatementOptions:
    """What is stated about the job, beside the job itself."""

    audience: Annotated[
        list[str] | None,
        typer.Option(
            metavar="UID",
            help="Cluster that may accept it: UID of its kube-system, or a name of its policies; may be repeated."
            " Default: the current cluster.",
        ),
    ] = None
    valid_for: Annotated[
        float,
        typer.Option(
            parser=options.seconds,
            metavar="DURATION",
            help="How long the job may be created, for example 30m or 7d. Default: 24h.",
            show_default=False,
        ),
    ] = "24h"  # type: ignore[assignment]
    not_before: Annotated[
        datetime | None, typer.Option(parser=options.moment, metavar="TIME", help="From when on. Default: now.")
    ] = None
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PUB", help="Public key of one who signs later with --add; may be repeated."),
    ] = None
    add: Annotated[bool, typer.Option("--add", help="Add a signature to the one that is there.")] = False
    break_glass: Annotated[
        str | None, typer.Option(metavar="REASON", help="An emergency: with a key that a policy has for that.")
    ] = None
