"""Options about keys, which several commands share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from qee.cli.sign.secret import Passphrase
    from qee.cli.sign.signers import KeyOptions


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

    def chosen(self) -> "KeyOptions":
        """What the command line says, else the user's own key. Raises Problem for a configuration that is none."""
        from qee.cli import config
        from qee.cli.sign.secret import Passphrase
        from qee.cli.sign.signers import KeyOptions

        if not self.named() and (own := config.key()) is not None:
            word = Passphrase(self.passphrase_file or own[1], self.passphrase_fd)
            return KeyOptions([own[0]], passphrase=word)
        files: Sequence[str] = self.key or []
        return KeyOptions(files, self.key_fd, self.key_env, self.signer, self.public, self.passphrase())
