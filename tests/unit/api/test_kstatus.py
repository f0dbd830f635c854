"""kstatus, the idea of "done" that Argo CD, Flux and `helm --wait` share, reads our truth table as the design says.

The rules are those of kubernetes-sigs/cli-utils, pkg/kstatus/status/generic.go and status.go (fluxcd/cli-utils is a
fork with the same rules): deletion, then generation, then Reconciling and Stalled in list order, then Ready, else
Current.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qee.api.conditions import (
    EPOCH,
    MAX_MESSAGE,
    PHASES,
    TERMINAL_PHASES,
    ConditionType,
    Finding,
    Phase,
    Status,
    conditions_for,
    status_of,
    terminal_phase,
    unknown_conditions,
)
from qee.api.reasons import Reason

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def kstatus(obj: Mapping[str, Any]) -> str:
    meta, status = obj.get("metadata", {}), obj.get("status", {})
    if meta.get("deletionTimestamp"):
        return "Terminating"
    observed = status.get("observedGeneration")
    if "generation" in meta and observed is not None and observed != meta["generation"]:
        return "InProgress"
    for condition in status.get("conditions", []):
        if condition["type"] == "Reconciling" and condition["status"] == "True":
            return "InProgress"
        if condition["type"] == "Stalled" and condition["status"] == "True":
            return "Failed"
    for condition in status.get("conditions", []):
        if condition["type"] == "Ready":
            return "Current" if condition["status"] == "True" else "InProgress"
    return "Current"


REASONS = {
    Phase.PENDING: Reason.WAITING_FOR_BACKEND,
    Phase.UNVERIFIED: Reason.PENDING,
    Phase.SUSPENDED: Reason.SUSPENDED,
    Phase.QUEUED: Reason.QUEUED,
    Phase.RUNNING: Reason.RUNNING,
    Phase.SUCCEEDED: Reason.COMPLETED,
    Phase.FAILED: Reason.OUT_OF_MEMORY,
    Phase.CANCELLED: Reason.CANCELLED,
}


GOOD = Finding(Status.TRUE, Reason.SIGNATURE_VERIFIED, "Signed by Ada.")
BAD = Finding(Status.FALSE, Reason.KEY_REVOKED, "Ada's key is revoked.")


def move(phase, previous=(), *, reason=None, message="said", now=NOW, generation=1, verified=None):
    return conditions_for(
        phase,
        reason=reason or REASONS[phase],
        message=message,
        now=now,
        generation=generation,
        previous=previous,
        verified=verified,
    )


def job(conditions, generation=1, observed=1, **meta):
    return {
        "metadata": {"generation": generation, **meta},
        "status": {"observedGeneration": observed, "conditions": conditions},
    }


def statuses(conditions):
    return {c["type"]: c["status"] for c in conditions}


def find(conditions, kind):
    return next(c for c in conditions if c["type"] == kind)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase.PENDING, "InProgress"),
        (Phase.UNVERIFIED, "Failed"),
        (Phase.SUSPENDED, "Current"),
        (Phase.QUEUED, "Current"),
        (Phase.RUNNING, "Current"),
        (Phase.SUCCEEDED, "Current"),
        (Phase.FAILED, "Failed"),
        (Phase.CANCELLED, "Failed"),
    ],
)
def test_kstatus_reads_each_phase_as_the_design_says(phase, expected):
    assert kstatus(job(move(phase))) == expected


def test_kstatus_reads_a_job_that_nobody_has_seen_as_in_progress():
    assert kstatus(job(unknown_conditions(), generation=1, observed=-1)) == "InProgress"


def test_kstatus_reads_a_job_whose_new_generation_is_not_observed_as_in_progress():
    assert kstatus(job(move(Phase.SUCCEEDED), generation=2, observed=1)) == "InProgress"


def test_kstatus_reads_a_job_under_deletion_as_terminating():
    assert kstatus(job(move(Phase.FAILED), deletionTimestamp="2026-03-01T12:00:00Z")) == "Terminating"


@pytest.mark.parametrize(
    ("phase", "row"),
    [
        (Phase.PENDING, "Verified=Unknown Reconciling=True Stalled=False Finished=False"),
        (Phase.UNVERIFIED, "Verified=False Finished=False Reconciling=False Stalled=True"),
        (Phase.SUSPENDED, "Suspended=True Reconciling=False Stalled=False Finished=False"),
        (Phase.QUEUED, "Submitted=True Succeeded=Unknown Reconciling=False Stalled=False Finished=False"),
        (Phase.RUNNING, "Submitted=True Succeeded=Unknown Reconciling=False Stalled=False Finished=False"),
        (Phase.SUCCEEDED, "Finished=True Succeeded=True ResultsStored=True Reconciling=False Stalled=False"),
        (Phase.FAILED, "Finished=True Succeeded=False Reconciling=False Stalled=True"),
        (Phase.CANCELLED, "Finished=True Succeeded=False Reconciling=False Stalled=True"),
    ],
)
def test_each_phase_says_what_its_row_of_the_truth_table_says(phase, row):
    said = statuses(move(phase))
    assert {key: said[key] for key in dict(p.split("=") for p in row.split())} == dict(
        p.split("=") for p in row.split()
    )


def test_every_phase_names_every_condition_type_in_order():
    assert set(PHASES) == set(Phase)
    for phase in Phase:
        assert list(PHASES[phase]) == list(ConditionType)
        assert [c["type"] for c in move(phase)] == [t.value for t in ConditionType]


@pytest.mark.parametrize("phase", list(Phase))
def test_every_condition_is_complete_and_knows_its_generation(phase):
    for condition in move(phase, generation=7):
        assert condition["status"] in {"True", "False", "Unknown"}
        assert condition["reason"] in set(Reason)
        assert condition["lastTransitionTime"] == "2026-03-01T12:00:00Z"
        assert condition["observedGeneration"] == 7
        assert set(condition) == {"type", "status", "reason", "message", "lastTransitionTime", "observedGeneration"}


def test_the_transition_time_moves_only_when_the_status_flips():
    queued = move(Phase.QUEUED)
    done = move(Phase.SUCCEEDED, queued, now=LATER)
    since = {c["type"]: c["lastTransitionTime"] for c in done}
    assert since["Submitted"] == "2026-03-01T12:00:00Z"
    assert since["Finished"] == "2026-03-01T12:05:00Z"
    assert since["Stalled"] == "2026-03-01T12:00:00Z"


def test_a_new_reason_without_a_flip_keeps_the_transition_time():
    running = move(Phase.RUNNING, move(Phase.QUEUED), now=LATER)
    finished = find(running, "Finished")
    assert (finished["reason"], finished["lastTransitionTime"]) == ("Running", "2026-03-01T12:00:00Z")


def test_the_first_observation_replaces_the_time_of_the_schema_default():
    first = move(Phase.PENDING, unknown_conditions())
    assert find(first, "Verified")["status"] == "Unknown"
    assert all(c["lastTransitionTime"] != EPOCH for c in first)


def test_the_same_phase_twice_gives_the_same_conditions():
    first = move(Phase.RUNNING)
    assert move(Phase.RUNNING, first, now=LATER) == first


@pytest.mark.parametrize("ended", sorted(TERMINAL_PHASES))
@pytest.mark.parametrize("asked", list(Phase))
def test_an_ended_job_never_moves(ended, asked):
    before = move(ended, move(Phase.RUNNING))
    after = move(asked, before, reason=Reason.RUNNER_FAILED, message="other", now=LATER, generation=3)
    assert terminal_phase(after) == ended
    assert [{**c, "observedGeneration": 1} for c in after] == before
    assert {c["observedGeneration"] for c in after} == {3}


def test_a_job_that_has_not_ended_has_no_terminal_phase():
    for phase in set(Phase) - TERMINAL_PHASES:
        assert terminal_phase(move(phase)) is None
    assert terminal_phase([]) is None
    assert terminal_phase(unknown_conditions()) is None


def test_a_deleted_result_is_told_and_the_job_has_still_succeeded():
    after = move(Phase.SUCCEEDED, move(Phase.SUCCEEDED), reason=Reason.RESULT_DELETED, now=LATER)
    stored = find(after, "ResultsStored")
    assert (stored["status"], stored["reason"]) == ("False", "ResultDeleted")
    assert stored["lastTransitionTime"] == "2026-03-01T12:05:00Z"
    assert (find(after, "Succeeded")["status"], find(after, "Succeeded")["reason"]) == ("True", "Completed")
    assert kstatus(job(after)) == "Current"
    assert move(Phase.SUCCEEDED, after, now=LATER) == after, "a later look must not restore it"


def test_a_job_that_failed_in_part_has_its_result_stored_and_has_failed():
    partly = move(Phase.FAILED, move(Phase.RUNNING), reason=Reason.PARTIAL_RESULT)
    stored = find(partly, "ResultsStored")
    assert (stored["status"], stored["reason"]) == ("True", "ResultStored")
    assert (find(partly, "Succeeded")["status"], find(partly, "Succeeded")["reason"]) == ("False", "PartialResult")
    assert terminal_phase(partly) is Phase.FAILED
    assert kstatus(job(partly)) == "Failed"
    after = move(Phase.SUCCEEDED, partly, reason=Reason.RESULT_DELETED, now=LATER)
    assert (find(after, "ResultsStored")["status"], find(after, "ResultsStored")["reason"]) == (
        "False",
        "ResultDeleted",
    )
    assert terminal_phase(after) is Phase.FAILED
    plainly = move(Phase.FAILED, move(Phase.RUNNING), reason=Reason.OUT_OF_MEMORY)
    again = move(Phase.SUCCEEDED, plainly, reason=Reason.RESULT_DELETED, now=LATER)
    assert find(again, "ResultsStored")["reason"] == "OutOfMemory", "there was no result"


def test_a_failed_job_keeps_what_was_known_of_its_signature_and_child():
    ran = move(Phase.FAILED, move(Phase.RUNNING, verified=GOOD))
    assert (status_of(ran, ConditionType.VERIFIED), status_of(ran, ConditionType.SUBMITTED)) == (
        Status.TRUE,
        Status.TRUE,
    )
    refused = move(Phase.FAILED, unknown_conditions(), reason=Reason.NOT_IN_THIS_BUILD)
    assert (status_of(refused, ConditionType.VERIFIED), status_of(refused, ConditionType.SUBMITTED)) == (
        Status.UNKNOWN,
        Status.FALSE,
    )
    assert find(refused, "Submitted")["reason"] == "NotInThisBuild"


@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.UNVERIFIED, Phase.SUSPENDED}))
def test_verified_says_what_was_found_in_every_phase_in_which_it_was_looked_for(phase):
    found = find(move(phase, move(Phase.RUNNING, verified=GOOD), verified=BAD), "Verified")
    assert (found["status"], found["reason"], found["message"]) == ("False", "KeyRevoked", BAD.message)


def test_a_suspended_jobs_signature_is_not_looked_at():
    assert find(move(Phase.SUSPENDED, verified=GOOD), "Verified")["status"] == "Unknown"


def test_what_nobody_looked_at_is_not_verified():
    assert find(move(Phase.RUNNING), "Verified")["status"] == "Unknown"
    assert find(move(Phase.SUCCEEDED, move(Phase.RUNNING, verified=BAD)), "Verified")["reason"] == "KeyRevoked"


def test_a_job_that_a_revocation_stopped_is_cancelled():
    assert terminal_phase(move(Phase.CANCELLED, reason=Reason.REVOKED)) is Phase.CANCELLED


def test_a_cancelled_job_that_was_never_verified_stays_unverified():
    before = move(Phase.UNVERIFIED)
    assert find(move(Phase.CANCELLED, before), "Verified") == find(before, "Verified")


@pytest.mark.parametrize(
    ("phase", "kind", "reason"),
    [
        (Phase.SUCCEEDED, "Submitted", "Accepted"),
        (Phase.SUCCEEDED, "ResultsStored", "ResultStored"),
        (Phase.SUCCEEDED, "Suspended", "NotSuspended"),
        (Phase.SUCCEEDED, "Succeeded", "Completed"),
        (Phase.SUSPENDED, "Suspended", "Suspended"),
        (Phase.FAILED, "Stalled", "OutOfMemory"),
        (Phase.FAILED, "ResultsStored", "OutOfMemory"),
        (Phase.PENDING, "Reconciling", "WaitingForBackend"),
    ],
)
def test_a_condition_has_the_reason_that_explains_it(phase, kind, reason):
    assert find(move(phase), kind)["reason"] == reason


def test_a_long_message_is_cut_visibly():
    message = find(move(Phase.FAILED, message="x" * 5000), "Succeeded")["message"]
    assert len(message) == MAX_MESSAGE
    assert message.endswith("…")


def test_a_clock_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        move(Phase.PENDING, now=datetime(2026, 3, 1))
