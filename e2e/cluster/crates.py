"""Source that only the Rust crate registry has: fetched with cargo, which keeps it, and held to a digest."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.steps import ClusterError, run, step

_MANIFEST = """\
[package]
name = "source"
version = "0.0.0"
edition = "2021"
[lib]
path = "lib.rs"
[dependencies]
{name} = "={version}"
"""


@dataclass(frozen=True)
class Crate:
    """A crate at one version. `metadata` is what stands behind the version's plus sign; it may be empty."""

    name: str
    version: str
    sha256: str
    metadata: str = ""

    @property
    def stem(self) -> str:
        return f"{self.name}-{self.version}" + (f"+{self.metadata}" if self.metadata else "")

    def unpack(self, into: Path, *members: str) -> Path:
        """The directory with these members of the crate, all of each. Raises ClusterError."""
        if shutil.which("cargo") is None:
            raise ClusterError(
                f"The crate {self.name} cannot be fetched: cargo is missing; install it (1.68 or newer)."
            )
        with tempfile.TemporaryDirectory(prefix="crate-") as scratch:
            Path(scratch, "Cargo.toml").write_text(_MANIFEST.format(name=self.name, version=self.version))
            Path(scratch, "lib.rs").touch()
            remedy = "Is the Rust crate registry in reach, and cargo 1.68 or newer?"
            with step(f"Fetching {self.stem}"):
                run(["cargo", "fetch"], why=f"Fetching the crate {self.name}", cwd=Path(scratch), remedy=remedy)
        wanted = [f"{self.stem}/{member}" for member in members]
        run(["tar", "-xzf", self.file(), "-C", into, *wanted], why=f"Unpacking the crate {self.name}")
        return into / self.stem

    def file(self) -> Path:
        """Where cargo keeps it. Raises ClusterError unless it has our digest."""
        home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
        found = sorted(home.glob(f"registry/cache/*/{self.stem}.crate"))
        for crate in found:
            if hashlib.sha256(crate.read_bytes()).hexdigest() == self.sha256:
                return crate
        raise ClusterError(
            f"The crate {self.name} {self.version} in {home} is not the one with SHA-256 {self.sha256}: remove "
            f"{', '.join(map(str, found)) or 'nothing: it is not there'} and try again."
        )
