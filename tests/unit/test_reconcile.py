"""The way of one job through the reconciler, against an API server in memory."""

import base64
import gzip
import json

import pytest
from tests import builders
from tests.cluster_simulation import Simulation

from qee.api.conditions import ConditionType
from qee.api.job import QuantumJob
from qee.controller.jobs import results
from qee.kube.manifests import deny_all_policies
from qee.kube.port import ApiError
from qee.kube.resources import CHILDREN, CONFIG_MAPS, EVENTS, JOBS, NETWORK_POLICIES, PODS


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch) -> Simulation:
    monkeypatch.setattr(results, "REREAD_AFTER", (0, 0))
    return Simulation()


async def started(simulation: Simulation, **spec: object) -> Simulation:
    simulation.given(builders.job(**spec))
    await simulation.step()
    simulation.make_pod()
    return simulation


async def test_a_job_runs_and_its_result_is_in_status_and_a_config_map(simulation: Simulation) -> None:
    await started(simulation)
    simulation.set_pod(builders.running())
    await simulation.step()
    assert simulation.status["phase"] == "Running"
    document = simulation.succeed()
    await simulation.step()

    assert simulation.outcome == ("Succeeded", "Completed")
    (stored,) = simulation.config_maps("result")
    assert stored["data"]["result.json"].encode() == document
    assert stored["immutable"] is True
    assert stored["metadata"]["ownerReferences"][0]["uid"] == simulation.job()["metadata"]["uid"]
    result = simulation.status["result"]
    assert result["configMap"] == stored["metadata"]["name"] == "bell-result"
    assert result["bytes"] == len(document)
    assert result["summary"]["results"][0]["counts"] == {"00": 50, "11": 50}
    assert sum(json.loads(document)["results"][0]["counts"].values()) == 100


async def test_a_job_costs_five_writes(simulation: Simulation) -> None:
    await started(simulation)
    for state in (builders.waiting("ContainerCreating"), builders.running(), builders.running()):
        simulation.set_pod(state)
        await simulation.step()
    simulation.succeed()
    await simulation.step()
    await simulation.step()
    assert simulation.writes() == [
        ("create", CONFIG_MAPS.plural),
        ("create", CHILDREN.plural),
        ("patch_status", JOBS.plural),
        ("create", CONFIG_MAPS.plural),
        ("patch_status", JOBS.plural),
    ]


async def test_a_finished_job_is_left_alone(simulation: Simulation) -> None:
    await started(simulation)
    simulation.succeed()
    await simulation.step()
    before = len(simulation.api.requests)
    simulation.restart()
    for _ in range(3):
        simulation.clock.forward(20)
        simulation.set_pod(builders.terminated(), phase="Succeeded")
        await simulation.step()
    assert len(simulation.api.requests) == before


async def test_each_transition_is_told_once(simulation: Simulation) -> None:
    await started(simulation)
    simulation.set_pod(builders.running())
    await simulation.step()
    simulation.succeed()
    await simulation.step()
    told = [(e["reason"], e["type"]) for e in simulation.api.all(EVENTS, "default")]
    assert sorted(told) == [("Completed", "Normal"), ("Running", "Normal")]


async def test_runner_pods_may_not_use_the_network(simulation: Simulation) -> None:
    await started(simulation)
    (policy,) = simulation.api.all(NETWORK_POLICIES, "default")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert policy["spec"]["podSelector"]["matchLabels"] == {"qee.dev/component": "runner"}
    assert "ingress" not in policy["spec"]


async def test_a_policy_that_somebody_deleted_is_made_again_with_the_next_job(simulation: Simulation) -> None:
    await started(simulation)
    (policy,) = simulation.api.all(NETWORK_POLICIES, "default")
    simulation.api.remove(NETWORK_POLICIES, "default", policy["metadata"]["name"])
    simulation.given(builders.job("second"))
    await simulation.step(("default", "second"))
    (again,) = simulation.api.all(NETWORK_POLICIES, "default")
    assert again["spec"] == policy["spec"]


@pytest.mark.parametrize("change", [{"egress": [{}]}, {"ingress": [{}]}, {"podSelector": {"matchLabels": {"a": "b"}}}])
async def test_a_policy_of_our_name_that_says_something_else_is_not_taken_for_ours(
    simulation: Simulation, change: dict[str, object]
) -> None:
    ours, other = deny_all_policies("default")
    simulation.api.put(NETWORK_POLICIES, {**ours, "spec": {**ours["spec"], **change}})
    await started(simulation)
    found = {each["metadata"]["name"]: each["spec"] for each in simulation.api.all(NETWORK_POLICIES, "default")}
    assert found[other["metadata"]["name"]] == ours["spec"]


async def test_a_job_starts_where_both_names_of_the_policy_are_someone_elses(simulation: Simulation) -> None:
    for each in deny_all_policies("default"):
        simulation.api.put(NETWORK_POLICIES, {**each, "spec": {**each["spec"], "egress": [{}]}})
    await started(simulation)
    assert simulation.child()


async def test_only_kueues_labels_are_passed_on(simulation: Simulation) -> None:
    labels = {"kueue.x-k8s.io/queue-name": "team", "app.kubernetes.io/instance": "argo-app"}
    simulation.given(builders.job(labels=labels))
    await simulation.step()
    found = simulation.child()["metadata"]["labels"]
    assert found["kueue.x-k8s.io/queue-name"] == "team"
    assert "app.kubernetes.io/instance" not in found


async def test_an_absent_seed_is_drawn_once_and_recorded(simulation: Simulation) -> None:
    await started(simulation)
    first = simulation.run_document()
    simulation.api.remove(CHILDREN, "default", simulation.child()["metadata"]["name"])
    simulation.restart()
    await simulation.step()
    assert first.seed_drawn
    assert simulation.run_document() == first


# Waiting for what may still come


async def test_a_job_waits_for_its_backend_and_then_fails(simulation: Simulation) -> None:
    simulation.api.put(JOBS, builders.job())
    assert await simulation.step() is not None
    assert simulation.condition(ConditionType.RECONCILING)["reason"] == "WaitingForBackend"
    simulation.clock.forward(121)
    await simulation.step()
    assert simulation.outcome == ("Failed", "BackendNotFound")
    assert "'aer'" in simulation.message


async def test_a_job_starts_when_its_backend_comes(simulation: Simulation) -> None:
    simulation.api.put(JOBS, builders.job())
    await simulation.step()
    simulation.given()
    await simulation.step()
    assert simulation.children()


async def test_a_missing_config_map_is_waited_for(simulation: Simulation) -> None:
    source = builders.BELL.encode()
    simulation.given(builders.job(circuits=[builders.circuit_from("sources", "bell.qasm", source)]))
    await simulation.step()
    assert simulation.condition(ConditionType.RECONCILING)["reason"] == "WaitingForInput"
    simulation.api.put(
        CONFIG_MAPS,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "sources"},
            "binaryData": {"bell.qasm": base64.b64encode(source).decode()},
        },
    )
    await simulation.step()
    assert simulation.run_document().circuits[0].source == builders.BELL


async def test_bytes_that_were_not_promised_never_run(simulation: Simulation) -> None:
    simulation.given(builders.job(circuits=[builders.circuit_from("sources", "bell.qasm", builders.BELL.encode())]))
    simulation.api.put(CONFIG_MAPS, {"metadata": {"name": "sources"}, "data": {"bell.qasm": "OPENQASM 3.0;"}})
    await simulation.step()
    assert simulation.outcome == ("Failed", "InputDigestMismatch")
    assert not simulation.children()


# Refusals


@pytest.mark.parametrize(
    ("spec", "reason", "says"),
    [
        ({"noise": {"device": "fake_atlantis"}}, "InvalidSpec", "spec.noise.device: 'fake_atlantis' is not known"),
        ({"noise": {"readout": "0.1"}, "outputs": ["statevector"]}, "InvalidSpec", "spec.outputs: statevector"),
        ({"transpile": {"initialLayout": [1, 0]}}, "InvalidSpec", "spec.transpile.initialLayout"),
        (
            {"circuits": [{"name": "a", "format": "cirq-json", "source": "{}"}]},
            "UnsupportedConstruct",
            "spec.circuits[0].format: engine aer does not do 'cirq-json'",
        ),
        ({"providerOptions": {"a": 1}}, "InvalidSpec", "spec.providerOptions"),
        (
            {"circuits": [{"name": "a", "format": "openqasm3", "source": "nonsense"}]},
            "InvalidCircuit",
            "Circuit 'a'",
        ),
        (
            {"resources": {"limits": {"memory": "1Mi"}}},
            "InsufficientMemory",
            "spec.resources.limits.memory: 1Mi",
        ),
    ],
)
async def test_what_cannot_run_is_refused_by_name(
    simulation: Simulation, spec: dict[str, object], reason: str, says: str
) -> None:
    simulation.given(builders.job(**spec))
    await simulation.step()
    assert simulation.outcome == ("Failed", reason)
    assert says in simulation.message
    assert not simulation.children()


async def test_what_only_the_model_refuses_fails_with_the_field(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.schema.validate", lambda *_: None)  # the fake's schema is the model itself
    simulation.given()
    source = "// " + "ä" * 70_000  # 131,072 characters would pass the schema, and these are 140,003 bytes
    job = simulation.job()
    job["spec"]["circuits"][0]["source"] = source
    simulation.api.objects["quantumjobs", "default", "bell"] = job
    await simulation.step()
    assert simulation.outcome == ("Failed", "InvalidSpec")
    assert "140003" in simulation.message.replace(",", "")
    assert "ä" not in simulation.message


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"maxShots": 99}, "spec.circuits[0].shots: 100"),
        ({"maxQubits": 1}, "2 qubits"),
        ({"memory": "1Mi"}, "limits.memory"),
    ],
)
async def test_a_backends_limits_hold(simulation: Simulation, limits: dict[str, object], says: str) -> None:
    simulation.given(backend=builders.backend(limits=limits))
    await simulation.step()
    assert simulation.status["phase"] == "Failed"
    assert says in simulation.message


async def test_a_backend_admits_only_its_namespaces(simulation: Simulation) -> None:
    simulation.given(backend=builders.backend(allowedNamespaces={"names": ["physics"]}))
    await simulation.step()
    assert simulation.outcome == ("Failed", "BackendNotAllowed")


async def test_a_backend_selects_namespaces_by_label(simulation: Simulation) -> None:
    selector = {"selector": {"matchLabels": {"team": "physics"}}}
    simulation.given(backend=builders.backend(allowedNamespaces=selector))
    await simulation.step()
    assert simulation.outcome == ("Failed", "BackendNotAllowed")


# Forgeries


async def test_a_forged_child_is_not_followed(simulation: Simulation) -> None:
    await started(simulation)
    forged = simulation.child()
    forged["spec"]["template"]["spec"]["containers"][0]["image"] = "evil:1"
    simulation.api.put(CHILDREN, forged)
    simulation.restart()
    await simulation.step()
    assert simulation.outcome == ("Failed", "ChildConflict")
    assert "image" in simulation.message


async def test_a_child_left_by_a_predecessor_is_adopted(simulation: Simulation) -> None:
    await started(simulation)
    simulation.restart()
    simulation.succeed()
    await simulation.step()
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    assert len(simulation.children()) == 1


async def test_a_forged_snapshot_is_not_run(simulation: Simulation) -> None:
    await started(simulation)
    (snapshot,) = simulation.config_maps("input")
    simulation.api.remove(CONFIG_MAPS, "default", snapshot["metadata"]["name"])
    simulation.api.remove(CHILDREN, "default", simulation.child()["metadata"]["name"])
    simulation.api.put(CONFIG_MAPS, {**snapshot, "data": {"run.json": "{}"}})
    simulation.restart()
    await simulation.step()
    assert simulation.outcome == ("Failed", "ChildConflict")


@pytest.mark.parametrize("part", ["image", "volume", "owner", "shared"])
async def test_a_forged_pods_log_is_not_read(simulation: Simulation, part: str) -> None:
    await started(simulation)
    pod = builders.pod_of(simulation.child(), "forged")
    if part == "image":
        pod["spec"]["containers"][0]["image"] = "evil:1"
    elif part == "volume":
        pod["spec"]["volumes"][0]["configMap"]["name"] = "evil"
    elif part == "owner":
        pod["metadata"]["ownerReferences"][0]["uid"] = "someone"
    else:
        pod["spec"]["shareProcessNamespace"] = True
    simulation.remove_pods()
    simulation.api.put(PODS, pod)
    document = builders.result_of(simulation.run_document(), {"01": 100})
    simulation.set_pod(builders.terminated(), "forged")
    simulation.set_log(builders.framed(document, simulation.job()["metadata"]["uid"]))
    await simulation.step()
    assert not simulation.config_maps("result")
    assert simulation.status.get("phase") != "Succeeded"


async def test_a_result_config_map_of_someone_else_is_walked_around(simulation: Simulation) -> None:
    simulation.api.put(CONFIG_MAPS, {"metadata": {"name": "bell-result"}, "data": {"result.json": "{}"}})
    await started(simulation)
    simulation.succeed()
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    name = simulation.status["result"]["configMap"]
    assert name != "bell-result"
    assert name.startswith("bell-")
    assert name.endswith("-result")


async def test_both_names_taken_is_a_conflict(simulation: Simulation) -> None:
    await started(simulation)
    simulation.succeed()
    simulation.api.put(CONFIG_MAPS, {"metadata": {"name": "bell-result"}, "data": {}})
    from qee.core.naming import result_names

    _, other = result_names("bell", simulation.job()["metadata"]["uid"])
    simulation.api.put(CONFIG_MAPS, {"metadata": {"name": other}, "data": {}})
    await simulation.step()
    assert simulation.outcome == ("Failed", "ResultConflict")
    assert other in simulation.message


# Results


@pytest.mark.parametrize("log", [b"", b"no frame at all\n"])
async def test_a_lost_log_is_a_new_attempt_with_the_same_seed(simulation: Simulation, log: bytes) -> None:
    await started(simulation)
    seed = simulation.run_document().seed
    simulation.succeed()
    simulation.set_log(log)
    await simulation.step()
    assert simulation.status["attempt"] == 2
    assert simulation.status["phase"] == "Pending"
    assert "child" not in simulation.status
    await simulation.step()
    assert simulation.run_document().seed == seed
    assert simulation.child()["spec"]["backoffLimit"] == 1


async def test_a_lost_log_fails_the_job_when_no_attempt_is_left(simulation: Simulation) -> None:
    await started(simulation, backoffLimit=0)
    simulation.succeed()
    simulation.remove_pods()
    simulation.set_child("Complete")
    await simulation.step()
    assert simulation.outcome == ("Failed", "ResultLost")
    assert "spec.backoffLimit=0" in simulation.message


async def test_a_cut_frame_is_a_lost_result(simulation: Simulation) -> None:
    await started(simulation, backoffLimit=0)
    document = simulation.succeed()
    simulation.set_log(builders.framed(document, simulation.job()["metadata"]["uid"])[:-60])
    await simulation.step()
    assert simulation.outcome == ("Failed", "ResultLost")


@pytest.mark.parametrize("forgery", ["another run", "wrong counts", "altered"])
async def test_a_forged_frame_is_refused(simulation: Simulation, forgery: str) -> None:
    await started(simulation)
    document = simulation.succeed()
    uid = simulation.job()["metadata"]["uid"]
    if forgery == "another run":
        log = builders.framed(document, "another-uid")
    elif forgery == "wrong counts":
        log = builders.framed(builders.result_of(simulation.run_document(), {"00": 101}), uid)
    else:
        log = builders.framed(document, uid) + builders.framed(document, uid)
    simulation.set_log(log)
    await simulation.step()
    assert simulation.outcome == ("Failed", "ResultCorrupt")
    assert not simulation.config_maps("result")


async def test_a_large_result_is_gzipped(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qee.kube.manifests.GZIP_THRESHOLD", 10)
    await started(simulation)
    document = simulation.succeed()
    await simulation.step()
    (stored,) = simulation.config_maps("result")
    assert gzip.decompress(base64.b64decode(stored["binaryData"]["result.json.gz"])) == document
    assert simulation.status["result"]["key"] == "result.json.gz"


async def test_a_result_that_does_not_fit_is_refused_with_the_figure(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MAX_STORED_BYTES", 100)
    await started(simulation)
    document = simulation.succeed()
    await simulation.step()
    assert simulation.outcome == ("Failed", "ResultTooLarge")
    assert str(len(document)) in simulation.message


# Failing runners


@pytest.mark.parametrize(
    ("end", "reason", "says"),
    [
        (
            builders.terminated(65, "Error", builders.runner_error("UnsupportedConstruct", "use if")),
            "UnsupportedConstruct",
            "use if",
        ),
        (builders.terminated(65, "Error", "not JSON"), "RunnerFailed", "exit code 65"),
        (
            builders.terminated(65, "Error", builders.runner_error("Completed", "believe me")),
            "RunnerFailed",
            "exit code 65",
        ),
        (builders.terminated(137, "OOMKilled"), "OutOfMemory", "spec.resources.limits.memory"),
    ],
)
async def test_a_permanent_failure_ends_the_job_at_once(
    simulation: Simulation, end: dict[str, object], reason: str, says: str
) -> None:
    await started(simulation)
    simulation.set_pod(end, phase="Failed")
    await simulation.step()
    assert simulation.outcome == ("Failed", reason)
    assert says in simulation.message


async def test_an_internal_error_is_left_to_the_childs_backoff(simulation: Simulation) -> None:
    await started(simulation)
    simulation.set_pod(builders.terminated(70, "Error"), phase="Failed")
    await simulation.step()
    assert simulation.status.get("phase") != "Failed"
    simulation.set_child("Failed", "BackoffLimitExceeded")
    await simulation.step()
    assert simulation.outcome == ("Failed", "BackoffLimitExceeded")


async def test_control_characters_of_a_runner_do_not_reach_status(simulation: Simulation) -> None:
    await started(simulation)
    message = builders.runner_error("InvalidCircuit", "line 1\x1b[31m\nline 2")
    simulation.set_pod(builders.terminated(65, "Error", message), phase="Failed")
    await simulation.step()
    assert simulation.message.isprintable()


@pytest.mark.parametrize(
    ("state", "after", "reason"),
    [
        (builders.waiting("ErrImageNeverPull", "not there"), 0, "ImagePullFailed"),
        (builders.waiting("ImagePullBackOff", "back-off"), 121, "ImagePullFailed"),
        (builders.waiting("CreateContainerConfigError", "no such key"), 61, "PodConfigError"),
    ],
)
async def test_a_pod_that_cannot_start_fails_the_job(
    simulation: Simulation, state: dict[str, object], after: int, reason: str
) -> None:
    await started(simulation)
    simulation.set_pod(state, phase="Pending")
    simulation.clock.forward(after)
    await simulation.step()
    assert simulation.outcome == ("Failed", reason)
    assert not simulation.children()


async def test_a_pull_that_may_come_right_is_waited_for(simulation: Simulation) -> None:
    await started(simulation)
    simulation.set_pod(builders.waiting("ImagePullBackOff", "back-off"), phase="Pending")
    simulation.clock.forward(5)
    assert await simulation.step() is not None
    assert simulation.status["phase"] == "Queued"
    assert "back-off" in simulation.condition(ConditionType.SUBMITTED)["message"] or simulation.status["phase"]


async def test_a_queue_of_kueue_is_shown(simulation: Simulation) -> None:
    await started(simulation)
    child = simulation.child()
    child["spec"]["suspend"] = True
    simulation.api.put(CHILDREN, child)
    await simulation.step()
    assert simulation.status["phase"] == "Queued"


# Users and time


async def test_cancelling_takes_the_child_away(simulation: Simulation) -> None:
    await started(simulation)
    job = simulation.job()
    job["spec"]["cancelRequested"] = True
    simulation.api.put(JOBS, job)
    await simulation.step()
    assert simulation.outcome == ("Cancelled", "Cancelled")
    assert not simulation.children()


async def test_the_deadline_ends_a_job_in_its_queue(simulation: Simulation) -> None:
    await started(simulation, activeDeadlineSeconds=10)
    simulation.clock.forward(5)
    after = await simulation.step()
    assert after is not None
    assert after < 10
    simulation.clock.forward(6)
    await simulation.step()
    assert simulation.outcome == ("Failed", "DeadlineExceeded")
    assert not simulation.children()


async def test_a_backends_deadline_holds_for_jobs_without_one(simulation: Simulation) -> None:
    simulation.given(backend=builders.backend(limits={"activeDeadlineSeconds": 10}))
    await simulation.step()
    simulation.make_pod()
    simulation.clock.forward(11)
    await simulation.step()
    assert simulation.outcome == ("Failed", "DeadlineExceeded")


async def test_a_suspended_job_creates_nothing_until_it_is_resumed(simulation: Simulation) -> None:
    simulation.given(builders.job(suspend=True, activeDeadlineSeconds=10))
    await simulation.step()
    assert simulation.status["phase"] == "Suspended"
    assert not simulation.children()
    simulation.clock.forward(100)
    job = simulation.job()
    job["spec"]["suspend"] = False
    simulation.api.put(JOBS, job)
    await simulation.step()
    await simulation.step()
    assert simulation.children()
    simulation.clock.forward(5)
    await simulation.step()
    assert simulation.status["phase"] != "Failed", "the deadline counts from the resumption"


async def test_suspending_takes_the_child_away_and_resuming_makes_it_anew(simulation: Simulation) -> None:
    await started(simulation)
    job = simulation.job()
    job["spec"]["suspend"] = True
    simulation.api.put(JOBS, job)
    await simulation.step()
    assert not simulation.children()
    simulation.remove_pods()
    job = simulation.job()
    job["spec"]["suspend"] = False
    simulation.api.put(JOBS, job)
    for _ in range(2):
        await simulation.step()
    assert len(simulation.children()) == 1
    assert simulation.status.get("attempt", 1) == 1


async def test_a_child_deleted_by_hand_is_a_new_attempt(simulation: Simulation) -> None:
    await started(simulation)
    simulation.set_pod(builders.running())
    await simulation.step()
    simulation.api.remove(CHILDREN, "default", simulation.child()["metadata"]["name"])
    simulation.api.collect_garbage()
    await simulation.step()
    await simulation.step()
    assert simulation.status["attempt"] == 2
    assert simulation.child()["metadata"]["labels"]["qee.dev/attempt"] == "2"


async def test_a_deleted_snapshot_is_noticed_before_the_deadline(simulation: Simulation) -> None:
    await started(simulation)
    (snapshot,) = simulation.config_maps("input")
    simulation.api.remove(CONFIG_MAPS, "default", snapshot["metadata"]["name"])
    simulation.clock.forward(31)
    await simulation.step()
    await simulation.step()
    assert simulation.config_maps("input")
    assert simulation.status["attempt"] == 2


async def test_time_to_live_deletes_the_job(simulation: Simulation) -> None:
    await started(simulation, ttlSecondsAfterFinished=60)
    simulation.succeed()
    await simulation.step()
    simulation.clock.forward(59)
    assert await simulation.step() is not None
    simulation.clock.forward(2)
    await simulation.step()
    assert simulation.api.find(JOBS, "default", "bell") is None
    simulation.api.collect_garbage()
    assert not simulation.children()
    assert not simulation.config_maps("result")
    assert not simulation.config_maps("input")


async def test_observed_generation_follows_a_finished_job(simulation: Simulation) -> None:
    await started(simulation)
    simulation.succeed()
    await simulation.step()
    job = simulation.job()
    job["spec"]["ttlSecondsAfterFinished"] = 3600
    simulation.api.put(JOBS, job)
    before = simulation.status
    await simulation.step()
    after = simulation.status
    assert after["observedGeneration"] == simulation.job()["metadata"]["generation"] != before["observedGeneration"]
    assert after["phase"] == "Succeeded"
    assert after["completionTime"] == before["completionTime"]


async def test_a_lingering_sidecar_is_taken_away_after_a_while(simulation: Simulation) -> None:
    await started(simulation)
    simulation.succeed()
    await simulation.step()
    simulation.clock.forward(29)
    await simulation.step()
    assert simulation.children()
    simulation.clock.forward(2)
    await simulation.step()
    assert not simulation.children()


# The API server


@pytest.mark.parametrize("status", [0, 429, 500])
async def test_an_api_that_fails_is_asked_again(simulation: Simulation, status: int) -> None:
    simulation.given()
    failing = [True]

    def fail(verb: str, *_: object) -> None:
        if verb == "create" and failing[0]:
            raise ApiError(status, "Trouble", "later", retry_after=3)

    simulation.api.before.append(fail)
    with pytest.raises(ApiError):
        await simulation.step()
    failing[0] = False
    await simulation.step()
    assert len(simulation.children()) == 1


async def test_a_quota_is_reported_and_tried_again(simulation: Simulation) -> None:
    simulation.given()

    def refuse(verb: str, resource: object, *_: object) -> None:
        if verb == "create" and resource is CHILDREN:
            raise ApiError(403, "Forbidden", 'exceeded quota: "compute"')

    simulation.api.before.append(refuse)
    assert await simulation.step() is not None
    assert simulation.condition(ConditionType.RECONCILING)["reason"] == "ChildRefused"
    simulation.api.before.clear()
    await simulation.step()
    assert simulation.children()


@pytest.mark.parametrize("name", ["bell", "another"])
async def test_a_deleted_job_is_forgotten(simulation: Simulation, name: str) -> None:
    """Before its end, too, and where another one of its name has come instead."""
    await started(simulation)
    await simulation.step()
    known = simulation.reconciler.memory
    assert len(known) == 1
    first = known.of(QuantumJob.model_validate(simulation.job()).metadata)
    assert first.child == simulation.child()["metadata"]["uid"]
    simulation.api.remove(JOBS, "default", "bell")
    simulation.api.collect_garbage()
    simulation.given(builders.job(name))
    for _ in range(2):
        assert await simulation.step() is None or name == "bell"
    assert len(known) == (1 if name == "bell" else 0)
    if name == "bell":
        assert known.of(QuantumJob.model_validate(simulation.job()).metadata).child != first.child


async def test_a_job_that_has_ended_is_forgotten(simulation: Simulation) -> None:
    await started(simulation)
    simulation.succeed()
    await simulation.step()
    assert len(simulation.reconciler.memory) == 0
    await simulation.step()
    assert len(simulation.reconciler.memory) == 0
