"""Images without a registry: buildah, on a base image that debootstrap makes of Debian packages."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path

from e2e.cluster import debian, images, liboqs
from e2e.cluster.cache import digest, lock, need_space, root
from e2e.cluster.layout import Layout
from e2e.cluster.steps import run, step

GENERATIONS = 12  # several nodes and checkouts may share the cache
SUITE = "trixie"
PACKAGES = "python3-minimal,libpython3-stdlib,python3-venv,libseccomp2,ca-certificates"
# What Debian's own container images leave out as well.
LEFT_OUT = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "var/cache/apt",
    "var/lib/apt/lists",
)
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout")


class Buildah:
    """Its storage is in the cache, apart from the user's."""

    def __init__(self) -> None:
        self._home = root() / "containers"

    def sources(self) -> AbstractContextManager[Path]:
        """With a liboqs that was built on this machine: upstream's source may be out of reach."""
        return images.context(liboqs=liboqs.built())

    def build(self, target: str, reference: str, context: Path) -> None:
        """Makes the image `reference` from the Dockerfile in `context`, unless it is there already."""
        debian.need_root("Building images with buildah")
        debian.need(debian.IMAGES)
        with lock(self._home / ".lock", "images"):
            if self._exists(reference):
                return
            need_space(self._home, 10, "Building images")
            self._run("rm", "--all")  # of builds that were killed; there are no others, for the lock is held
            base = self._base()
            log = root() / f"build-{target}.log"
            with step(f"Building {reference}"):
                self._run(
                    "bud",
                    "--layers",
                    f"--target={target}",
                    f"--build-arg=BASE={base}",
                    "--build-arg=LIBOQS=context",
                    # Mounted for the build alone: no setting of this machine gets into an image.
                    f"--volume={CERTIFICATES}:{CERTIFICATES}:ro",
                    f"--secret=id=pip,src={self._pip_configuration()}",
                    f"--tag={reference}",
                    str(context),
                    log=log,
                )

    def archive(self, reference: str, known: Iterable[str], path: Path) -> None:
        """Writes the image to `path` for containerd, without the blobs that it knows."""
        with lock(self._home / ".lock", "images"):
            self._layout.add(reference, self._export)
            self._layout.archive(reference, known, path)

    def push(self, reference: str) -> None:
        """Uploads the image to the registry that its name starts with."""
        self._run("push", "--quiet", reference, remedy="Log in first: buildah login.")

    @contextmanager
    def only(self, wanted: list[str]) -> Iterator[None]:
        """On leaving, drops the images that were not wanted for many builds, with the layers that only they used.

        Not before: a new image is made from layers of the one that it replaces.
        """
        noted = self._home / "images.json"
        with lock(self._home / ".lock", "images"):
            images.recent(noted, wanted, GENERATIONS)
        yield
        with lock(self._home / ".lock", "images"):
            kept = {*images.recent(noted, wanted, GENERATIONS), self._base_name}  # others may have come meanwhile
            for name in self._images():
                if name.startswith("localhost/qee-") and name not in kept:
                    self._run("rmi", name)
            self._layout.keep(kept)

    def _export(self, reference: str, destination: str) -> None:
        self._run("push", "--quiet", reference, destination)

    @property
    def _layout(self) -> Layout:
        return Layout(self._home / "layout")

    @cached_property
    def _base_name(self) -> str:
        return f"localhost/qee-base:{digest(SUITE, PACKAGES, *LEFT_OUT)}"

    def _base(self) -> str:
        """The base image's reference. Made once, in about 90 seconds."""
        name = self._base_name
        if not self._exists(name):
            self._home.mkdir(parents=True, exist_ok=True)
            with (
                tempfile.TemporaryDirectory(prefix="base-", dir=self._home) as scratch,
                step(f"Making the base image {name}"),
            ):
                tree = Path(scratch, "root")
                why = f"Making a Debian {SUITE} tree"
                mirror = debian.mirror()
                log = root() / "debootstrap.log"
                run(
                    ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, tree, mirror], why=why, log=log
                )
                for directory in LEFT_OUT:
                    shutil.rmtree(tree / directory, ignore_errors=True)
                    (tree / directory).mkdir()
                container = self._run("from", "scratch").strip()
                self._run("add", "--quiet", container, str(tree), "/")
                self._run("commit", "--quiet", "--rm", container, name)
        return name

    def _exists(self, reference: str) -> bool:
        return reference in self._images()

    def _images(self) -> list[str]:
        return self._run("images", "--format={{.Name}}:{{.Tag}}").split()

    def _run(self, *words: str, log: Path | None = None, remedy: str = "") -> str:
        places = ["--root", str(self._home / "storage"), "--runroot", str(self._home / "run")]
        scratch = self._home / "tmp"  # RUN --mount=type=cache ends up below it as well
        scratch.mkdir(parents=True, exist_ok=True)
        settings = {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": self._driver, "TMPDIR": str(scratch)}
        env = {**os.environ, **settings}
        command = ["buildah", *places, *words]
        return run(command, why=f"buildah {words[0]}", env=env, log=log, remedy=remedy)

    @cached_property
    def _driver(self) -> str:
        """overlay where the kernel lets root mount it, else vfs, whose every layer is a full copy."""
        self._home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="overlay-", dir=self._home) as scratch:
            below, above, work, merged = (Path(scratch, name) for name in ("below", "above", "work", "merged"))
            for directory in (below, above, work, merged):
                directory.mkdir()
            options = f"lowerdir={below},upperdir={above},workdir={work}"
            if _quietly("mount", "-t", "overlay", "overlay", "-o", options, str(merged)):
                _quietly("umount", str(merged))
                return "overlay"
        return "vfs"

    def _pip_configuration(self) -> Path:
        """This machine's pip settings that say where packages come from, for the builds."""
        asked = subprocess.run(
            ["python3", "-m", "pip", "config", "list"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        path = self._home / "pip.conf"
        path.write_text(pip_configuration(asked.stdout))
        return path


def pip_configuration(listed: str) -> str:
    """A pip.conf from the output of `pip config list`: index, proxy and time limits, and the machine's certificates."""
    kept = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        setting = name.rpartition(".")[2]
        if setting in PIP_SETTINGS:
            kept[setting] = value.strip("'\"")
    kept["cert"] = CERTIFICATES
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in kept.items()), ""])


def _quietly(*words: str) -> bool:
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
