"""Which group the key exchange of a TLS handshake has used. Python tells from 3.15 on; until then it is read off.

`SSLContext._msg_callback` is not public, so this is for looking only: at log level debug, and in the tests.
"""

import ssl
from typing import Any

from prometheus_client import Counter

NAMES = {0x11EC: "X25519MLKEM768", 0x11EB: "SecP256r1MLKEM768", 0x001D: "x25519", 0x0017: "secp256r1"}
_HANDSHAKE, _SERVER_HELLO, _KEY_SHARE = 22, 2, 51  # RFC 8446 sections 5.1, 4, 4.2
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # section 4.1.3


def count_groups(context: ssl.SSLContext, handshakes: Counter) -> bool:
    """Count each handshake from now on by its group; False where this Python does not let us look."""
    if not hasattr(context, "_msg_callback"):
        return False

    def seen(_: Any, direction: str, __: Any, content: int, message: int, data: bytes) -> None:
        if (direction, content, message) == ("write", _HANDSHAKE, _SERVER_HELLO):
            group = group_of(bytes(data))
            if group is not None:
                handshakes.labels(NAMES.get(group, hex(group))).inc()

    context._msg_callback = seen
    return True


def group_of(hello: bytes) -> int | None:
    """The selected group in a ServerHello, its handshake header included; None where it has none."""
    if len(hello) < 44 or hello[6:38] == _RETRY:
        return None
    at = 39 + hello[38] + 3  # header, version, random, session id, cipher suite, compression
    end = at + 2 + int.from_bytes(hello[at : at + 2])
    at += 2
    while at + 4 <= end:
        kind, size = int.from_bytes(hello[at : at + 2]), int.from_bytes(hello[at + 2 : at + 4])
        if kind == _KEY_SHARE:
            return int.from_bytes(hello[at + 4 : at + 6])
        at += 4 + size
    return None
