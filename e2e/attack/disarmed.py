"""The last attack: an administrator deletes every layer of admission, and stores an unsigned job."""

import time

from e2e import chart
from e2e.attack import outcome
from e2e.attack.attacks import Attack
from e2e.attack.outcome import NOT_STOPPED, Outcome
from e2e.attack.stage import Stage
from e2e.cluster.clients import kubectl

LAYERS = ("validatingwebhookconfigurations", "validatingadmissionpolicybindings", "validatingadmissionpolicies")
WATCHED = 10.0  # seconds in which an unsigned job must not start


def disarmed(stage: Stage) -> Outcome:
    for kind in LAYERS:
        kubectl(stage.kubeconfig, "delete", kind, "--selector=app.kubernetes.io/name=qee")
    job = stage.job()
    stage.space.until(lambda: _stored(stage, job), "the API server to forget the policies")
    name = job["metadata"]["name"]
    found = stage.settled(name, "Unverified")
    time.sleep(WATCHED)
    found = stage.space.quantum_job(name)
    verified = found.condition("Verified")
    ran = stage.space.of(found.uid) or found.phase != "Unverified"
    return Outcome(NOT_STOPPED if ran else outcome.OPERATOR, f"{verified['reason']}: {verified['message']}")


def _stored(stage: Stage, job: dict[str, object]) -> bool:
    return not stage.tried(job).stopped


DISARMED = Attack(
    "An unsigned job, with webhook and policies deleted by an administrator",
    outcome.OPERATOR,
    "SignatureMissing",
    disarmed,
)


def rearm(stage: Stage) -> None:
    """What was deleted comes back with the release."""
    chart.install(stage.kubeconfig, chart.values(stage.kubeconfig), *chart.TAKE_OVER)
