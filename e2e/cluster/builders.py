"""Who builds the Dockerfile's targets: Docker or Podman where one runs, buildah otherwise."""

import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from e2e.cluster import images
from e2e.cluster.buildah import Buildah
from e2e.cluster.cache import root
from e2e.cluster.steps import run, step


class Builder(Protocol):
    def sources(self) -> AbstractContextManager[Path]:
        """A build context (images.context) as this builder needs it."""

    def build(self, target: str, reference: str, context: Path) -> None:
        """Makes the image `reference` from the Dockerfile in `context`, unless it is there already."""

    def push(self, reference: str) -> None:
        """Uploads it to the registry that its name starts with."""


def builder() -> Builder:
    running = engine()
    return Engine(running) if running else Buildah()


def engine() -> str | None:
    """`docker` or `podman`, whichever answers. A client without its engine does not count."""
    for name, version in (("docker", "{{.ServerVersion}}"), ("podman", "{{.Version.Version}}")):
        command = [name, "info", "--format", version]
        try:
            asked = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
            )
        except (FileNotFoundError, subprocess.TimeoutExpired):
            continue
        if asked.returncode == 0 and asked.stdout.strip():
            return name
    return None


class Engine:
    """name: `docker` or `podman`. It pulls the official Python image as the base, and builds upstream's liboqs."""

    def __init__(self, name: str) -> None:
        self.name = name

    def sources(self) -> AbstractContextManager[Path]:
        return images.context()

    def build(self, target: str, reference: str, context: Path) -> None:
        log = root() / f"build-{target}.log"
        command = [self.name, "build", "--target", target, "--tag", reference, str(context)]
        with step(f"Building {reference}"):
            run(command, why=f"Building {reference}", log=log, remedy="Can the engine pull images?")

    def push(self, reference: str) -> None:
        run([self.name, "push", reference], why=f"Pushing {reference}", remedy="Is the engine logged in there?")

    def save(self, reference: str, archive: Path) -> None:
        """Writes the image to a file that kind can load."""
        run([self.name, "save", "--output", archive, reference], why=f"Saving {reference}")
