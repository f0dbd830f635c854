"""The user's own settings: one small YAML file, for what one would otherwise type every day."""

import os
from pathlib import Path
from typing import Any

from qee.cli.problem import Problem

KEY_VARIABLE = "QEE_KEY"
FIELDS = {"key": "private key to sign with", "passphraseFile": "file with its passphrase"}


def path() -> Path:
    """`$XDG_CONFIG_HOME/qee/config.yaml`, else below ~/.config."""
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "qee" / "config.yaml"


def key() -> tuple[str, str | None] | None:
    """Files of the key that is signed with where none is named, and of its passphrase: `$QEE_KEY`, else the file's."""
    if named := os.environ.get(KEY_VARIABLE):
        return named, None
    found = _read()
    if "key" not in found:
        return None
    word = found.get("passphraseFile")
    return _expanded(found["key"]), None if word is None else _expanded(word)


def _expanded(name: str) -> str:
    """From the file's own folder where the name is relative."""
    return str(path().parent / Path(name).expanduser())


def _read() -> dict[str, str]:
    """Raises Problem for anything but texts under known names."""
    import yaml

    where = path()
    try:
        found: Any = yaml.safe_load(where.read_bytes()) or {}
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        raise Problem(f"{where}: cannot be read as YAML; it holds lines like: key: ada.key") from None
    if not isinstance(found, dict):
        raise Problem(f"{where}: is no map; it holds lines like: key: ada.key")
    for name, value in found.items():
        if name not in FIELDS:
            raise Problem(f"{where}: {name}: there is no such setting; there are {', '.join(FIELDS)}")
        if not isinstance(value, str) or not value:
            raise Problem(f"{where}: {name}: give the name of a file, the {FIELDS[name]}")
    return found
