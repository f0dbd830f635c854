"""liboqs, the second implementation of ML-DSA, built from source: Debian has no package of it.

The source is what the Rust crate oqs-sys carries; the crate registry is in reach where packages are. The published
image builds upstream's newer release instead (Dockerfile).
"""

import ctypes.util
import os
import platform
import shutil
import tempfile
from functools import cache
from pathlib import Path

from e2e.cluster import debian
from e2e.cluster.cache import digest, entry, need_space, root
from e2e.cluster.crates import Crate
from e2e.cluster.steps import ClusterError, run, say, step

LIBOQS_VERSION = "0.13.0"
CRATE = Crate(
    "oqs-sys",
    "0.11.0",
    "ac6d66ee528a895ce5cc08851698d109c5d7ee5d7a0b3b40d61550eda91e414f",
    metadata=f"liboqs-{LIBOQS_VERSION}",
)
OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    "-DOQS_BUILD_ONLY_LIB=ON",
    # Portable C for every processor. The AVX2 code of 0.13 does not check what FIPS 204 asks for (qee.signing.trials).
    "-DOQS_DIST_BUILD=OFF",
    "-DOQS_OPT_TARGET=generic",
    "-DOQS_USE_OPENSSL=OFF",  # an implementation of its own is the point
    "-DOQS_MINIMAL_BUILD=SIG_ml_dsa_44;SIG_ml_dsa_65;SIG_ml_dsa_87",
)
# liboqs-python 0.16 asks for this function, which liboqs 0.13 does not have yet.
ADDED = """
OQS_API bool OQS_SIG_supports_ctx_str(const char *name) {
    OQS_SIG *sig = OQS_SIG_new(name);
    bool yes = sig != NULL && sig->sig_with_ctx_support;
    OQS_SIG_free(sig);
    return yes;
}
"""
SONAME = "liboqs.so.7"
VECTORS = ("keyGen", "sigVer")  # NIST's, for the tests


def packages() -> dict[str, str]:
    """Debian's packages that the build needs, each with a file that it brings."""
    # bookworm's package `cargo` is from before the registry that is served file by file (1.68).
    cargo = "cargo-web" if debian.codename() == "bookworm" else "cargo"
    return {cargo: "cargo", "cmake": "cmake", "make": "make", "gcc": "cc", "libc6-dev": "/usr/include/stdio.h"}


def installed() -> bool:
    """Whether liboqs is on this machine without us, where liboqs-python looks for it."""
    return bool(os.environ.get("OQS_INSTALL_PATH")) or ctypes.util.find_library("oqs") is not None


def provide() -> None:
    """Lets this process and its children find liboqs, which is built first if need be."""
    if not installed():
        os.environ["OQS_INSTALL_PATH"] = str(built())


def provide_for_tests() -> None:
    """The same; where it cannot be had, the tests that need it fail with the reason, and the others run."""
    try:
        provide()
    except ClusterError as problem:
        say(f"No liboqs: {problem}")


@cache
def built() -> Path:
    """A directory with lib/liboqs.so, its licence and NIST's test vectors. The build takes about a minute."""
    if platform.system() != "Linux":
        raise ClusterError("liboqs is built here for Linux only; install it (macOS: brew install liboqs).")
    return entry("liboqs", digest(Path(__file__), platform.machine()), _build)


def _build(place: Path) -> None:
    _need_tools()
    need_space(place, 1, "Building liboqs")
    say(f"liboqs {LIBOQS_VERSION} is built from source once; its source comes from the Rust crate registry.")
    with tempfile.TemporaryDirectory(prefix="liboqs-", dir=place) as scratch:
        source = CRATE.unpack(Path(scratch), "liboqs") / "liboqs"
        signatures = source / "src/sig/sig.c"
        signatures.write_text(signatures.read_text() + ADDED)
        out, log = Path(scratch, "build"), root() / "liboqs-build.log"
        with step(f"Building liboqs {LIBOQS_VERSION}, about a minute"):
            why = "Building liboqs"
            run(["cmake", "-S", source, "-B", out, "-G", "Unix Makefiles", *OPTIONS], why=why, log=log)
            run(["cmake", "--build", out, "--parallel", str(os.cpu_count() or 1)], why=why, log=log)
        (place / "lib").mkdir()
        shutil.copyfile(out / "lib" / SONAME, place / "lib" / SONAME)
        (place / "lib/liboqs.so").symlink_to(SONAME)
        (place / "share/doc/liboqs").mkdir(parents=True)
        shutil.copyfile(source / "LICENSE.txt", place / "share/doc/liboqs/LICENSE.txt")
        for kind in VECTORS:
            folder = f"ML-DSA-{kind}-FIPS204"
            shutil.copytree(source / "tests/ACVP_Vectors" / folder, place / "vectors" / folder)


def _need_tools() -> None:
    wanted = packages()
    absent = debian.missing(wanted)
    if absent and (os.geteuid() != 0 or shutil.which("apt-get") is None):
        raise ClusterError(
            f"liboqs is built from source, and what Debian calls {', '.join(absent)} is missing: install that "
            f"(apt-get install {' '.join(absent)}), or install liboqs 0.16 or newer and run ldconfig."
        )
    debian.need(wanted)
