"""The verifier: one pure function for the command line, the webhook, the operator and the connectors."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from qee.api import moments, names
from qee.api.reasons import Reason
from qee.signing.examination import Examination
from qee.signing.libraries import Suite
from qee.signing.policy import governing
from qee.signing.profiles import of_kind
from qee.signing.projection import ProjectionProblem
from qee.signing.statement import Statement
from qee.signing.verdict import Check, PolicyVerdict, Question, Verdict, annotation, metadata

__all__ = ["Question", "annotation", "self_consistent", "unchanged", "verify"]


def verify(question: Question, suite: Suite) -> Verdict:
    """The verdict. Raises nothing for anything that an object can hold."""
    namespace = str(metadata(question.obj).get("namespace") or "")
    found = governing(question.policies, namespace)
    if not found:
        if question.without_policy == "Allow":
            return Verdict(True, Reason.NOT_REQUIRED, Reason.NOT_REQUIRED.meaning)
        text = f"No QuantumTrustPolicy governs namespace {namespace!r}. {Reason.NO_POLICY.remedy}"
        return Verdict(False, Reason.NO_POLICY, text)
    examination = Examination(question, suite)
    views = [examination.under(policy) for policy in found]
    return _verdict(views, examination.statement, examination.payload)


def self_consistent(question: Question, suite: Suite) -> tuple[Check, ...]:
    """What can be said without any policy: envelope, statement, signers, subject, validity, object. No key is known,
    so no signature is checked: this finds mistakes, never forgeries.
    """
    return Examination(question, suite).without_policy()


def unchanged(old: Mapping[str, Any], new: Mapping[str, Any], kind: str = names.KIND_JOB) -> bool:
    """Whether an update leaves signature and projection as they were, by each profile. Then everyone may make it."""
    if annotation(old) != annotation(new):
        return False
    try:
        return all(profile.project(old) == profile.project(new) for profile in of_kind(kind))
    except ProjectionProblem:
        return False


def _verdict(views: list[PolicyVerdict], statement: Statement | None, payload: bytes) -> Verdict:
    known: dict[str, Any] = {"policies": tuple(views)}
    if statement is not None:
        known |= {"jti": statement.jti, "expires": moments.write(statement.exp)}
        known["payload"] = hashlib.sha256(payload).hexdigest()
    for mode in ("Enforce", "Warn", "Audit"):
        failed = [(view.policy, view.failed) for view in views if view.failed and view.mode == mode]
        if not failed:
            continue
        name, check = failed[0]
        told = f"QuantumTrustPolicy {name!r}: {check.message}. {check.reason.remedy}"
        if mode == "Enforce":
            return Verdict(False, check.reason, told, **known)
        reason = Reason.POLICY_WARN if mode == "Warn" else Reason.POLICY_AUDIT
        warnings = tuple(
            f"{check.reason}: QuantumTrustPolicy {name!r}, which does not enforce yet: {check.message}"
            for name, check in failed
            if mode == "Warn"
        )
        return Verdict(True, reason, f"{check.reason}: {told}", warnings=warnings, **known)
    return Verdict(True, Reason.SIGNATURE_VERIFIED, _accepted(views), **known)


def _accepted(views: Sequence[PolicyVerdict]) -> str:
    signers = sorted({signer for view in views for signer in view.signers})
    broken = next((view.break_glass for view in views if view.break_glass), "")
    text = f"Signed by {', '.join(signers)}; accepted by {', '.join(view.policy for view in views)}."
    return f"BREAK GLASS ({broken}). {text}" if broken else text
