"""Documents within objects: gzip in base64, with digest and length. Standard library only."""

import base64
import gzip
import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from qee.documents.canonical import DocumentError


def pack(document: bytes) -> dict[str, Any]:
    """The same document gives the same text: no time is in it."""
    data = base64.b64encode(gzip.compress(document, mtime=0)).decode()
    return {"data": data, "sha256": hashlib.sha256(document).hexdigest(), "bytes": len(document)}


def unpack(packed: Mapping[str, Any], most: int) -> bytes:
    """The document, of `most` bytes at most. Raises DocumentError, also where it is not of its digest."""
    try:
        data = base64.b64decode(str(packed["data"]), validate=True)
    except (KeyError, ValueError):
        raise DocumentError("it is not base64") from None
    document = inflated(data, most)
    if hashlib.sha256(document).hexdigest() != packed.get("sha256"):
        raise DocumentError("it is not of its digest")
    return document


def inflated(data: bytes, most: int) -> bytes:
    """What zlib or gzip has packed, of `most` bytes at most: no more is ever unpacked, so a bomb costs that much.

    Raises DocumentError for what is longer, cut off, or not packed in this way. Adapters read with it what a provider
    sends packed.
    """
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        document = unpacking.decompress(data, most + 1)
    except zlib.error:
        raise DocumentError("it is not packed by zlib or gzip") from None
    if len(document) > most:
        raise DocumentError(f"unpacked it has more than {most} bytes")
    if not unpacking.eof:
        raise DocumentError("it is cut off")
    return document
