"""The operator is killed before and after each of its writes for a job, and loses and doubles no job.

A recorded run tells whether these are all. `make test` tries the object writes; QEE_EVERY_WRITE=1 tries the Events as
well, which the unit tests' twin always does.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests import builders

from e2e.cluster.choice import Cluster
from e2e.cluster.clients import kubectl
from e2e.crashes import Kill, Left, Run, Victim

NAMESPACE = "qee-crashes"
EVERY_WRITE = bool(os.environ.get("QEE_EVERY_WRITE"))
OBJECTS = [
    "POST configmaps input",
    "POST jobs",
    "PATCH quantumjobs/status Running",
    "POST configmaps result",
    "PATCH quantumjobs/status Succeeded",
]
EVENTS = ["POST events Running", "POST events Completed"]
BRIEF = {"PATCH quantumjobs/status Running", "POST events Running"}  # a phase that may pass unseen
TRIES = 5
GOOD = Left(phase="Succeeded", counts=100, children=1, results=1, snapshots=1, attempts=1)


@pytest.fixture(scope="module")
def victim(node: Cluster, images: dict[str, str], definitions: None, no_installed_operator: None) -> Iterator[Victim]:
    namespace = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    kubectl(node.kubeconfig, "apply", "-f", "-", input=namespace)
    kubectl(node.kubeconfig, "apply", "-f", "-", input=json.dumps(builders.backend()))
    kubectl(node.kubeconfig, "delete", "quantumjobs", "--all", "-n", NAMESPACE)
    yield Victim(node.kubeconfig, NAMESPACE, runners(images))
    kubectl(node.kubeconfig, "delete", "namespace", NAMESPACE, "--timeout=240s")


def long() -> dict[str, str]:
    """A circuit that runs for seconds, so that it is seen running, however late the operator gets to look."""
    gates = "".join(f"ry({n}) q; cx q[{n % 21}], q[21];" for n in range(200))
    source = f'OPENQASM 2.0; include "qelib1.inc"; qreg q[22]; creg c[1]; {gates} measure q[0] -> c[0];'
    return {"name": "bell", "format": "openqasm2", "source": source}


def runners(images: dict[str, str]) -> dict[str, str]:
    return {"aer": images["runner-aer"], "cirq": images["runner-cirq"]}


@pytest.fixture
def run(victim: Victim) -> Callable[..., Run]:
    """One run after another until the operator was killed where it should, or has written all it can."""

    def tried(name: str, kill: Kill | None = None) -> Run:
        spec = {} if kill and kill.what not in BRIEF else {"circuits": [long()]}
        for number in range(TRIES):
            found = victim.run(builders.job(f"{name}-{number}", NAMESPACE, **spec), kill)
            seen = {write.what for write in found.writes}
            if found.struck if kill else seen >= BRIEF:
                break
        return found

    return tried


def test_the_writes_at_which_it_is_killed_are_all_there_are(run: Callable[..., Run]) -> None:
    recorded = run("recorded")

    written = [write.what for write in recorded.writes if write.took_effect]
    assert recorded.left == GOOD, str(recorded)
    assert [what for what in written if "events" not in what] == OBJECTS, str(recorded)
    assert [what for what in written if "events" in what] == EVENTS, str(recorded)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("what", [*OBJECTS, *(EVENTS if EVERY_WRITE else [])])
def test_a_kill_before_or_after_any_write_loses_and_doubles_nothing(
    run: Callable[..., Run], what: str, after: bool
) -> None:
    name = f"killed-{'after' if after else 'before'}-{what.split('/')[-1].replace(' ', '-').lower()}"

    killed = run(name, Kill(what, after))

    assert killed.struck, f"not reached in {TRIES} runs; the last one: {killed}"
    assert killed.left == GOOD, str(killed)


def test_a_planted_double_creation_is_caught(victim: Victim, images: dict[str, str], node: Cluster) -> None:
    script = Path(__file__).parent / "planted/double_creation.py"
    careless = Victim(node.kubeconfig, NAMESPACE, runners(images), script)
    doubled = careless.run(builders.job("doubled", NAMESPACE), Kill("POST jobs", after=True))
    assert doubled.left.children == 2, str(doubled)
    assert doubled.left != GOOD
