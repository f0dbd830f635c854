"""The verifier's answers: every class of attack by its reason, every harmless change accepted."""

import pytest
from tests import builders, signed
from tests.signing_cases import ACCEPTED, ADA, BOB, EMERGENCY, NOW, RED, REFUSED, Case, ada, altered, ask, sign, trust

from qee.api.reasons import Reason
from qee.signing.libraries import Suite
from qee.signing.policy import TrustPolicy
from qee.signing.verify import unchanged, verify


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.required()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused(case: Case, suite: Suite) -> None:
    verdict = verify(case.question(), suite)
    assert (verdict.allowed, verdict.reason) == (False, case.reason), verdict.message
    assert case.says in verdict.message
    assert verdict.reason.remedy in verdict.message
    assert verdict.as_status() is None or len(case.question().policies) > 1
    assert not verdict.verified


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_accepted(case: Case, suite: Suite) -> None:
    verdict = verify(case.question(), suite)
    assert (verdict.allowed, verdict.reason) == (True, Reason.SIGNATURE_VERIFIED), verdict.message
    assert verdict.verified
    assert verdict.as_status() is not None
    assert verdict.jti
    assert verdict.expires


def test_names_of_cases_tell_them_apart() -> None:
    names = [case.name for case in (*REFUSED, *ACCEPTED)]
    assert len(names) == len(set(names))


def test_every_reason_that_only_needs_the_object_is_given() -> None:
    others = {Reason.LIBRARIES_DISAGREE}  # test_libraries.py
    told = {case.reason for case in REFUSED}
    between = list(Reason)[list(Reason).index(Reason.NO_POLICY) : list(Reason).index(Reason.SIGNATURE_USED)]
    assert told == set(between) - others


def test_without_policy_allow_admits_where_no_policy_governs_only(suite: Suite) -> None:
    free = ask(builders.job(), trust(namespaces={"names": ["other"]}), without_policy="Allow")
    assert verify(free, suite).reason is Reason.NOT_REQUIRED
    assert verify(free, suite).verified
    assert not verify(ask(builders.job(), without_policy="Allow"), suite).allowed


@pytest.mark.parametrize(("mode", "reason"), [("Warn", Reason.POLICY_WARN), ("Audit", Reason.POLICY_AUDIT)])
def test_a_policy_that_does_not_enforce_tells_what_it_would_refuse(suite: Suite, mode: str, reason: Reason) -> None:
    verdict = verify(ask(builders.job(), trust(mode=mode)), suite)
    assert (verdict.allowed, verdict.reason, verdict.verified) == (True, reason, False)
    assert verdict.message.startswith("SignatureMissing: ")
    assert bool(verdict.warnings) == (mode == "Warn")
    assert verdict.as_status() is None


def test_an_enforcing_policy_outweighs_one_that_warns(suite: Suite) -> None:
    warns = trust(name="a", mode="Warn", keys={"bob": BOB})
    assert verify(ask(sign(), warns), suite).reason is Reason.POLICY_WARN
    assert verify(ask(builders.job(), warns, trust(name="b")), suite).reason is Reason.SIGNATURE_MISSING


def test_what_broke_the_glass_admits_one_object_only(suite: Suite) -> None:
    """It has no end: applied again from Git it would else hold for ever."""
    verdict = verify(ask(sign(keys=RED, reason="ion trap on fire"), EMERGENCY), suite)
    assert verdict.one_shot


def test_a_bound_on_shots_leaves_no_precision_open() -> None:
    policy = TrustPolicy.of(signed.policy([signed.entry("ada", ADA, constraints={"maxShots": 10})]))
    spec = {"backendRef": {"name": "aer"}, "shots": 10, "circuits": [{}]}
    assert policy.keys["ada"].exceeds(spec) is None
    assert "spec.precision" in (policy.keys["ada"].exceeds({**spec, "precision": "0.001"}) or "")


def test_break_glass_is_told_with_its_reason(suite: Suite) -> None:
    verdict = verify(ask(sign(keys=RED, reason="ion trap on fire"), EMERGENCY), suite)
    assert verdict.break_glass == "ion trap on fire"
    assert verdict.message.startswith("BREAK GLASS (ion trap on fire). Signed by red")


def test_signatures_are_one_shot_on_cloud_backends_and_reusable_on_simulators(suite: Suite) -> None:
    assert not verify(ask(), suite).one_shot
    assert verify(ask(cloud=True), suite).one_shot
    assert verify(ask(sign(), trust(simulators="OneShot")), suite).one_shot
    assert not verify(ask(sign(), trust(cloud="Window"), cloud=True), suite).one_shot
    assert not verify(ask(builders.job(), cloud=True), suite).one_shot


def test_only_a_revoked_key_of_an_enforcing_policy_cancels_and_only_where_it_asks_for_it(suite: Suite) -> None:
    def revoked(**spec: object) -> bool:
        policy = trust(keys=[signed.entry("ada", ADA, state="Revoked")], **spec)
        return verify(ask(sign(), policy), suite).cancels

    assert revoked()
    assert not revoked(onRevoke="Leave")
    assert not revoked(mode="Warn")
    assert not verify(ask(builders.job()), suite).cancels


def test_checks_are_told_in_order_up_to_the_first_that_fails(suite: Suite) -> None:
    (view,) = verify(ask(), suite).policies
    names = [check.what for check in view.checks]
    assert names[0] == "policy"
    assert names[-1] == "rule"
    assert names.index("signatures") < names.index("statement")
    (view,) = verify(ask(sign(keys=signed.key("eve"))), suite).policies
    assert [check.what for check in view.checks] == names[: names.index("keys") + 1]
    assert view.failed is view.checks[-1]


def test_an_update_that_leaves_what_is_signed_is_allowed_to_everyone() -> None:
    job = sign()
    assert unchanged(job, altered(job, metadata__finalizers=["x"], spec__suspend=True, metadata__labels={"a": "b"}))
    assert unchanged(job, altered(job, status={"phase": "Failed"}))
    assert not unchanged(job, altered(job, spec__shots=5))
    assert not unchanged(job, altered(job, metadata__annotations={}))
    assert not unchanged(job, altered(job, metadata__labels={"kueue.x-k8s.io/queue-name": "fast"}))
    assert not unchanged(job, sign(keys=BOB))
    assert not unchanged(job, {})


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False)])
def test_an_update_from_a_number_to_a_truth_value_is_a_change(before: int, after: bool) -> None:
    """Python takes the two for equal."""
    job = sign(builders.job(providerOptions={"a": before}))
    assert not unchanged(job, altered(job, spec__providerOptions={"a": after}))


def test_a_job_of_a_revoked_key_may_still_lose_its_finalizer(suite: Suite) -> None:
    job = altered(sign(), metadata__finalizers=["x"])
    assert verify(ask(job, ada(state="Revoked")), suite).reason is Reason.KEY_REVOKED
    assert unchanged(job, altered(job, metadata__finalizers=[]))


@pytest.mark.parametrize(
    "odd",
    [
        {"metadata": None},
        {"metadata": []},
        {"metadata": {"namespace": "default", "annotations": []}},
        {"metadata": {"namespace": "default", "annotations": {"qee.dev/signature": 5}}},
        {"metadata": {"namespace": ["default"], "name": 5}, "spec": []},
        altered(sign(), spec__circuits=[5]),
        altered(sign(), spec__circuits={}),
        altered(sign(), metadata__labels=[]),
        altered(sign(), metadata__name="\ud800"),
    ],
    ids=lambda odd: str(odd)[:60],
)
def test_no_object_makes_the_verifier_raise(odd: dict, suite: Suite) -> None:
    assert not verify(ask(odd, created=NOW), suite).allowed


def test_an_object_that_is_no_job_is_refused(suite: Suite) -> None:
    assert not verify(signed.question({}, trust(), created=NOW), suite).allowed
