"""Each check of the verifier, switched off, makes a case of the table come out otherwise: none is there for show.

Where another check stands behind it (the digest covers the name as well), the reason changes; where none does, what
should be refused is accepted.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from tests import signing_cases
from tests.signing_cases import ACCEPTED, REFUSED, Case, ask, ends_in_zero

from qee.signing import dsse, statement, verify
from qee.signing.dsse import Envelope
from qee.signing.examination import Examination
from qee.signing.libraries import Suite, by_liboqs
from qee.signing.policy import Key, TrustPolicy
from qee.signing.profiles import PROFILES
from qee.signing.profiles.job import JOB
from qee.signing.rules import Accepted

Patch = Callable[[pytest.MonkeyPatch], None]


@cache
def suite() -> Suite:
    return Suite.required()


@cache
def question(case: Case) -> verify.Question:
    return case.question()


def outcomes() -> tuple[list[str], list[str]]:
    """Names of the refused cases that are accepted now, and of those whose reason or message is another one."""
    accepted, otherwise = [], []
    for case in REFUSED:
        try:
            verdict = verify.verify(question(case), suite())
        except Exception:  # of a patch: no acceptance
            otherwise.append(case.name)
            continue
        if verdict.allowed:
            accepted.append(case.name)
        elif verdict.reason is not case.reason or case.says not in verdict.message:
            otherwise.append(case.name)
    return accepted, otherwise


def without(step: str) -> Patch:
    """The step of the examination says yes to everything."""
    return lambda patch: patch.setattr(Examination, step, lambda *_: "not looked at")


def setting(owner: Any, name: str, value: Any) -> Patch:
    return lambda patch: patch.setattr(owner, name, value)


def profile(**fields: Any) -> Patch:
    """The job's profile, with other parts."""
    return lambda patch: patch.setitem(PROFILES, JOB.name, replace(JOB, **fields))


def unreadable_policies_ignored(patch: pytest.MonkeyPatch) -> None:
    governs = TrustPolicy.governs
    patch.setattr(TrustPolicy, "governs", lambda self, namespace: self.spec is not None and governs(self, namespace))


def lenient_envelope(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dsse, "strict_object", lambda data, _: json.loads(data))


def lenient_statement(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(statement, "strict_object", lambda data, _: json.loads(data))


def unsigned_payload(patch: pytest.MonkeyPatch) -> None:
    """The type is not bound: what is signed is the payload alone."""
    patch.setattr(Envelope, "signed_bytes", property(lambda self: self.payload))


def any_profile(patch: pytest.MonkeyPatch) -> None:
    read = statement.Statement.from_bytes.__func__

    def lenient(cls: type, data: bytes) -> Any:
        value = json.loads(data)
        value["profile"] = JOB.name
        return read(cls, json.dumps(value).encode())

    patch.setattr(statement.Statement, "from_bytes", classmethod(lenient))


def any_length(patch: pytest.MonkeyPatch) -> None:
    def check(self: Suite, algorithm: Any, *rest: Any) -> bool:
        return all(each(algorithm, *rest) for each in self.lattice.values())

    patch.setattr(Suite, "verify", check)


def every_holder_counts_apart(patch: pytest.MonkeyPatch) -> None:
    class Apart(str):
        """Equal to no other."""

        __hash__ = object.__hash__

        def __eq__(self, other: object) -> bool:
            return self is other

    of = Key.of.__func__
    patch.setattr(
        Key,
        "of",
        classmethod(
            lambda cls, entry: replace(of(cls, entry), entry=entry.model_copy(update={"holder": Apart(entry.holder)}))
        ),
    )


# Every step of the examination by its name, and what to patch so that it lets everything pass.
STEPS: dict[str, Patch] = {
    "policy": unreadable_policies_ignored,
    "envelope": lenient_envelope,
    "signatures": without("_signatures"),
    "statement": lenient_statement,
    "signers": without("_signers"),
    "audience": without("_audience"),
    "validity": without("_validity"),
}
# Behind these stands another check.
BACKED: dict[str, Patch] = {
    "annotation": without("_annotation"),  # an empty text is no envelope
    "keys": without("_known_keys"),  # keys that no policy lists fulfil no rule
    "subject": without("_subject"),  # the projection holds the names as well
}
FINER: dict[str, Patch] = {
    "context": profile(context=b"qee.dev/result/v1"),
    "encoding": unsigned_payload,
    "length of the envelope": setting(dsse, "MAX_ENVELOPE_CHARS", 10**6),
    "one spelling of base64": setting(dsse, "_unb64", lambda text, _: base64.b64decode(text)),
    "unknown fields": setting(dsse, "_only", lambda document, keys, _: [document.get(key) for key in keys]),
    "type of the payload": profile(payload_type="application/vnd.in-toto+json"),
    "profile": any_profile,
    "references": profile(references=lambda _: []),
    "key state": setting(Key, "unusable", lambda *_: None),
    "key constraints": setting(Key, "exceeds", lambda *_: None),
}


def test_without_a_patch_every_case_comes_out_as_the_table_says() -> None:
    assert outcomes() == ([], [])


def test_no_step_is_forgotten() -> None:
    (view,) = verify.verify(ask(), suite()).policies
    known = {*STEPS, *BACKED, "object", "rule"}  # the last two have tests of their own
    assert known == {check.what for check in view.checks}


@pytest.mark.parametrize("check", [*STEPS, *FINER])
def test_without_the_check_something_is_wrongly_accepted(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    {**STEPS, **FINER}[check](monkeypatch)
    accepted, _ = outcomes()
    assert accepted


@pytest.mark.parametrize("check", BACKED)
def test_without_the_check_another_one_refuses(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BACKED[check](monkeypatch)
    accepted, otherwise = outcomes()
    assert accepted == []
    assert otherwise


def test_without_the_digest_changed_objects_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Agreeable(str):
        """A digest that is like any other."""

        __hash__ = str.__hash__

        def __ne__(self, other: object) -> bool:
            return False

    profile(project=lambda obj: replace(JOB.project(obj), digest=Agreeable()))(monkeypatch)
    accepted, _ = outcomes()
    assert {"more shots", "another backend", "put into a queue", "an older signed spec's envelope"} <= set(accepted)


def test_without_the_rule_everything_that_any_key_signed_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    def rule(self: Any, policy: TrustPolicy) -> str:
        self._accepted = Accepted("not looked at", list(policy.keys.values()))
        return "not looked at"

    monkeypatch.setattr(Examination, "_rule", rule)
    accepted, _ = outcomes()
    wanted = {"revoked", "one of two signatures", "hybrid without the classical", "daily work with a break-glass key"}
    assert wanted <= set(accepted)


def test_a_holder_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    every_holder_counts_apart(monkeypatch)
    question.cache_clear()
    try:
        accepted, _ = outcomes()
    finally:
        question.cache_clear()
    assert accepted == ["two keys of one holder"]


BROKEN = [case for case in REFUSED if case.reason is signing_cases.Reason.SIGNATURE_INVALID]


def forged(name: str, answer: bool) -> Suite:
    return Suite({**suite().lattice, name: lambda *_: answer})


@pytest.mark.parametrize("library", ["cryptography", "liboqs"])
def test_a_library_that_says_yes_to_everything_is_contradicted_by_the_other(library: str) -> None:
    reasons = {verify.verify(question(case), forged(library, True)).reason for case in BROKEN}
    assert reasons == {
        signing_cases.Reason.LIBRARIES_DISAGREE,
        signing_cases.Reason.SIGNATURE_INVALID,
    }  # lengths, Ed25519


@pytest.mark.parametrize("library", ["cryptography", "liboqs"])
def test_a_library_that_says_no_to_everything_is_contradicted_by_the_other(library: str) -> None:
    verdict = verify.verify(question(ACCEPTED[0]), forged(library, False))
    assert (verdict.allowed, verdict.reason) == (False, signing_cases.Reason.LIBRARIES_DISAGREE)
    other = {"cryptography": "liboqs", "liboqs": "cryptography"}[library]
    assert f"only {other} takes the signature for valid" in verdict.message


def test_two_libraries_that_say_yes_to_everything_accept_forgeries() -> None:
    both = Suite({name: lambda *_: True for name in suite().lattice})
    assert any(verify.verify(question(case), both).allowed for case in BROKEN)


def test_without_the_length_check_a_truncated_key_passes_for_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    algorithm, public, message, signature, context = ends_in_zero()
    alone = Suite({"liboqs": by_liboqs})
    assert alone.verify(algorithm, public[:-1], message, signature, context) is False
    any_length(monkeypatch)
    assert alone.verify(algorithm, public[:-1], message, signature, context) is True
