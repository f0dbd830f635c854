"""Who QEE is at Google, and which processor of which project it uses. Standard library only."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from qee.connectors.protocol import Rejected, Settings, Unauthorized

ENDPOINT = "https://quantum.googleapis.com"
OPTIONS = ("project", "deviceConfigName", "runName", "snapshotId", "endpoint")
KEY_FILE, TOKEN_FILE = "credentials.json", "token"


@dataclass(frozen=True)
class Access:
    """`kind` is key (the file's content in `secret`), token (its path in `secret`) or metadata."""

    project: str
    endpoint: str
    kind: str
    secret: str
    selector: Mapping[str, str]


def access(settings: Settings) -> Access:
    """Raises Rejected for an option, Unauthorized where there is no credential."""
    options = settings.options
    for name in options:
        if name not in OPTIONS:
            raise Rejected(f"spec.options.{name}: not known to provider google; it takes {', '.join(OPTIONS)}")
    if not settings.device:
        raise Rejected("spec.device: name the processor, as `willow_pink`")
    if not options.get("project"):
        raise Rejected("spec.options.project: missing; give the id of the Google Cloud project")
    for place, name in (("spec.options.project", options["project"]), ("spec.device", settings.device)):
        if "/" in name:
            raise Rejected(f"{place}: {name[:64]!r} must be an id, without slashes")
    kind, secret = _credential(settings)
    endpoint = _endpoint(options.get("endpoint", ENDPOINT), kind)
    return Access(options["project"], endpoint, kind, secret, _selector(options))


def _credential(settings: Settings) -> tuple[str, str]:
    if not settings.credentials:
        return "metadata", ""
    for kind, name in (("key", KEY_FILE), ("token", TOKEN_FILE)):
        path = os.path.join(settings.credentials, name)
        if os.path.isfile(path):
            return kind, path if kind == "token" else _content(path)
    raise Unauthorized(
        f"the Secret has neither {KEY_FILE} nor {TOKEN_FILE}; add one, or leave credentialsSecretRef out"
    )


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise Unauthorized(f"{KEY_FILE} of the Secret cannot be read ({type(error).__name__})") from None


def _endpoint(url: str, kind: str) -> str:
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        plain = False
    if not plain or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise Rejected("spec.options.endpoint: must be a URL of scheme, host and port, as https://host:443")
    if parts.scheme == "http" and kind != "token":
        raise Rejected(f"spec.options.endpoint: http needs a credential of the kind {TOKEN_FILE}; use https")
    return url.rstrip("/")


def _selector(options: Mapping[str, str]) -> dict[str, str]:
    """As `cirq_google.EngineClient.create_job` asks for it."""
    given = {name: options[name] for name in ("deviceConfigName", "runName", "snapshotId") if options.get(name)}
    if given and (("runName" in given) == ("snapshotId" in given) or "deviceConfigName" not in given):
        raise Rejected("spec.options.deviceConfigName: goes with one of runName and snapshotId; give two, or none")
    return given
