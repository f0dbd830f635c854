"""The commands of README and guides: which are executed where, and how what they print is compared."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
HERE, CLUSTER = "here", "cluster"  # without a cluster (tests/engines), on the node (e2e)
SEPARATE = "has a test of its own: "
BY_HAND = "is run by hand: "
OTHERS = "needs what is not here: "
# For each document its blocks of commands in their order: HERE, CLUSTER, or why neither.
PLAN: dict[str, list[str]] = {
    "README.md": [HERE, BY_HAND + "make demo", CLUSTER],
    "CONTRIBUTING.md": [BY_HAND + "make test is what runs this", BY_HAND + "make test runs these among all others"],
    "charts/qee/README.md": [SEPARATE + "e2e/test_chart.py"],
    "docs/guide/access.md": [CLUSTER],
    "docs/guide/argo-cd.md": [CLUSTER, SEPARATE + "e2e/test_argocd.py"],
    "docs/guide/examples.md": [HERE],
    "docs/guide/getting-started.md": [HERE, BY_HAND + "make demo", BY_HAND + "after make demo"],
    "docs/guide/install.md": [
        OTHERS + "Docker",
        SEPARATE + "e2e/test_chart.py",
        OTHERS + "cert-manager",
        SEPARATE + "e2e/test_chart.py",
        SEPARATE + "e2e/test_chart.py",
        CLUSTER,
    ],
    "docs/guide/keys.md": [CLUSTER],
    "docs/guide/large-results.md": [SEPARATE + "tests/unit/test_large_results.py"],
    "docs/guide/notebooks.md": [SEPARATE + "tests/wheel/test_wheel.py", HERE],
    "docs/guide/operate.md": [CLUSTER, CLUSTER],
    "docs/guide/read-a-result.md": [CLUSTER, CLUSTER, HERE, HERE, OTHERS + "jq"],
    "docs/guide/sign-a-job.md": [CLUSTER, CLUSTER, CLUSTER],
    "docs/guide/troubleshooting.md": [CLUSTER, CLUSTER],
    "docs/guide/write-a-job.md": [HERE, HERE],
    "docs/reference/cli.md": [CLUSTER],
    "docs/reference/conditions.md": [CLUSTER],
    "examples/overlays/README.md": [SEPARATE + "tests/unit/project/test_overlays.py"],
}


@dataclass(frozen=True)
class Command:
    """What is typed, and the lines that the document shows below it."""

    line: str
    shown: list[str] = field(default_factory=list)


def blocks(document: str) -> list[list[Command]]:
    """The blocks of commands: those of the language console, and of sh, where every line is one."""
    found = []
    for language, block in FENCE.findall((CHECKOUT / document).read_text()):
        if language == "sh":
            found.append([Command(line) for line in block.splitlines() if line])
        elif language == "console":
            found.append(list(_commands(block)))
    return found


def _commands(block: str) -> Iterator[Command]:
    command: Command | None = None
    for line in block.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            if command:
                yield command
            command = Command(line.removeprefix("$ "))
        elif command and line.strip():
            command.shown.append(line)
    if command:
        yield command


def executed(where: str) -> list[tuple[str, int]]:
    """Document and number of each block that is executed there."""
    return [(name, number) for name, plan in PLAN.items() for number, place in enumerate(plan) if place == where]


def carry_out(command: Command, folder: Path, variables: Mapping[str, str]) -> None:
    """Raises AssertionError where it fails or prints something else than is shown."""
    environment = {**os.environ, **variables}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.line],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"$ {command.line}\n{done.stdout}{done.stderr}"
    if command.shown:
        printed = [line for line in done.stdout.splitlines() if line.strip()]
        assert list(map(_comparable, printed)) == list(map(_comparable, command.shown)), command.line


def _comparable(line: str) -> str:
    """Without what differs from run to run: ages."""
    return re.sub(r"\b\d+m?s$", "AGE", line.rstrip())
