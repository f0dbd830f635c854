"""The operator is killed before and after each write of a recorded run, and loses and doubles no job.

`make test` tries the object writes; QEE_EVERY_WRITE=1 tries the Events as well, which the unit tests' twin always does.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import builders

from e2e.cluster.choice import Cluster
from e2e.cluster.clients import kubectl
from e2e.crashes import Kill, Left, Victim, kills

NAMESPACE = "qee-crashes"
EVERY_WRITE = bool(os.environ.get("QEE_EVERY_WRITE"))
TRIES = 3  # a write that not every run has, such as that a pod is seen running, may come in the next one
ALWAYS = (("POST configmaps", 0), ("POST jobs", 0), ("POST configmaps", 1), ("PATCH quantumjobs/status", 0))
GOOD = Left(phase="Succeeded", counts=100, children=1, results=1, snapshots=1, attempts=1)


@pytest.fixture(scope="module")
def victim(node: Cluster, images: dict[str, str], no_installed_operator: None) -> Iterator[Victim]:
    namespace = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    kubectl(node.kubeconfig, "apply", "-f", "-", input=namespace)
    kubectl(node.kubeconfig, "apply", "--server-side", "--force-conflicts", "-f", "crds")
    kubectl(node.kubeconfig, "apply", "-f", "-", input=json.dumps(builders.backend()))
    kubectl(node.kubeconfig, "delete", "quantumjobs", "--all", "-n", NAMESPACE)
    yield Victim(node.kubeconfig, NAMESPACE, runners(images))
    kubectl(node.kubeconfig, "delete", "namespace", NAMESPACE, "--timeout=60s")


def runners(images: dict[str, str]) -> dict[str, str]:
    return {"aer": images["runner-aer"], "cirq": images["runner-cirq"]}


def test_a_kill_before_or_after_any_write_loses_and_doubles_nothing(victim: Victim) -> None:
    trace, left, _ = victim.run(builders.job("recorded", NAMESPACE))
    assert left == GOOD, [write.what for write in trace]
    objects = [write.what for write in trace if "events" not in write.path]
    assert objects[:2] == ["POST configmaps", "POST jobs"], objects
    assert objects[-2:] == ["POST configmaps", "PATCH quantumjobs/status"], objects
    happened = set()
    for number, kill in enumerate(kills([write for write in trace if EVERY_WRITE or "events" not in write.path])):
        for again in range(TRIES):
            writes, left, killed = victim.run(builders.job(f"killed-{number}-{again}", NAMESPACE), kill)
            assert left == GOOD, f"{kill}: {left}, {[write.what for write in writes]}"
            if killed:
                happened.add(kill)
                break
    missed = {Kill(what, nth, after) for what, nth in ALWAYS for after in (False, True)} - happened
    assert not missed, f"never killed {', '.join(map(str, missed))}"


def test_a_planted_double_creation_is_caught(victim: Victim, images: dict[str, str], node: Cluster) -> None:
    script = Path(__file__).parent / "planted/double_creation.py"
    careless = Victim(node.kubeconfig, NAMESPACE, runners(images), script)
    _, left, killed = careless.run(builders.job("doubled", NAMESPACE), Kill("POST jobs", 0, after=True))
    assert killed
    assert left.children == 2
    assert left != GOOD
