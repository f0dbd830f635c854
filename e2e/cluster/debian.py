"""Programs that come from Debian: what is missing is named first and then installed, once."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from e2e.cluster.steps import ClusterError, run, say, step

# Package -> a file that it brings: looked for instead of asking dpkg, so that hand-installed programs count as well.
NODE = {
    "containerd": "containerd",
    "runc": "runc",
    "containernetworking-plugins": "/usr/lib/cni/ptp",
    "nftables": "nft",  # kube-proxy programs Services with it
    "iproute2": "ip",
    "openssl": "openssl",
}
IMAGES = {"buildah": "buildah", "debootstrap": "debootstrap", "ca-certificates": "/etc/ssl/certs/ca-certificates.crt"}


def missing(packages: Mapping[str, str]) -> list[str]:
    """The packages whose program or file is absent, in order."""
    return [
        package
        for package, brings in packages.items()
        if not (Path(brings).exists() if brings.startswith("/") else shutil.which(brings))
    ]


def need(*groups: Mapping[str, str]) -> None:
    """Installs what is missing of the packages. Raises ClusterError where that is not possible."""
    absent = [package for group in groups for package in missing(group)]
    if not absent:
        return
    words = " ".join(absent)
    if shutil.which("apt-get") is None:
        raise ClusterError(f"Missing: {words} (Debian's names). There is no apt-get here: install them yourself.")
    need_root(f"Installing {words}")
    say(f"To be installed from Debian, with what they depend on: {words}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *absent]
    with step(f"Installing {words}"):
        run(["apt-get", "update", "-q"], why="apt-get update", env=env, remedy="Is Debian's mirror in reach?")
        run(install, why=f"Installing {words}", env=env, remedy=f"Install them by hand: apt-get install {words}")
    if still := missing({package: brings for group in groups for package, brings in group.items()}):
        raise ClusterError(f"apt-get installed {', '.join(still)}, but not the files expected of them.")


class NeedsRoot(ClusterError):
    """What only root can do here; tests that need it are skipped and say so."""


def need_root(what: str) -> None:
    if os.geteuid() != 0:
        raise NeedsRoot(
            f"{what} needs root. Run as root, start Docker or Podman (kind is used then), "
            "or name a cluster with QEE_KUBECONFIG. `make unit api-tests` needs none of these."
        )


def codename() -> str:
    """`bookworm`, `trixie`, ...; empty where /etc/os-release names none."""
    release = Path("/etc/os-release")
    lines = release.read_text().splitlines() if release.exists() else []
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    return fields.get("VERSION_CODENAME", "").strip('"')


def mirror() -> str:
    """Where this machine gets Debian from, for debootstrap. Raises ClusterError where it is not a Debian."""
    wanted = ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"]
    for line in run(wanted, why="Finding Debian's mirror").splitlines():
        origin, label, address = line.split("|")
        if (origin, label) == ("Debian", "Debian"):
            return address
    raise ClusterError(
        "No Debian mirror in apt's lists, so no base image can be made: run apt-get update, or use Docker or Podman."
    )
