"""A job of several shards, from its start to its result, whole or in part."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from tests import builders, sharded, signed
from tests.cluster_simulation import SETTINGS, Simulation, suite

from qee.api.conditions import ConditionType, Phase, conditions_for, terminal_phase
from qee.api.job import QuantumJob
from qee.api.names import INDEX_LABEL
from qee.api.reasons import Reason
from qee.controller.jobs import results
from qee.controller.jobs.attesting import ResultSigner
from qee.controller.jobs.parts import name_of, statement_of
from qee.core.job.observed import child_state
from qee.documents import ResultDocument, check_result
from qee.kube import manifests
from qee.kube.compare import child_differs
from qee.kube.port import NotFound, Object, Resource
from qee.kube.resources import CHILDREN, CONFIG_MAPS, JOBS, PODS
from qee.signing.attestation import AttestationProblem, check
from qee.signing.keys import PrivateKey

KEY, OTHER = signed.key("results"), signed.key("other")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "REREAD_AFTER", ())


@pytest.fixture
def simulation() -> Simulation:
    return Simulation()


@pytest.fixture
def signing(tmp_path: Path) -> Simulation:
    key = tmp_path / "result.key"
    key.write_bytes(KEY.pem(None))
    return Simulation(SETTINGS.model_copy(update={"result_key": key}))


async def started(simulation: Simulation, count: int = 4, **spec: Any) -> Object:
    simulation.given(sharded.job(count, **spec))
    await simulation.step()
    for index in range(count):
        sharded.pod(simulation, index, builders.running())
    await simulation.step()
    return simulation.child()


def parts(simulation: Simulation) -> list[int]:
    return sorted(int(part["metadata"]["name"].rpartition("-")[2]) for part in simulation.config_maps("result-part"))


# The child


async def test_each_shard_is_an_index_that_is_retried_and_fails_by_itself(simulation: Simulation) -> None:
    spec = (await started(simulation, backoffLimit=3))["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 4, 4)
    assert (spec["backoffLimitPerIndex"], spec["maxFailedIndexes"]) == (3, 4)
    assert [rule["action"] for rule in spec["podFailurePolicy"]["rules"]] == ["Ignore", "FailIndex"]


async def test_a_job_whose_work_cannot_be_cut_has_a_child_as_ever(simulation: Simulation) -> None:
    """One circuit without noise is one state, however many shards are asked for."""
    simulation.given(builders.job(shards=8))
    await simulation.step()
    spec = simulation.child()["spec"]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (1, 1, 2)
    assert not {"backoffLimitPerIndex", "maxFailedIndexes"} & set(spec)
    assert [rule["action"] for rule in spec["podFailurePolicy"]["rules"]] == ["Ignore", "FailJob"]


@pytest.mark.parametrize(("queue", "differs"), [(None, "spec.parallelism"), ("team", None)])
async def test_only_kueue_may_run_fewer_pods_at_a_time(
    simulation: Simulation, queue: str | None, differs: str | None
) -> None:
    live = await started(simulation)
    expected = json.loads(json.dumps(live))
    live["spec"]["parallelism"] = 2
    if queue:
        live["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = queue
    assert child_differs(expected, live) == differs


def test_indexes_are_read_as_the_job_controller_writes_them() -> None:
    job = {
        "metadata": {"name": "a", "uid": "b"},
        "spec": {"completions": 12},
        "status": {"failedIndexes": "1,3-5,11"},
    }
    assert child_state(job).failed_indexes == {1, 3, 4, 5, 11}
    for other in ("", "x", "12", "-", "3-", "4-2"):
        assert child_state({**job, "status": {"failedIndexes": other}}).failed_indexes == frozenset()


# All is well


async def test_four_shards_become_one_result(simulation: Simulation) -> None:
    child = await started(simulation)
    assert simulation.status["phase"] == "Running"
    for index in (2, 0, 3, 1):
        assert simulation.status["phase"] == "Running"
        sharded.gives(simulation, index)
        await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    found, run = sharded.result(simulation), simulation.run_document()
    check_result(found, run)
    (each,) = found.results
    assert each.counts == {"00": 94, "11": 0 + 1 + 2 + 3}
    assert len(set(each.seeds)) == 4
    assert found.provenance.shards == 4
    assert simulation.status["result"]["configMap"] == "bell-result"
    assert simulation.status["result"]["summary"]["results"][0]["counts"] == each.counts
    assert simulation.condition(ConditionType.RESULTS_STORED)["status"] == "True"
    assert simulation.status["child"]["uid"] == child["metadata"]["uid"]


async def test_a_part_is_one_write_and_a_shard_is_no_write_of_the_status(simulation: Simulation) -> None:
    await started(simulation)
    before = len(simulation.writes())
    for index in range(3):
        sharded.gives(simulation, index)
        await sharded.settle(simulation)
    assert simulation.writes()[before:] == [("create", "configmaps")] * 3
    sharded.gives(simulation, 3)
    await sharded.settle(simulation)
    assert simulation.writes()[before + 3 :] == [("create", "configmaps")] * 2 + [("patch_status", "quantumjobs")]


async def test_a_part_is_the_jobs_own_immutable_and_says_what_it_is(simulation: Simulation) -> None:
    await started(simulation)
    sharded.gives(simulation, 2)
    await sharded.settle(simulation)
    (part,) = simulation.config_maps("result-part")
    assert part["immutable"] is True
    assert part["metadata"]["ownerReferences"][0]["uid"] == simulation.job()["metadata"]["uid"]
    assert part["data"]["result.json"].encode() == sharded.of_shard(simulation.run_document(), 2)
    assert json.loads(part["data"]["part.json"])["index"] == 2
    assert simulation.config_maps("result") == [], "a part is not taken for the result"


async def test_circuits_are_spread_over_shards_without_noise(simulation: Simulation) -> None:
    circuits = [{"name": f"c{n}", "format": "openqasm3", "source": builders.BELL} for n in range(3)]
    simulation.given(builders.job(shards=3, circuits=circuits))
    await simulation.step()
    for index in range(3):
        sharded.gives(simulation, index)
    await sharded.settle(simulation)
    assert [each.circuit for each in sharded.result(simulation).results] == ["c0", "c1", "c2"]


async def test_shards_that_end_between_two_looks_are_read_in_one(simulation: Simulation) -> None:
    await started(simulation)
    for index in range(4):
        sharded.gives(simulation, index)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")


# What is stored is not lost


async def test_a_pod_that_is_evicted_after_its_part_was_stored_is_not_missed(simulation: Simulation) -> None:
    await started(simulation)
    sharded.gives(simulation, 1)
    await sharded.settle(simulation)
    sharded.gone(simulation, 1)
    for index in (0, 2, 3):
        sharded.gives(simulation, index)
    simulation.restart()
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    assert sharded.result(simulation).results[0].counts == {"00": 94, "11": 6}


async def test_a_new_operator_goes_on_from_the_parts_when_every_pod_is_gone(simulation: Simulation) -> None:
    await started(simulation)

    def stop(verb: str, resource: Resource, name: str | None) -> None:
        if verb == "create" and name == "bell-result":
            raise NotFound(503, "", "away")

    simulation.api.before.append(stop)
    for index in range(4):
        sharded.gives(simulation, index)
    with pytest.raises(NotFound):
        await sharded.settle(simulation)
    assert parts(simulation) == [0, 1, 2, 3]
    simulation.api.before.clear()
    simulation.remove_pods()
    sharded.ended(simulation)
    simulation.restart()
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")


async def test_a_shard_whose_log_is_lost_is_run_again_and_the_others_parts_are_used(simulation: Simulation) -> None:
    await started(simulation)
    for index in (0, 1, 3):
        sharded.gives(simulation, index)
    sharded.gives(simulation, 2)
    sharded.gone(simulation, 2)  # nobody has read it
    await sharded.settle(simulation)
    assert parts(simulation) == [0, 1, 3]
    assert simulation.status["attempt"] == 1, "the Job controller may still make another pod"
    before = simulation.run_document()
    sharded.ended(simulation)
    await sharded.settle(simulation)
    assert simulation.status["attempt"] == 2
    assert simulation.run_document() == before, "the same seeds"
    sharded.gives(simulation, 2, attempt=2)
    for index in (0, 1, 3):
        sharded.pod(simulation, index, builders.running())
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    assert sharded.result(simulation).results[0].counts == {"00": 94, "11": 6}


async def test_an_unreadable_shard_does_not_stop_those_that_run(simulation: Simulation) -> None:
    await started(simulation)
    sharded.gives(simulation, 0, document=b"{}")
    await sharded.settle(simulation)
    assert simulation.status["phase"] == "Running"
    for index in (1, 2, 3):
        sharded.gives(simulation, index)
    await sharded.settle(simulation)
    sharded.ended(simulation)
    await sharded.settle(simulation)
    assert simulation.status["attempt"] == 2


# One shard fails


async def test_a_shard_that_is_retried_is_retried_alone(simulation: Simulation) -> None:
    await started(simulation)
    sharded.fails(simulation, 2, code=70)
    for index in (0, 1, 3):
        sharded.gives(simulation, index)
    await sharded.settle(simulation)
    assert simulation.status["phase"] in ("Running", "Queued")
    assert simulation.status["attempt"] == 1
    sharded.gives(simulation, 2, serial=1)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    assert len(simulation.children()) == 1


async def test_a_result_is_kept_in_part_where_a_shard_fails_for_good(simulation: Simulation) -> None:
    await started(simulation)
    for index in (0, 1):
        sharded.gives(simulation, index)
    sharded.fails(simulation, 2)
    await sharded.settle(simulation)
    assert simulation.status["phase"] == "Running", "another shard is still at work"
    sharded.gives(simulation, 3)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "PartialResult")
    assert "1 of 4 shards" in simulation.message
    assert "Shard 2: InvalidCircuit: line 3: no" in simulation.message
    assert simulation.condition(ConditionType.RESULTS_STORED)["status"] == "True"
    assert simulation.condition(ConditionType.STALLED)["status"] == "True"
    found = sharded.result(simulation)
    assert [(each.index, each.reason) for each in found.missing] == [(2, "InvalidCircuit")]
    check_result(found, simulation.run_document())
    assert found.results[0].shots == 75
    assert simulation.status["result"]["configMap"] == "bell-result"
    assert await simulation.step() is None or simulation.outcome == ("Failed", "PartialResult")


@pytest.mark.parametrize("pods_left", [True, False])
async def test_a_shard_without_attempts_fails_for_good_and_a_killed_one_does_not(
    simulation: Simulation, pods_left: bool
) -> None:
    await started(simulation, backoffLimit=1)
    for index in (0, 1, 3):
        sharded.gives(simulation, index)
    if pods_left:
        sharded.fails(simulation, 2, code=70)
        sharded.fails(simulation, 2, code=70, serial=1)
    else:
        sharded.gone(simulation, 2)  # with code 137: somebody deleted it
    sharded.ended(simulation, "Failed", failed="2")
    await sharded.settle(simulation)
    if pods_left:
        assert simulation.outcome == ("Failed", "PartialResult")
        assert [each.reason for each in sharded.result(simulation).missing] == ["BackoffLimitExceeded"]
    else:
        assert simulation.status["attempt"] == 2


@pytest.mark.parametrize(
    ("reason", "ends"), [("OOMKilled", ("Failed", "PartialResult")), ("Error", ("Pending", "Retrying"))]
)
async def test_a_kill_is_a_shards_own_fault_only_at_its_memory_limit(
    simulation: Simulation, reason: str, ends: tuple[str, str]
) -> None:
    await started(simulation)
    for index in (0, 1, 3):
        sharded.gives(simulation, index)
    sharded.fails(simulation, 2, code=137, reason=reason)
    sharded.ended(simulation, "Failed", failed="2")
    while await simulation.step() == 0 and simulation.status["attempt"] == 1:
        pass
    assert simulation.outcome == ends


async def test_a_shard_that_was_lost_too_often_is_missing(simulation: Simulation) -> None:
    await started(simulation, backoffLimit=0)
    for index in (0, 1, 2):
        sharded.gives(simulation, index)
    sharded.gone(simulation, 3)
    await sharded.settle(simulation)
    sharded.ended(simulation)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "PartialResult")
    assert [(each.index, each.reason) for each in sharded.result(simulation).missing] == [(3, "ResultLost")]


async def test_a_job_all_of_whose_shards_fail_has_no_result(simulation: Simulation) -> None:
    await started(simulation)
    for index in range(4):
        sharded.fails(simulation, index)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "InvalidCircuit")
    assert "line 3: no" in simulation.message
    assert "result" not in simulation.status
    assert simulation.condition(ConditionType.RESULTS_STORED)["status"] == "False"


async def test_shards_that_never_start_are_missing_from_what_the_others_gave(simulation: Simulation) -> None:
    await started(simulation)
    for index in (0, 1, 2):
        sharded.gives(simulation, index)
    sharded.pod(simulation, 3, builders.waiting("InvalidImageName", "no such name"), phase="Pending")
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "PartialResult")
    assert [each.reason for each in sharded.result(simulation).missing] == ["ImagePullFailed"]


async def test_a_partial_result_that_is_deleted_is_told(simulation: Simulation) -> None:
    await test_a_result_is_kept_in_part_where_a_shard_fails_for_good(simulation)
    after = conditions_for(
        Phase.SUCCEEDED,
        reason=Reason.RESULT_DELETED,
        message="gone",
        now=simulation.clock.now,
        generation=1,
        previous=simulation.status["conditions"],
    )
    stored = next(each for each in after if each["type"] == "ResultsStored")
    assert (stored["status"], stored["reason"]) == ("False", "ResultDeleted")
    assert terminal_phase(after) is Phase.FAILED


# What ends a job early ends all of its shards


async def test_the_deadline_counts_while_one_shard_runs(simulation: Simulation) -> None:
    await started(simulation, activeDeadlineSeconds=60)
    for index in (0, 1, 2):
        sharded.gives(simulation, index)
    await sharded.settle(simulation)
    simulation.clock.forward(61)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "DeadlineExceeded")
    assert simulation.children() == []


async def test_shards_that_have_all_run_are_stored_after_the_deadline(simulation: Simulation) -> None:
    await started(simulation, activeDeadlineSeconds=60)
    sharded.gives(simulation, 0)
    await sharded.settle(simulation)
    for index in (1, 2, 3):
        sharded.gives(simulation, index)
    simulation.clock.forward(61)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")


async def test_a_cancelled_job_takes_all_shards_away(simulation: Simulation) -> None:
    await started(simulation)
    sharded.gives(simulation, 0)
    await sharded.settle(simulation)
    simulation.api.put(JOBS, {**simulation.job(), "spec": {**simulation.job()["spec"], "cancelRequested": True}})
    await sharded.settle(simulation)
    assert simulation.outcome == ("Cancelled", "Cancelled")
    assert simulation.children() == []


async def test_a_suspended_job_keeps_its_parts(simulation: Simulation) -> None:
    await started(simulation)
    for index in (0, 1):
        sharded.gives(simulation, index)
    await sharded.settle(simulation)
    for suspend in (True, False):
        simulation.api.put(JOBS, {**simulation.job(), "spec": {**simulation.job()["spec"], "suspend": suspend}})
        await sharded.settle(simulation)
        simulation.remove_pods()
    for index in (2, 3):
        sharded.gives(simulation, index)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    simulation.api.remove(JOBS, "default", "bell")
    simulation.api.collect_garbage()
    assert simulation.api.all(CONFIG_MAPS, "default") == []


async def test_pods_that_still_run_when_all_parts_are_there_are_taken_away(simulation: Simulation) -> None:
    await started(simulation)
    for index in range(4):
        sharded.gives(simulation, index)
    sharded.pod(simulation, 0, builders.running(), serial=1)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    simulation.clock.forward(SETTINGS.patience.linger + 1)
    await sharded.settle(simulation)
    assert simulation.children() == []


# Forgery


async def test_a_pod_that_claims_another_shard_gives_nothing(simulation: Simulation) -> None:
    await started(simulation)
    sharded.gives(simulation, 1)
    pod = simulation.api.find(PODS, "default", sharded.pod_name(simulation.child(), 1))
    assert pod is not None
    pod["metadata"]["labels"][INDEX_LABEL] = "3"
    simulation.api.put(PODS, pod)
    await sharded.settle(simulation)
    assert parts(simulation) == [], "its frame says 1"
    for index in (0, 2, 3):
        sharded.gives(simulation, index)
    sharded.gives(simulation, 1, serial=1)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    assert sharded.result(simulation).results[0].counts == {"00": 94, "11": 6}


@pytest.mark.parametrize("label", ["4", "-1", "one", "²"])
async def test_a_pod_of_no_shard_is_passed_over(simulation: Simulation, label: str) -> None:
    await started(simulation)
    sharded.gives(simulation, 1)
    pod = simulation.api.find(PODS, "default", sharded.pod_name(simulation.child(), 1))
    assert pod is not None
    pod["metadata"]["labels"][INDEX_LABEL] = label
    simulation.api.put(PODS, pod)
    await sharded.settle(simulation)
    assert parts(simulation) == []
    assert simulation.status["phase"] == "Running"


async def test_equal_seeds_of_two_shards_are_caught(simulation: Simulation) -> None:
    """A runner that drew every shard's seed from index 0 would add the same shots up several times."""
    await started(simulation, backoffLimit=0)
    run = simulation.run_document()
    first = ResultDocument.from_bytes(sharded.of_shard(run, 0)).results[0].seeds
    for index in range(4):
        honest = ResultDocument.from_bytes(sharded.of_shard(run, index))
        equal = dataclasses.replace(honest, results=(dataclasses.replace(honest.results[0], seeds=first),))
        sharded.gives(simulation, index, document=equal.to_bytes())
    await sharded.settle(simulation)
    assert parts(simulation) == [0]
    sharded.ended(simulation)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "PartialResult")
    missing = sharded.result(simulation).missing
    assert [(each.index, each.reason) for each in missing] == [(n, "ResultCorrupt") for n in (1, 2, 3)]
    assert "seeds of this shard" in missing[0].message


def planted(simulation: Simulation, index: int, key: PrivateKey | None = None, **change: Any) -> None:
    """A part of somebody else's making, under the name that ours would have."""
    job = QuantumJob.model_validate(simulation.job())
    run = simulation.run_document()
    honest = ResultDocument.from_bytes(sharded.of_shard(run, index))
    counts = {"01": honest.results[0].shots}
    false = dataclasses.replace(honest.results[0], counts=counts, register_counts={"c": counts})
    document = dataclasses.replace(honest, results=(false,)).to_bytes()
    statement = statement_of(run.to_bytes(), index, document, "sha256:0123")
    signature = None
    if key is not None:
        signature = ResultSigner(None, suite()).sign(statement, {"job": {"uid": job.metadata.uid}, "part": index}, key)
    name = name_of(job, child_state(simulation.child()), KEY if simulation.settings.result_key else None, index)
    body = manifests.part_config_map(job, name, document, statement.decode(), signature)
    simulation.api.put(CONFIG_MAPS, {**body, **change})


@pytest.mark.parametrize("key", [None, OTHER], ids=["unsigned", "signed by another"])
async def test_a_part_of_somebody_elses_making_is_not_used(signing: Simulation, key: PrivateKey | None) -> None:
    await started(signing)
    planted(signing, 1, key)
    for index in (0, 2, 3):
        sharded.gives(signing, index)
    await sharded.settle(signing)
    assert signing.status["phase"] == "Running", "shard 1 is waited for"
    sharded.gives(signing, 1)
    await sharded.settle(signing)
    assert signing.outcome == ("Failed", "ResultConflict")


async def test_a_part_that_is_not_what_its_log_says_is_refused_without_a_key_too(simulation: Simulation) -> None:
    await started(simulation)
    planted(simulation, 1, immutable=False)
    sharded.gives(simulation, 1)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "ResultConflict")


async def test_a_part_that_is_made_between_look_and_write_is_compared(simulation: Simulation) -> None:
    """It would pass every check; but it is not what the log says."""
    await started(simulation)
    sharded.gives(simulation, 1)

    def before(verb: str, resource: Resource, name: str | None) -> None:
        if verb == "create" and str(name).endswith("-part-1"):
            planted(simulation, 1)

    simulation.api.before.append(before)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "ResultConflict")


async def test_a_part_whose_label_somebody_took_away_ends_the_job(simulation: Simulation) -> None:
    """It would not be found any more, and be written again for ever."""
    await started(simulation)
    sharded.gives(simulation, 1)
    await sharded.settle(simulation)
    (part,) = simulation.config_maps("result-part")
    part["metadata"]["labels"] = {}
    simulation.api.put(CONFIG_MAPS, part)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "ResultConflict")


async def test_the_merged_result_is_signed_and_a_parts_signature_is_none_of_a_result(signing: Simulation) -> None:
    await started(signing)
    for index in range(4):
        sharded.gives(signing, index)
    signing.restart()
    await sharded.settle(signing)
    assert signing.outcome == ("Succeeded", "Completed")
    (stored,) = signing.config_maps("result")
    document = stored["data"]["result.json"].encode()
    told = check(stored["data"]["result.json.dsse"].encode(), document, [KEY.public], suite())
    assert told["images"]["runnerImageID"] == "sha256:0123"
    assert told["times"] == {"started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:13Z"}
    part = signing.config_maps("result-part")[0]["data"]
    with pytest.raises(AttestationProblem, match="another document"):
        check(part["part.json.dsse"].encode(), part["result.json"].encode(), [KEY.public], suite())


async def test_shards_wait_for_the_key_that_signs_parts(signing: Simulation) -> None:
    await started(signing, activeDeadlineSeconds=60)
    key = signing.settings.result_key
    assert key is not None
    for index in range(4):
        sharded.gives(signing, index)
    kept = key.read_bytes()
    key.unlink()
    await signing.step()
    assert signing.condition(ConditionType.RECONCILING)["reason"] == "WaitingForResultKey"
    assert parts(signing) == []
    signing.clock.forward(61)
    await signing.step()
    assert signing.status["phase"] == "Pending", "no deadline ends what waits for the key alone"
    key.write_bytes(kept)
    await sharded.settle(signing)
    assert signing.outcome == ("Succeeded", "Completed")


async def test_parts_that_are_deleted_while_the_job_runs_are_made_anew(simulation: Simulation) -> None:
    await started(simulation)
    sharded.gives(simulation, 1)
    await sharded.settle(simulation)
    (part,) = simulation.config_maps("result-part")
    simulation.api.remove(CONFIG_MAPS, "default", part["metadata"]["name"])
    for index in (0, 2, 3):
        sharded.gives(simulation, index)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")


async def test_an_index_that_was_made_by_hand_on_the_live_child_gives_no_wrong_result(simulation: Simulation) -> None:
    """`completions` of an Indexed Job may be changed together with `parallelism`."""
    child = await started(simulation)
    child["spec"] |= {"completions": 2, "parallelism": 2}
    simulation.api.put(CHILDREN, child)
    for index in (0, 1):
        sharded.gives(simulation, index)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "ResultCorrupt")
    assert simulation.config_maps("result") == []
