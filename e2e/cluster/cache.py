"""What is expensive to make, kept outside the checkout under the digest of what it was made from."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.cluster.steps import ClusterError, say

# What the modules of this package keep in the cache; uv is the Makefile's.
CONTENTS = (
    "kubernetes",
    "clients",
    "go",
    "kind",
    "kind-cluster",
    "argo-cd",
    "argo-cd-run",
    "containers",
    "liboqs",
    "api",
    "helm",
    "kubectl",
    "sdk",
    "uv",
    "wycheproof",
)
CHECKOUT = Path(__file__).resolve().parents[2]


def root() -> Path:
    """`$QEE_CACHE`, or `qee` in the user's cache directory."""
    named = os.environ.get("QEE_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named).resolve() if named else home / "qee"


def digest(*parts: str | bytes | Path) -> str:
    """Twelve hex digits over texts, files (by content) and directories (by the names and contents of their files).

    Byte-code and other generated files do not count. Every part is framed by its length, so that ("ab", "c") and
    ("a", "bc") differ.
    """
    total = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            total.update(len(piece).to_bytes(8, "big"))
            total.update(piece)
    return total.hexdigest()[:12]


def _pieces(part: str | bytes | Path) -> Iterator[bytes]:
    if isinstance(part, bytes):
        yield part
    elif isinstance(part, str):
        yield part.encode()
    elif part.is_dir():
        for path in sorted(part.rglob("*")):
            generated = {"__pycache__", ".pytest_cache"} & set(path.parts) or ".egg-info" in str(path)
            if path.is_file() and not generated:
                yield str(path.relative_to(part)).encode()
                yield path.read_bytes()
    else:
        yield part.read_bytes()


@contextmanager
def lock(path: Path, what: str) -> Iterator[None]:
    """Holds an exclusive lock on `path`; it ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for another process that is busy with {what} ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def entry(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """The directory `kind/key` of the cache, made by `make(directory)` when it is not there.

    It appears whole or not at all: `make` fills a directory beside it, which is renamed at the end. What a killed run
    left half made is removed.
    """
    place = root() / kind / key
    if place.is_dir():
        return place
    with lock(root() / kind / ".lock", kind):
        if place.is_dir():
            return place
        half = place.with_name(f".{key}.half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        make(half)
        half.rename(place)
    return place


def need_space(path: Path, gigabytes: float, what: str) -> None:
    """Raises ClusterError when the disk under `path` has less than `gigabytes` (10^9 bytes) free."""
    there = path
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free / 1e9
    if free < gigabytes:
        raise ClusterError(
            f"{what} needs {gigabytes:g} GB under {path}, and {free:.1f} GB are free. "
            "Free some, or set QEE_CACHE and QEE_STATE to directories on a larger disk."
        )


def clear() -> None:
    """Removes what this package caches, and nothing else: QEE_CACHE may name a directory with more in it."""
    for name in CONTENTS:
        place = root() / name
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    for log in root().glob("*.log"):
        log.unlink()
