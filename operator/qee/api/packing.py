"""Documents within objects: gzip in base64, with digest and length. Standard library only."""

import base64
import gzip
import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from qee.api.json_fields import DocumentError


def pack(document: bytes) -> dict[str, Any]:
    """The same document gives the same text: no time is in it."""
    data = base64.b64encode(gzip.compress(document, mtime=0)).decode()
    return {"data": data, "sha256": hashlib.sha256(document).hexdigest(), "bytes": len(document)}


def unpack(packed: Mapping[str, Any], most: int) -> bytes:
    """The document, of `most` bytes at most. Raises DocumentError, also where it is not of its digest."""
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        document = unpacking.decompress(base64.b64decode(str(packed["data"]), validate=True), most)
    except (KeyError, ValueError, zlib.error):
        raise DocumentError("it is not gzip in base64") from None
    if not unpacking.eof or hashlib.sha256(document).hexdigest() != packed.get("sha256"):
        raise DocumentError("it is not of its digest")
    return document
