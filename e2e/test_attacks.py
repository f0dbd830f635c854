"""Every attack of e2e/attack, on QEE as its chart installs it."""

from collections.abc import Iterator

import pytest

from e2e.attack.attacks import ATTACKS, Attack
from e2e.attack.disarmed import DISARMED, rearm
from e2e.attack.stage import Stage
from e2e.cluster.choice import Cluster


@pytest.fixture(scope="module")
def stage(node: Cluster, release: None) -> Iterator[Stage]:
    with Stage(node.kubeconfig) as ready:
        yield ready


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.run.__name__ for attack in ATTACKS])
def test_an_attack_is_stopped_by_its_layer(stage: Stage, attack: Attack) -> None:
    ended = attack.run(stage)
    assert ended.layer == attack.layer, ended.message
    assert attack.says in ended.message


def test_an_unsigned_job_never_runs_even_with_admission_deleted(stage: Stage) -> None:
    try:
        ended = DISARMED.run(stage)
    finally:
        rearm(stage)
    assert ended.layer == DISARMED.layer, ended.message
    assert DISARMED.says in ended.message
