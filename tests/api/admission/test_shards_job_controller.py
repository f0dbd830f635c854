"""What the real Job controller makes of a child of several shards; the kubelet's part is played by hand."""

import json

from tests.api.admission.conftest import OPERATOR_ACCOUNT, Object, Place, until

from qee.api.job import QuantumJob
from qee.api.names import INDEX_LABEL, RUNNER_CONTAINER
from qee.core.checks.prepare import Prepared
from qee.core.job.observed import ChildState, child_state
from qee.kube import manifests


def child(place: Place, backoff_limit: int) -> str:
    place.create(place.job())
    job = QuantumJob.model_validate(json.loads(place.run("get", "quantumjob", "bell", "--output=json")))
    prepared = Prepared("aer", b"{}", "0" * 64, {"requests": {"cpu": "1m"}}, None, shards=3)
    made = manifests.child_job(
        job,
        attempt=1,
        backoff_limit=backoff_limit,
        image="qee-runner-aer:1",
        pull_policy="Never",
        prepared=prepared,
        pod_extras={},
    )
    name: str = place.create(made, by=OPERATOR_ACCOUNT)["metadata"]["name"]
    return name


def pods(place: Place) -> list[Object]:
    found: list[Object] = json.loads(place.run("get", "pods", "--output=json"))["items"]
    return found


def _over(pod: Object) -> bool:
    return pod["status"]["phase"] in ("Succeeded", "Failed")


def ends(place: Place, index: int, code: int) -> None:
    """The runner of the shard's present pod ends with this code."""
    (pod,) = [p for p in pods(place) if p["metadata"]["labels"][INDEX_LABEL] == str(index) and not _over(p)]
    at = "2026-01-01T00:00:00Z"
    state = {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed", "finishedAt": at}}
    container = {
        "name": RUNNER_CONTAINER,
        "state": state,
        "ready": False,
        "restartCount": 0,
        "image": "",
        "imageID": "",
    }
    status = {"phase": "Failed" if code else "Succeeded", "containerStatuses": [container]}
    place.patch("pod", pod["metadata"]["name"], {"status": status}, "--subresource=status")


def seen(place: Place, name: str) -> ChildState:
    return child_state(json.loads(place.run("get", "job", name, "--output=json")))


def all_made(place: Place) -> bool:
    return sorted(pod["metadata"]["labels"].get(INDEX_LABEL, "") for pod in pods(place)) == ["0", "1", "2"]


def test_a_shard_that_fails_for_good_fails_alone_and_the_job_ends_when_all_have(place: Place) -> None:
    name = child(place, backoff_limit=2)
    until(lambda: all_made(place), "a pod for each shard")

    ends(place, 1, 65)
    until(lambda: seen(place, name).failed_indexes == {1}, "shard 1 to be given up")
    assert seen(place, name).failed_reason is None
    ends(place, 0, 0)
    ends(place, 2, 0)
    until(lambda: seen(place, name).failed_reason is not None, "the Job's end")
    assert seen(place, name).failed_reason == "FailedIndexes"
    assert seen(place, name).failed_indexes == {1}
    assert len(pods(place)) == 3, "nobody was run twice or taken away"


def test_a_shard_that_fails_by_chance_is_retried_alone(place: Place) -> None:
    name = child(place, backoff_limit=1)
    until(lambda: all_made(place), "a pod for each shard")

    ends(place, 1, 70)
    until(lambda: len(pods(place)) == 4, "another pod")  # ten seconds later
    again = [pod for pod in pods(place) if not _over(pod)]
    assert sorted(pod["metadata"]["labels"][INDEX_LABEL] for pod in again) == ["0", "1", "2"]
    for index in (0, 1, 2):
        ends(place, index, 0)
    until(lambda: seen(place, name).complete, "the Job's end")
    assert seen(place, name).failed_indexes == frozenset()
