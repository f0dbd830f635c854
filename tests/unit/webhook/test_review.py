"""What the webhook answers, as a pure function of the review, the cluster's facts and the time."""

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from tests import builders, signed
from tests.mutations import QUICK, changed_json, repeated
from tests.unit.webhook.reviews import body, facts, review

from qee.webhook.review import Answer, Malformed, answer, parse

NOW = datetime.now(UTC)
SUITE = signed.SUITE
GOOD = review("CREATE", signed.sign_job(builders.job(), signed.key("ada")))


def _about(obj: Any) -> Any:
    return {**GOOD, "request": {**GOOD["request"], "object": obj}}


def _with_spec(spec: Any) -> Any:
    return _about({**GOOD["request"]["object"], "spec": spec})


@pytest.mark.parametrize("mode", ["Enforce", "Audit"])
def test_whatever_is_asked_gets_an_answer_or_is_no_review(mode: str):
    known = facts(signed.policy({"ada": signed.key("ada")}, mode=mode))

    @QUICK
    @given(
        changed_json(GOOD)
        | changed_json(GOOD["request"]["object"]).map(_about)
        | changed_json(GOOD["request"]["object"]["spec"]).map(_with_spec)
    )
    def holds(asked: Any):
        try:
            request = parse(json.dumps(asked).encode())
        except Malformed:
            return
        found = answer(request, known, SUITE, datetime.now(UTC))
        assert json.dumps(found.review(request.uid)).isascii()

    repeated(holds)


ADA = signed.key("ada")
POLICY = signed.policy({"ada": ADA})


def asked(
    operation: str, obj: Any = None, old: Any = None, *policies: Any, now: datetime = NOW, **known: Any
) -> Answer:
    request = parse(body(operation, obj, old))
    return answer(request, facts(*(policies or (POLICY,)), **known), SUITE, now)


def job(**spec: Any) -> dict[str, Any]:
    return signed.sign_job(builders.job(**spec), ADA, now=NOW)


def test_a_signed_job_is_admitted_and_the_audit_log_says_by_whom():
    found = asked("CREATE", job())
    assert (found.allowed, found.reason) == (True, "SignatureVerified")
    told = found.review("u")["response"]["auditAnnotations"]
    assert told == {
        "verdict": "allowed",
        "reason": "SignatureVerified",
        "policy": "trust",
        "keyids": ADA.public.key_id,
    }


def test_a_denial_names_its_code_first():
    response = asked("CREATE", builders.job()).review("u-1")["response"]
    assert response["uid"] == "u-1"
    assert response["allowed"] is False
    assert (response["status"]["code"], response["status"]["reason"]) == (403, "SignatureMissing")
    assert response["status"]["message"].startswith("SignatureMissing: ")
    assert "qee sign" in response["status"]["message"]
    assert response["auditAnnotations"]["verdict"] == "denied"


def test_without_a_policy_the_installation_decides():
    request = parse(body("CREATE", builders.job()))
    assert answer(request, facts(), SUITE, NOW).reason == "NoPolicy"
    assert answer(request, facts(without_policy="Allow"), SUITE, NOW).allowed


def test_a_policy_that_cannot_be_read_admits_nothing():
    broken = copy.deepcopy(POLICY)
    broken["spec"]["mode"] = "Sometimes"
    assert asked("CREATE", job(), None, broken).reason == "PolicyInvalid"


@pytest.mark.parametrize(
    "change",
    [
        lambda new: new["metadata"].update(finalizers=["example.com/x"]),
        lambda new: new["metadata"]["labels"].update({"app.kubernetes.io/instance": "argo"}),
        lambda new: new["metadata"]["annotations"].update({"argocd.argoproj.io/tracking-id": "x"}),
        lambda new: new["metadata"].update(ownerReferences=[]),
        lambda new: new["spec"].update(suspend=True),
        lambda new: new["spec"].update(cancelRequested=True),
        lambda new: new["spec"].update(ttlSecondsAfterFinished=1),
        lambda new: new["spec"].update(outputs=["counts"]),  # the default, written out
        lambda new: new.update(status={"phase": "Running"}),
    ],
)
def test_an_update_of_nothing_signed_is_anybodys(change: Any):
    """Also when the signature would be refused by now: finalizers must come off."""
    old = job()
    new = copy.deepcopy(old)
    change(new)
    found = asked("UPDATE", new, old, signed.policy({"bob": signed.key("bob")}), now=NOW + timedelta(days=400))
    assert (found.allowed, found.reason) == (True, "Unchanged")


def test_removing_the_signature_is_refused_unless_the_job_is_being_deleted():
    old, new = job(), builders.job()
    assert asked("UPDATE", new, old).reason == "SignatureMissing"
    for each in (old, new):
        each["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert asked("UPDATE", new, old).allowed


def test_a_deletion_timestamp_that_the_update_brings_along_counts_for_nothing():
    old, new = job(), builders.job()
    new["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert asked("UPDATE", new, old).reason == "SignatureMissing"


def test_a_job_that_claims_to_be_deleted_is_created_by_signature_only():
    new = builders.job()
    new["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert asked("CREATE", new).reason == "SignatureMissing"


def test_a_label_that_kueue_acts_on_is_signed():
    old = job()
    new = copy.deepcopy(old)
    new["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "fast"
    assert asked("UPDATE", new, old).reason == "SpecMismatch"


def test_an_update_may_bring_a_new_signature():
    old = job()
    new = signed.sign_job(builders.job(), ADA, now=NOW)
    assert asked("UPDATE", new, old).reason == "SignatureVerified"


def test_deletion_is_never_refused():
    assert asked("DELETE", None, builders.job(), now=NOW + timedelta(days=4000)).allowed


def test_a_create_that_brings_an_old_object_is_not_an_update():
    """The operation decides which objects are looked at."""
    unsigned = builders.job()
    assert asked("CREATE", unsigned, unsigned).reason == "SignatureMissing"


def test_the_objects_namespace_is_the_requests():
    request = parse(body("CREATE", job(), namespace="other"))
    found = answer(request, facts(POLICY), SUITE, NOW)
    assert (found.allowed, found.code) == (False, 400)


def test_a_dry_run_gets_the_same_answer():
    for obj, allowed in ((job(), True), (builders.job(), False)):
        request = parse(body("CREATE", obj, dryRun=True))
        assert request.dry_run
        assert answer(request, facts(POLICY), SUITE, NOW).allowed is allowed


def test_warn_warns_in_words_that_fit():
    found = asked("CREATE", builders.job(), None, signed.policy({"ada": ADA}, mode="Warn"))
    assert (found.allowed, found.reason) == (True, "PolicyWarn")
    (warning,) = found.review("u")["response"]["warnings"]
    assert warning.startswith("SignatureMissing")
    assert len(warning) <= 256


def test_audit_is_silent_but_for_the_audit_log():
    found = asked("CREATE", builders.job(), None, signed.policy({"ada": ADA}, mode="Audit")).review("u")["response"]
    assert found["allowed"]
    assert "warnings" not in found
    assert found["auditAnnotations"]["reason"] == "PolicyAudit"
    assert "SignatureMissing" in found["auditAnnotations"]["unmet"]


def test_breaking_the_glass_is_loud():
    eve = signed.key("eve")
    policy = signed.policy({"ada": ADA, "eve": eve}, breakGlass={"keys": ["eve"]})
    found = asked("CREATE", signed.sign_job(builders.job(), eve, now=NOW, reason="pager 17"), None, policy)
    assert found.allowed
    assert found.break_glass == "pager 17"
    assert "BREAK GLASS" in found.warnings[0]
    assert found.review("u")["response"]["auditAnnotations"]["break-glass"] == "pager 17"


def test_a_cloud_backend_asks_for_one_shot():
    found = asked("CREATE", job(), simulators=frozenset())
    assert found.audit["one-shot"] == "true"
    assert not asked("CREATE", job()).audit["one-shot"]


def _without(path: str) -> bytes:
    value = review("UPDATE", builders.job(), builders.job())
    *parents, last = path.split(".")
    inner = value
    for each in parents:
        inner = inner[each]
    del inner[last]
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}',
        b"[" * 200_000,
        b"\xff\xfe",
        *(
            _without(f"{path}")
            for path in ("apiVersion", "kind", "request", "request.uid", "request.resource", "request.operation")
        ),
        *(_without(f"request.{path}") for path in ("namespace", "object", "oldObject", "object.metadata")),
        body("CONNECT", builders.job()),
        body("CREATE", None),
        body("CREATE", builders.job(), uid=""),
        body("CREATE", builders.job(), subResource="status"),
        body("CREATE", builders.job(), resource={"group": "qee.dev", "version": "v1", "resource": "quantumjobs"}),
        body("CREATE", builders.job(), resource={"group": "", "version": "v1", "resource": "pods"}),
    ],
)
def test_what_is_no_review_is_told_apart(data: bytes):
    with pytest.raises(Malformed):
        parse(data)
