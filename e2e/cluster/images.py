"""Which images there are, and their names by content: the same sources always have the same reference."""

import json
from pathlib import Path

from e2e.cluster.cache import CHECKOUT, digest, root

# Target of the Dockerfile -> the lock file of what it installs.
TARGETS = {"operator": "operator.txt", "runner-aer": "aer.txt", "runner-cirq": "cirq.txt"}
SOURCES = ("Dockerfile", "pyproject.toml", "README.md", "LICENSE", "requirements/build.txt", "operator/qee")


def references(prefix: str, checkout: Path = CHECKOUT) -> dict[str, str]:
    """Target -> `PREFIXqee-TARGET:DIGEST`, the digest over everything that goes into the image from the checkout."""
    sources = [checkout / source for source in SOURCES]
    return {
        target: f"{prefix}qee-{target}:{digest(target, *sources, checkout / 'requirements' / lock)}"
        for target, lock in TARGETS.items()
    }


def values(references: dict[str, str]) -> dict[str, object]:
    """The chart's values that select these images."""
    engines = {target.removeprefix("runner-"): ref for target, ref in references.items() if target != "operator"}
    return {"images": {"operator": references["operator"], "runners": engines}}


def write_values(references: dict[str, str], cluster: str) -> Path:
    """The path of a values file for `helm install --values`."""
    path = root() / f"values-{cluster}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values(references), indent=1))
    return path
