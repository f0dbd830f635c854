"""Which images there are, and their names by content: the same sources always have the same reference."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from e2e.cluster.cache import CHECKOUT, digest, root
from e2e.cluster.dockerfile import recipe
from e2e.cluster.files import settle

# Targets of the Dockerfile: what every installation needs, and the connectors, one for each vendor.
PROGRAMS = ("operator", "runner-aer", "runner-cirq")
VENDORS = ("ibm", "braket", "ionq", "azure", "google")
CONNECTORS = tuple(f"connector-{vendor}" for vendor in VENDORS)
TARGETS = PROGRAMS + CONNECTORS
SOURCES = ("Dockerfile", "pyproject.toml", "LICENSE", "requirements", "operator/qee")
LIBOQS = "liboqs"  # the library's place in the context, where it is brought along
GENERATED = ("__pycache__", "*.pyc")


@contextmanager
def context(checkout: Path = CHECKOUT, liboqs: Path | None = None) -> Iterator[Path]:
    """A copy of what the images are made from: what is built is what was digested, also while somebody edits.

    liboqs: where it was installed to, for a builder that brings it along; else the Dockerfile builds it.
    """
    with tempfile.TemporaryDirectory(prefix="qee-context-") as scratch:
        copy = Path(scratch)
        for name in SOURCES:
            source, target = checkout / name, copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns(*GENERATED))
            else:
                shutil.copy2(source, target)
        if liboqs is not None:
            for folder in ("lib", "share"):
                shutil.copytree(liboqs / folder, copy / LIBOQS / folder, symlinks=True)
        yield copy


def references(prefix: str, context: Path, targets: Sequence[str] = TARGETS) -> dict[str, str]:
    """Target -> `PREFIXqee-TARGET:DIGEST`, the digest over everything that goes into the image."""
    text = (context / "Dockerfile").read_text()
    found = {}
    for target in targets:
        made = recipe(text, target, LIBOQS="context" if (context / LIBOQS).is_dir() else "upstream")
        found[target] = f"{prefix}qee-{target}:{digest(made.text, *(context / path for path in made.copies))}"
    return found


def values(references: dict[str, str]) -> dict[str, object]:
    """The chart's values that select these images."""
    chosen = {target: _image(reference) for target, reference in references.items()}
    return {
        "images": {
            "operator": chosen["operator"],
            "runners": _of(chosen, "runner-"),
            "connectors": _of(chosen, "connector-"),
        }
    }


def _of(chosen: dict[str, dict[str, str]], kind: str) -> dict[str, dict[str, str]]:
    return {target.removeprefix(kind): image for target, image in chosen.items() if target.startswith(kind)}


def _image(reference: str) -> dict[str, str]:
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}


def write_values(references: dict[str, str], cluster: str) -> Path:
    """The path of a values file for `helm install --values`."""
    path = root() / f"values-{cluster}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values(references), indent=1))
    return path


def recent(path: Path, newest: list[str], generations: int) -> set[str]:
    """References of the last few sets of images, which `path` keeps; `newest` is the last from now on.

    What was installed a moment ago must still be able to restart, and another node of this machine may want it.
    """
    past: list[list[str]] = json.loads(path.read_text()) if path.exists() else []
    sets = [newest, *(each for each in past if each != newest)][:generations]
    settle(path, json.dumps(sets))
    return {reference for each in sets for reference in each}
