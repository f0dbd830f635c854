"""Tokens for Quantum Engine, from the one credential that the settings name."""

import json
from collections.abc import Callable
from typing import Any

import google.auth.exceptions
from google.auth import load_credentials_from_dict
from google.auth.compute_engine import Credentials as MetadataCredentials
from google.auth.transport.requests import Request

from qee.connectors.protocol import Unauthorized
from qee.connectors.vendors.google.settings import Access

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def bearer(access: Access) -> Callable[[], str]:
    """What gives a token that is valid now. Raises Unauthorized for a file that is no credential."""
    if access.kind == "token":
        return lambda: _token_file(access.secret)
    if access.kind == "metadata":
        credentials: Any = MetadataCredentials(scopes=_SCOPES)
    else:
        try:
            credentials, _ = load_credentials_from_dict(json.loads(access.secret), scopes=_SCOPES)
        except (ValueError, KeyError, TypeError, AttributeError, google.auth.exceptions.GoogleAuthError) as error:
            raise Unauthorized(
                f"credentials.json is no credential that google-auth reads ({type(error).__name__}); replace it"
            ) from None
        if hasattr(credentials, "with_always_use_jwt_access"):
            credentials = credentials.with_always_use_jwt_access(True)  # signed here, no call for a token

    def token() -> str:
        if not credentials.valid:
            credentials.refresh(Request())
        return str(credentials.token)

    return token


def _token_file(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            token = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unauthorized(f"token of the Secret cannot be read ({type(error).__name__})") from None
    if not token or not token.isprintable():
        raise Unauthorized("token of the Secret is empty or no token; replace it")
    return token
