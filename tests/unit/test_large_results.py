"""A job whose results go to a volume: who may be mounted, the pod, and the reference that is checked and stored."""

import base64
import dataclasses
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests import builders, sharded, signed
from tests.cluster_simulation import SETTINGS, Simulation, suite
from tests.operators import Controller

from qee.api.conditions import ConditionType
from qee.api.names import RESULTS_MOUNT
from qee.controller.jobs import results
from qee.documents import RunDocument
from qee.documents.reference import ResultReference
from qee.documents.reference.check import check_reference
from qee.kube.compare import child_differs
from qee.kube.port import Object
from qee.kube.resources import CHILDREN, CLAIMS, CONFIG_MAPS
from qee.signing.attestation import check

KEY = signed.key("results")
ON_VOLUME: dict[str, Any] = {"results": builders.results_on()}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "REREAD_AFTER", ())


@pytest.fixture
def simulation() -> Simulation:
    return Simulation()


def given(simulation: Simulation, job: Object | None = None) -> None:
    simulation.api.put(CLAIMS, builders.claim())
    simulation.given(job or builders.job(**ON_VOLUME))


def gives(simulation: Simulation, document: bytes, attempt: int = 1) -> None:
    simulation.set_pod(builders.terminated(0))
    simulation.set_log(builders.framed(document, simulation.job()["metadata"]["uid"], attempt))


def stored(simulation: Simulation) -> ResultReference:
    (config_map,) = simulation.config_maps("result")
    return ResultReference.from_bytes(config_map["data"]["result-reference.json"].encode())


# Who may be mounted


async def test_a_claim_that_is_not_there_is_waited_for_and_then_missed(simulation: Simulation) -> None:
    simulation.given(builders.job(**ON_VOLUME))
    await simulation.step()
    assert simulation.outcome == ("Pending", "WaitingForClaim")
    assert (
        "spec.results.persistentVolumeClaim.claimName: there is no PersistentVolumeClaim 'data'" in simulation.message
    )
    assert simulation.children() == []
    assert simulation.config_maps("input") == []
    simulation.clock.forward(121)
    await simulation.step()
    assert simulation.outcome == ("Failed", "ClaimNotFound")


async def test_a_claim_that_comes_later_is_enough(simulation: Simulation) -> None:
    simulation.given(builders.job(**ON_VOLUME))
    await simulation.step()
    simulation.api.put(CLAIMS, builders.claim())
    await simulation.step()
    assert len(simulation.children()) == 1


@pytest.mark.parametrize("labels", [{"app": "database"}, {"qee.dev/results": "false"}, {"qee.dev/results": "True"}])
async def test_a_claim_that_its_owner_has_not_dedicated_is_refused_with_the_remedy(
    simulation: Simulation, labels: dict[str, str]
) -> None:
    simulation.api.put(CLAIMS, builders.claim(**labels))
    simulation.given(builders.job(**ON_VOLUME))
    await simulation.step()
    assert simulation.outcome == ("Failed", "ClaimNotDedicated")
    assert "`kubectl label pvc data qee.dev/results=true`" in simulation.message
    assert simulation.children() == []


async def test_a_claim_of_another_namespace_is_not_seen(simulation: Simulation) -> None:
    simulation.api.add_namespace("other")
    simulation.api.put(CLAIMS, builders.claim(namespace="other"))
    simulation.given(builders.job(**ON_VOLUME))
    await simulation.step()
    assert simulation.outcome == ("Pending", "WaitingForClaim")


async def test_a_claim_that_is_being_deleted_is_waited_for(simulation: Simulation) -> None:
    claim = builders.claim()
    claim["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["kubernetes.io/pvc-protection"]}
    simulation.api.put(CLAIMS, claim)
    simulation.given(builders.job(**ON_VOLUME))
    await simulation.step()
    assert simulation.outcome == ("Pending", "WaitingForClaim")


async def test_without_a_claim_in_the_spec_none_is_read(simulation: Simulation) -> None:
    asked: list[str] = []
    simulation.api.before.append(lambda verb, resource, name: asked.append(resource.plural))
    simulation.given()
    await simulation.step()
    assert len(simulation.children()) == 1
    assert CLAIMS.plural not in asked


# The pod


async def test_the_runner_alone_gets_the_volume(simulation: Simulation) -> None:
    given(simulation)
    await simulation.step()
    pod = simulation.child()["spec"]["template"]["spec"]
    (runner,) = pod["containers"]
    assert {"name": "results", "persistentVolumeClaim": {"claimName": "data"}} in pod["volumes"]
    assert {"name": "results", "mountPath": RESULTS_MOUNT} in runner["volumeMounts"]
    assert "--results=/qee/results" in runner["args"]
    assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    assert simulation.run_document().claim == "data"


async def test_a_pod_without_a_claim_is_as_ever(simulation: Simulation) -> None:
    simulation.given()
    await simulation.step()
    text = json.dumps(simulation.child())
    assert not [word for word in ("persistentVolumeClaim", "--results", "fsGroupChangePolicy") if word in text]
    assert "persistentVolumeClaim" not in simulation.run_document().to_bytes().decode()


def _another_claim(pod: Object) -> None:
    pod["volumes"][-1]["persistentVolumeClaim"]["claimName"] = "database"


def _an_empty_directory(pod: Object) -> None:
    pod["volumes"][-1] = {"name": "results", "emptyDir": {}}


def _mounted_elsewhere(pod: Object) -> None:
    pod["containers"][0]["volumeMounts"][-1]["mountPath"] = "/usr/lib"


def _a_part_of_it(pod: Object) -> None:
    pod["containers"][0]["volumeMounts"][-1]["subPath"] = "other"


def _without_the_argument(pod: Object) -> None:
    pod["containers"][0]["args"].pop()


@pytest.mark.parametrize(
    "change", [_another_claim, _an_empty_directory, _mounted_elsewhere, _a_part_of_it, _without_the_argument]
)
async def test_a_child_with_another_volume_is_not_ours(simulation: Simulation, change: Any) -> None:
    given(simulation)
    await simulation.step()
    expected = simulation.child()
    live = json.loads(json.dumps(expected))
    assert child_differs(expected, live) is None
    change(live["spec"]["template"]["spec"])
    assert child_differs(expected, live)


# One pod


async def test_a_reference_is_stored_and_status_says_where_the_files_are(simulation: Simulation) -> None:
    given(simulation)
    await simulation.step()
    run = simulation.run_document()
    reference = sharded.reference_of(builders.result_of(run), run)
    gives(simulation, reference)
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    assert simulation.message == "The result is in ConfigMap bell-result, its files on PersistentVolumeClaim data."
    found = stored(simulation)
    check_reference(found, run, 1)
    assert found.to_bytes() == reference
    uid = simulation.job()["metadata"]["uid"]
    status = simulation.status["result"]
    assert (status["configMap"], status["key"]) == ("bell-result", "result-reference.json")
    assert (status["sha256"], status["bytes"]) == (hashlib.sha256(reference).hexdigest(), len(reference))
    assert status["summary"]["results"][0]["counts"] == {"00": 50, "11": 50}
    assert status["persistentVolumeClaim"] == {
        "claimName": "data",
        "files": [f"{uid}/1/result-0.json.gz"],
        "bytes": found.files[0].size,
    }
    assert simulation.condition(ConditionType.RESULTS_STORED)["reason"] == "ResultStored"


async def test_a_result_that_fits_is_stored_as_ever(simulation: Simulation) -> None:
    given(simulation)
    await simulation.step()
    simulation.succeed()
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    assert simulation.status["result"]["key"] == "result.json"
    assert "persistentVolumeClaim" not in simulation.status["result"]


async def test_the_reference_is_what_is_signed(tmp_path: Path) -> None:
    key = tmp_path / "result.key"
    key.write_bytes(KEY.pem(None))
    simulation = Simulation(SETTINGS.model_copy(update={"result_key": key}))
    given(simulation)
    await simulation.step()
    run = simulation.run_document()
    gives(simulation, sharded.reference_of(builders.result_of(run), run))
    await simulation.step()
    (config_map,) = simulation.config_maps("result")
    document, envelope = config_map["data"]["result-reference.json"], config_map["data"]["result.json.dsse"]
    assert check(envelope.encode(), document.encode(), [KEY.public], suite())["job"]["attempt"] == 1
    payload = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    assert payload["subject"][0]["name"] == "result-reference.json"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"claim": "database"}, "persistentVolumeClaim is not that of the run"),
        ({"attempt": 2}, "attempt is not that of the run"),
        ({"backend": "cirq"}, "backend is not that of the run"),
        ({"files": ()}, "files is not that of the run"),
    ],
)
async def test_a_reference_of_another_run_is_corrupt(simulation: Simulation, change: dict[str, Any], told: str) -> None:
    given(simulation)
    await simulation.step()
    run = simulation.run_document()
    reference = ResultReference.from_bytes(sharded.reference_of(builders.result_of(run), run))
    gives(simulation, dataclasses.replace(reference, **change).to_bytes())
    await simulation.step()
    assert simulation.outcome == ("Failed", "ResultCorrupt")
    assert told in simulation.message


async def test_a_reference_of_a_job_without_a_claim_is_corrupt(simulation: Simulation) -> None:
    simulation.given()
    await simulation.step()
    run = simulation.run_document()
    gives(simulation, sharded.reference_of(builders.result_of(run), dataclasses.replace(run, claim="data")))
    await simulation.step()
    assert simulation.outcome == ("Failed", "ResultCorrupt")


async def test_a_volume_that_does_not_take_the_file_is_tried_again_and_told(simulation: Simulation) -> None:
    given(simulation)
    await simulation.step()
    said = builders.runner_error("ResultNotWritten", "the volume is full")
    simulation.set_pod(builders.terminated(70, "Error", said), phase="Failed")
    await simulation.step()
    assert simulation.status.get("phase") != "Failed"
    simulation.set_child("Failed", "BackoffLimitExceeded")
    await simulation.step()
    assert simulation.outcome == ("Failed", "BackoffLimitExceeded")
    assert "the volume is full" in simulation.message


async def test_a_reference_that_was_deleted_is_told(simulation: Simulation) -> None:
    given(simulation)
    await simulation.step()
    run = simulation.run_document()
    gives(simulation, sharded.reference_of(builders.result_of(run), run))
    await simulation.step()
    simulation.api.remove(CONFIG_MAPS, "default", "bell-result")
    await Controller(simulation).passes.run()
    assert simulation.condition(ConditionType.RESULTS_STORED)["reason"] == "ResultDeleted"


# Several pods


async def started(simulation: Simulation, count: int = 3, **spec: Any) -> RunDocument:
    given(simulation, sharded.job(count, **ON_VOLUME, **spec))
    await simulation.step()
    for index in range(count):
        sharded.pod(simulation, index, builders.running())
    await simulation.step()
    return simulation.run_document()


async def test_the_references_of_shards_become_one(simulation: Simulation) -> None:
    run = await started(simulation)
    for index in (1, 0, 2):
        sharded.gives(simulation, index, document=sharded.reference_of_shard(run, index))
        await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    found = stored(simulation)
    check_reference(found, run, 1)
    assert [each.index for each in found.files] == [0, 1, 2]
    assert simulation.status["result"]["persistentVolumeClaim"]["files"] == [each.path for each in found.files]
    assert simulation.status["result"]["summary"] == {
        "results": [{"circuit": "bell", "parameterSet": 0, "shots": 100}],
        "truncated": True,
    }
    parts = simulation.config_maps("result-part")
    assert len(parts) == 3
    assert all("result-reference.json" in part["data"] for part in parts)


async def test_circuits_apart_are_shown_with_their_counts(simulation: Simulation) -> None:
    circuits = [{"name": f"c{n}", "format": "openqasm3", "source": builders.BELL} for n in range(3)]
    given(simulation, builders.job(shards=3, circuits=circuits, **ON_VOLUME))
    await simulation.step()
    for index in range(3):
        document = sharded.reference_of_shard(simulation.run_document(), index)
        sharded.gives(simulation, index, document=document)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    shown = simulation.status["result"]["summary"]
    assert [(each["circuit"], each["counts"].get("11", 0)) for each in shown["results"]] == [
        ("c0", 0),
        ("c1", 1),
        ("c2", 2),
    ]
    assert shown["truncated"] is False


async def test_a_shard_that_fails_leaves_the_files_of_the_others(simulation: Simulation) -> None:
    run = await started(simulation)
    for index in (0, 2):
        sharded.gives(simulation, index, document=sharded.reference_of_shard(run, index))
    sharded.fails(simulation, 1)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "PartialResult")
    assert "what the others gave is in ConfigMap bell-result, its files on PersistentVolumeClaim data." in (
        simulation.message
    )
    found = stored(simulation)
    assert [each.index for each in found.files] == [0, 2]
    assert [lost.index for lost in found.missing] == [1]
    assert simulation.condition(ConditionType.RESULTS_STORED)["status"] == "True"


async def test_what_a_shard_wrote_in_a_lost_attempt_is_kept(simulation: Simulation) -> None:
    run = await started(simulation)
    for index in (0, 1):
        sharded.gives(simulation, index, document=sharded.reference_of_shard(run, index))
        await sharded.settle(simulation)
    simulation.api.remove(CHILDREN, "default", simulation.child()["metadata"]["name"])
    simulation.remove_pods()
    await sharded.settle(simulation)
    assert simulation.status["attempt"] == 2
    sharded.gives(simulation, 2, attempt=2, document=sharded.reference_of_shard(run, 2, attempt=2))
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    uid = run.job.uid
    assert [each.path for each in stored(simulation).files] == [
        f"{uid}/1/result-0.json.gz",
        f"{uid}/1/result-1.json.gz",
        f"{uid}/2/result-2.json.gz",
    ]


async def test_a_shard_that_frames_its_result_past_the_volume_is_corrupt(simulation: Simulation) -> None:
    """The rule can be foretold: of several shards each writes to the volume."""
    run = await started(simulation, backoffLimit=0)
    sharded.gives(simulation, 0)
    for index in (1, 2):
        sharded.gives(simulation, index, document=sharded.reference_of_shard(run, index))
    await sharded.settle(simulation)
    sharded.ended(simulation)
    await sharded.settle(simulation)
    assert simulation.outcome == ("Failed", "PartialResult")
    assert [lost.reason for lost in stored(simulation).missing] == ["ResultCorrupt"]


async def test_a_long_reference_is_stored_gzipped(simulation: Simulation) -> None:
    columns = {name: [f"0.{n:06d}" for n in range(10_000)] for name in "abcd"}
    source = (
        "OPENQASM 3.0;\ninput float a;\ninput float b;\ninput float c;\ninput float d;\nqubit[2] q;\nbit[2] m;\n"
        "U(a, b, c + d) q[0];\nm = measure q;\n"
    )
    circuit = {"name": "bell", "format": "openqasm3", "source": source, "parameters": columns}
    given(simulation, builders.job(circuits=[circuit], shards=2, **ON_VOLUME))
    await simulation.step()
    run = simulation.run_document()
    for index in range(2):
        sharded.gives(simulation, index, document=sharded.reference_of_shard(run, index))
    await sharded.settle(simulation)
    assert simulation.outcome == ("Succeeded", "Completed")
    (config_map,) = simulation.config_maps("result")
    packed = base64.b64decode(config_map["binaryData"]["result-reference.json.gz"])
    assert len(ResultReference.from_bytes(gzip.decompress(packed)).parameters["bell"]["d"]) == 10_000
    assert simulation.status["result"]["key"] == "result-reference.json.gz"
