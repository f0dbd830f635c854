"""A provider's words within a message. Standard library only."""

from qee.connectors.wording import clean

_LONGEST = 200


def excerpt(text: str, secret: str = "") -> str:
    """In brackets, with a space before; empty for no text. `secret` is cut out of it."""
    found = clean(text.replace(secret, "***") if secret else text, _LONGEST).strip()
    return f" ({found})" if found else ""
