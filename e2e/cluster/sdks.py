"""A Python environment for each vendor's SDK, from requirements/VENDOR.txt, kept in the cache under the lock's digest.

As in the vendor's image it is apart from everything else; the project itself is found by PYTHONPATH.
"""

import os
import sys
from pathlib import Path

from e2e.cluster.binaries import LOCKS, uv
from e2e.cluster.cache import CHECKOUT, digest, entry
from e2e.cluster.steps import run

# The worked example of a connector needs Qiskit and nothing of a vendor's; its environment is one that has it.
SHARED = {"acme": "ionq"}


def python(vendor: str) -> Path:
    """The interpreter of the vendor's environment, made when it is not there."""
    lock = LOCKS / f"{SHARED.get(vendor, vendor)}.txt"

    def make(place: Path) -> None:
        run([uv(), "venv", "-q", "--relocatable", "--python", sys.executable, place], why=f"SDK of {vendor}")
        install: list[str | Path] = [uv(), "pip", "install", "-q", "--python", place / "bin/python"]
        run([*install, "--require-hashes", "-r", lock], why=f"SDK of {vendor}")

    return entry("sdk", f"{lock.stem}-{digest(lock, sys.version)}", make) / "bin/python"


def environment() -> dict[str, str]:
    """The variables with which that interpreter finds the project, its entry points and its tests."""
    return {**os.environ, "PYTHONPATH": f"{CHECKOUT / 'operator'}{os.pathsep}{CHECKOUT}"}
