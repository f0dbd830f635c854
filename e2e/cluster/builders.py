"""Builds the Dockerfile's targets: with Docker or Podman, or with buildah on a base image made of Debian packages."""

from typing import Protocol

from e2e.cluster.cache import CHECKOUT, root
from e2e.cluster.steps import run, step


class Builder(Protocol):
    def build(self, target: str, reference: str) -> None:
        """Makes the image `reference`, unless it is there already."""

    def push(self, reference: str) -> None:
        """Uploads it to the registry that its name starts with."""


def builder() -> Builder:
    """Docker or Podman where one runs, buildah otherwise."""
    from e2e.cluster.kindnode import engine

    running = engine()
    return Engine(running) if running else Buildah()


class Engine:
    """name: `docker` or `podman`. The base image is the official Python one, which the engine pulls."""

    def __init__(self, name: str) -> None:
        self.name = name

    def build(self, target: str, reference: str) -> None:
        with step(f"Building {reference}"):
            log = root() / f"build-{target}.log"
            command = [self.name, "build", "--target", target, "--tag", reference, str(CHECKOUT)]
            run(command, why=f"Building {reference}", log=log)

    def push(self, reference: str) -> None:
        run([self.name, "push", reference], why=f"Pushing {reference}", remedy="Is the engine logged in there?")


class Buildah:
    def build(self, target: str, reference: str) -> None:
        raise NotImplementedError

    def push(self, reference: str) -> None:
        raise NotImplementedError
