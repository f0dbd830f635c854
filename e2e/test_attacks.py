"""Every attack of e2e/attack, on QEE as its chart installs it."""

from collections.abc import Iterator

import pytest

from e2e import chart
from e2e.attack.attacks import ATTACKS, Attack
from e2e.attack.disarmed import DISARMED, rearm
from e2e.attack.stage import Stage
from e2e.cluster.choice import Cluster


@pytest.fixture(scope="module")
def stage(node: Cluster, images: dict[str, str], release_as_found: None) -> Iterator[Stage]:
    if node.name == "given":
        pytest.skip("the attacks delete QEE's admission policies for a while; not on a cluster that is in use")
    chart.install_crds(node.kubeconfig)
    chart.install(node.kubeconfig, chart.image_values(images), *chart.TAKE_OVER)
    with Stage(node.kubeconfig) as ready:
        yield ready
    chart.uninstall(node.kubeconfig)


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
