"""A provider's words where they may go into a status. Standard library only."""

import re

_LONGEST = 200


def printable(text: str) -> str:
    """Short, ASCII, without addresses and what follows `Bearer`."""
    text = re.sub(r"https?://\S+", "(address)", text)
    text = re.sub(r"(?i)\bbearer\s+\S+", "(token)", text)
    return re.sub(r"[^ -~]+", " ", text).strip()[:_LONGEST]


def excerpt(text: str, secret: str = "") -> str:
    """In brackets, with a space before; empty for no text. `secret` is cut out of it."""
    found = printable(text.replace(secret, "***") if secret else text)
    return f" ({found})" if found else ""
