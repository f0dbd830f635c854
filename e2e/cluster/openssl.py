"""OpenSSL 3.5 or newer for the tests: Debian trixie's, unpacked beside its own C library, nothing installed.

Debian 12's own is 3.0, which knows no ML-DSA.
"""

import hashlib
import lzma
import os
import tempfile
import urllib.request
from functools import cache
from pathlib import Path

from e2e.cluster import debian
from e2e.cluster.cache import digest, entry
from e2e.cluster.steps import ClusterError, run, step

SUITE = "trixie"
PACKAGES = ("libc6", "libssl3t64", "libzstd1", "openssl", "zlib1g")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_INDEX = "main/binary-{}/Packages.xz"
_WRAPPER = """\
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")/root
lib=$(dirname "$here"/usr/lib/*/libssl.so.3)
export OPENSSL_CONF="$here/etc/ssl/openssl.cnf" OPENSSL_MODULES="$lib/ossl-modules"
exec "$lib"/ld-linux-*.so.* --library-path "$lib" "$here/usr/bin/openssl" "$@"
"""


@cache
def program() -> Path:
    """The command. Raises ClusterError where it cannot be had. Takes a few seconds the first time."""
    architecture = run(["dpkg", "--print-architecture"], why="Finding Debian's architecture").strip()
    key = digest(SUITE, *PACKAGES, _WRAPPER, architecture)
    return entry("openssl", key, lambda place: _unpack(place, architecture)) / "openssl"


def _unpack(place: Path, architecture: str) -> None:
    mirror = debian.mirror().rstrip("/")
    with step(f"Fetching {SUITE}'s OpenSSL"), tempfile.TemporaryDirectory(prefix="openssl-", dir=place) as scratch:
        signed, release, package = (Path(scratch, name) for name in ("InRelease", "Release", "package.deb"))
        signed.write_bytes(_get(f"{mirror}/dists/{SUITE}/InRelease"))
        run(["gpgv", "--quiet", "--keyring", KEYRING, "--output", release, signed], why="Checking Debian's signature")
        listed = _INDEX.format(architecture)
        sums = release.read_text().partition("\nSHA256:\n")[2].splitlines()
        expected = next(line.split()[0] for line in sums if line.endswith(f" {listed}"))
        index = lzma.decompress(_get(f"{mirror}/dists/{SUITE}/{listed}", expected)).decode()
        for paragraph in index.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
            if fields.get("Package") in PACKAGES:
                package.write_bytes(_get(f"{mirror}/{fields['Filename']}", fields["SHA256"]))
                run(["dpkg-deb", "--extract", package, place / "root"], why=f"Unpacking {fields['Package']}")
    (place / "openssl").write_text(_WRAPPER)
    os.chmod(place / "openssl", 0o755)


def _get(address: str, expected: str = "") -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            data: bytes = answer.read()
    except OSError as error:
        raise ClusterError(f"{address} cannot be fetched: {error}") from error
    if expected and hashlib.sha256(data).hexdigest() != expected:
        raise ClusterError(f"{address} is not the file with SHA-256 {expected}.")
    return data
