"""The verifier: one pure function for the command line, the webhook and the operator.

From cheap to costly, and nothing of the payload is read before its signatures hold:

    policies -> annotation -> envelope -> keys -> signatures -> statement -> object -> rule

Time: what a signature says of itself, and when a key was valid, is judged at the creation of the object, which the API
server stamps; key state (revoked, retired) is judged as it is now.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from qee.api import moments, names
from qee.api.fields import MAX_SECONDS
from qee.api.reasons import Reason
from qee.api.trust import QuantumTrustPolicySpec, SigningRule
from qee.signing.algorithms import JOB_CONTEXT
from qee.signing.dsse import Envelope, EnvelopeProblem
from qee.signing.libraries import Disagreement, Suite
from qee.signing.policy import Key, TrustPolicy, governing
from qee.signing.projection import Projection, ProjectionProblem, project, references
from qee.signing.statement import PAYLOAD_TYPE, Statement, StatementProblem
from qee.signing.verdict import Check, PolicyVerdict, Verdict


@dataclass(frozen=True)
class Question:
    """May this QuantumJob run?

    Attributes:
        obj: the object as the API server shows it, or a manifest with namespace and name.
        policies: all QuantumTrustPolicies of the cluster.
        cluster: UID of the namespace kube-system, the audience that every policy accepts.
        created: when the object was created; on admission: now.
        cloud: whether the backend that it names is a cloud backend.
        without_policy: what holds where no policy governs the namespace.
    """

    obj: Mapping[str, Any]
    policies: Sequence[TrustPolicy]
    cluster: str
    created: datetime
    cloud: bool = False
    without_policy: Literal["Deny", "Allow"] = "Deny"


class _No(Exception):
    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def verify(question: Question, suite: Suite) -> Verdict:
    """The verdict. Raises nothing for anything that an object can hold."""
    namespace = str(_metadata(question.obj).get("namespace") or "")
    found = governing(question.policies, namespace)
    if not found:
        if question.without_policy == "Allow":
            return Verdict(True, Reason.NOT_REQUIRED, Reason.NOT_REQUIRED.meaning)
        text = f"No QuantumTrustPolicy governs namespace {namespace!r}. {Reason.NO_POLICY.remedy}"
        return Verdict(False, Reason.NO_POLICY, text)
    examination = _Examination(question, suite)
    views = [examination.under(policy) for policy in found]
    return _verdict(views, examination.statement, examination.payload)


def self_consistent(question: Question, suite: Suite) -> tuple[Check, ...]:
    """What can be said without any policy: envelope, statement, signers, subject, validity, object. No key is known,
    so no signature is checked: this finds mistakes, never forgeries.
    """
    return _Examination(question, suite).without_policy()


def unchanged(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether an update leaves signature and projection as they were. Then it is allowed to everyone."""
    if annotation(old) != annotation(new):
        return False
    try:
        return project(old) == project(new)
    except ProjectionProblem:
        return False


def annotation(obj: Mapping[str, Any]) -> str | None:
    """The envelope as it stands in the object; None where there is none."""
    annotations = _metadata(obj).get("annotations")
    text = annotations.get(names.ANNOTATION_SIGNATURE) if isinstance(annotations, Mapping) else None
    return text if isinstance(text, str) else None


def _metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = obj.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


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


class _Examination:
    """One object under one policy after the other. Each step may rely on what the ones before it have set."""

    _envelope: Envelope
    _stated: Statement
    _projection: Projection
    _spec: QuantumTrustPolicySpec

    def __init__(self, question: Question, suite: Suite) -> None:
        self._question = question
        self._suite = suite
        self._answers: dict[str, bool] = {}
        self.statement: Statement | None = None
        self.payload = b""

    def without_policy(self) -> tuple[Check, ...]:
        self._spec = QuantumTrustPolicySpec.model_construct(audiences=[], max_validity_seconds=None)
        steps = {
            "annotation": self._annotation,
            "envelope": self._parse_envelope,
            "statement": self._parse_statement,
            "signers": self._signers,
            "subject": self._subject,
            "validity": self._validity,
            "object": self._object,
        }
        return _checked(steps.items())

    def under(self, policy: TrustPolicy) -> PolicyVerdict:
        """All checks in order, up to the first that fails."""
        view: dict[str, Any] = {}
        checks = _checked(self._steps(policy, view))
        if not checks[-1].passed:
            view = {}
        spec = policy.spec
        mode = spec.mode if spec else "Enforce"
        if spec:
            replay = spec.cloud if self._question.cloud else spec.simulators
            # What broke the glass has no end: used once, it is used up.
            view["one_shot"] = replay == "OneShot" or bool(view.get("break_glass"))
            view["on_revoke"] = spec.on_revoke
        return PolicyVerdict(policy.name, mode, checks, **view)

    def _steps(self, policy: TrustPolicy, view: dict[str, Any]) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "policy", lambda: self._readable(policy)
        yield "annotation", self._annotation
        yield "envelope", self._parse_envelope
        yield "keys", lambda: self._known_keys(policy)
        yield "signatures", lambda: self._signatures(policy)
        yield "statement", self._parse_statement
        yield "signers", self._signers
        yield "audience", self._audience
        yield "subject", self._subject
        yield "validity", self._validity
        yield "object", self._object
        yield "rule", lambda: self._rule(policy, view)

    def _readable(self, policy: TrustPolicy) -> str:
        if policy.spec is None:
            raise _No(Reason.POLICY_INVALID, policy.problem)
        self._spec = policy.spec
        return f"mode {policy.spec.mode}"

    def _annotation(self) -> str:
        text = annotation(self._question.obj)
        if not text:
            raise _No(Reason.SIGNATURE_MISSING, f"metadata.annotations[{names.ANNOTATION_SIGNATURE}] is missing")
        return f"{len(text)} characters"

    def _parse_envelope(self) -> str:
        try:
            self._envelope = Envelope.decode(annotation(self._question.obj) or "")
        except EnvelopeProblem as error:
            raise _No(Reason.ENVELOPE_INVALID, f"metadata.annotations[{names.ANNOTATION_SIGNATURE}]: {error}") from None
        if self._envelope.payload_type != PAYLOAD_TYPE:
            raise _No(Reason.ENVELOPE_INVALID, f"payloadType is not {PAYLOAD_TYPE}")
        return f"{len(self._envelope.signatures)} signatures"

    def _known_keys(self, policy: TrustPolicy) -> str:
        known = [s.key_id for s in self._envelope.signatures if policy.by_id(s.key_id)]
        if not known:
            signed = ", ".join(s.key_id for s in self._envelope.signatures)
            raise _No(Reason.KEY_UNKNOWN, f"signed with {signed}, which it does not list")
        return ", ".join(known)

    def _signatures(self, policy: TrustPolicy) -> str:
        for signature in self._envelope.signatures:
            for key in policy.by_id(signature.key_id)[:1]:
                if not self._valid(key, signature.value):
                    raise _No(
                        Reason.SIGNATURE_INVALID,
                        f"the signature of key {key.entry.name!r} ({signature.key_id}) does not hold",
                    )
        return f"valid for {', '.join(self._suite.lattice)}"

    def _valid(self, key: Key, signature: bytes) -> bool:
        public = key.public
        if public.key_id not in self._answers:
            try:
                self._answers[public.key_id] = self._suite.verify(
                    public.algorithm, public.raw, self._envelope.signed_bytes, signature, JOB_CONTEXT
                )
            except Disagreement as error:
                raise _No(Reason.LIBRARIES_DISAGREE, str(error)) from None
        return self._answers[public.key_id]

    def _parse_statement(self) -> str:
        try:
            self._stated = self.statement = Statement.from_bytes(self._envelope.payload)
            self.payload = self._envelope.payload
        except StatementProblem as error:
            raise _No(Reason.ENVELOPE_INVALID, f"the signed statement: {error}") from None
        return f"profile {self._stated.profile}"

    def _signers(self) -> str:
        signed, promised = {s.key_id for s in self._envelope.signatures}, set(self._stated.keyids)
        if signed != promised:
            odd = ", ".join(sorted(signed ^ promised))
            raise _No(Reason.SIGNERS_INCOMPLETE, f"keys in the statement and signatures differ: {odd}")
        return f"{len(signed)} of {len(promised)}"

    def _audience(self) -> str:
        accepted = {self._question.cluster, *self._spec.audiences}
        if not accepted & set(self._stated.audiences):
            raise _No(
                Reason.WRONG_AUDIENCE,
                f"signed for {', '.join(self._stated.audiences)}; accepted are {', '.join(sorted(accepted))}",
            )
        return ", ".join(sorted(accepted & set(self._stated.audiences)))

    def _subject(self) -> str:
        obj, subject = self._question.obj, self._stated.subject
        metadata = _metadata(obj)
        found = {
            "apiVersion": obj.get("apiVersion"),
            "kind": obj.get("kind"),
            "metadata.namespace": metadata.get("namespace"),
            "metadata.name": metadata.get("name"),
        }
        signed = {
            "apiVersion": f"{subject.group}/{subject.version}",
            "kind": subject.kind,
            "metadata.namespace": subject.namespace,
            "metadata.name": subject.name,
        }
        for field, value in signed.items():
            if found[field] != value:
                raise _No(Reason.WRONG_SUBJECT, f"{field}: signed {value!r}, found {_shown(found[field])}")
        return f"{subject.kind} {subject.namespace}/{subject.name}"

    def _validity(self) -> str:
        stated, created = self._stated, self._question.created
        skew = timedelta(seconds=self._spec.clock_skew_seconds)
        if created + skew < max(stated.nbf, stated.iat):
            at = max(stated.nbf, stated.iat).isoformat()
            raise _No(Reason.SIGNATURE_NOT_YET_VALID, f"valid from {at}; the job was created {created.isoformat()}")
        if stated.purpose == "break-glass":
            return "expiry waived: break-glass"
        if created > stated.exp:
            raise _No(
                Reason.SIGNATURE_EXPIRED,
                f"valid until {stated.exp.isoformat()}; the job was created {created.isoformat()}",
            )
        longest = self._spec.max_validity_seconds or MAX_SECONDS
        if (stated.exp - stated.nbf).total_seconds() > longest:
            raise _No(Reason.VALIDITY_TOO_LONG, f"valid for {stated.exp - stated.nbf}; allowed are {longest} s")
        return f"until {stated.exp.isoformat()}"

    @cached_property
    def _projected(self) -> Projection | ProjectionProblem:
        try:
            return project(self._question.obj)
        except ProjectionProblem as problem:
            return problem

    def _object(self) -> str:
        if isinstance(self._projected, ProjectionProblem):
            raise _No(Reason.SPEC_MISMATCH, str(self._projected))
        self._projection = self._projected
        if self._projection.digest != self._stated.subject.sha512:
            differs = self._projection.difference(self._stated.subject.fields)
            raise _No(Reason.SPEC_MISMATCH, differs or "the digest differs from the signed one")
        if references(self._question.obj) != [ref.model_dump() for ref in self._stated.refs]:
            raise _No(Reason.SPEC_MISMATCH, "the ConfigMaps that the circuits refer to are not those that were signed")
        return f"sha512 {self._stated.subject.sha512[:16]}…"

    def _rule(self, policy: TrustPolicy, view: dict[str, Any]) -> str:
        signed = {s.key_id for s in self._envelope.signatures}
        mine = [key for key in policy.keys.values() if key.public.key_id in signed]
        emergency = set(self._spec.break_glass.keys if self._spec.break_glass else [])
        breaking = self._stated.purpose == "break-glass"
        counting = [key for key in mine if (key.entry.name in emergency) == breaking]
        if not counting:
            told = "signed to break the glass" if breaking else "signed for daily work"
            raise _No(Reason.BREAK_GLASS_REFUSED, f"{told} with {', '.join(key.entry.name for key in mine)}")
        usable = self._usable(counting)
        if breaking:
            _accept(view, usable[:1])
            view["break_glass"] = self._stated.reason or ""
            return f"break-glass: {self._stated.reason}"
        for rule in self._spec.rules:
            keys = [key for key in usable if key.entry.name in rule.keys]
            holders = {key.entry.holder for key in keys}
            key_ids = {key.public.key_id for key in keys}
            families = {key.public.algorithm.family.value for key in keys}
            if min(len(holders), len(key_ids)) >= rule.threshold and set(rule.require) <= families:
                _accept(view, keys)
                return f"{rule.name!r} holds: {', '.join(sorted(holders))}"
        wanted = "; ".join(_wants(rule) for rule in self._spec.rules)
        have = ", ".join(sorted(key.entry.name for key in usable))
        raise _No(Reason.THRESHOLD_NOT_MET, f"signed with {have}; wanted: {wanted}")

    def _usable(self, keys: list[Key]) -> list[Key]:
        """Those that count. Raises where none does: what is wrong with the first is what people have to know."""
        usable, problems = [], []
        for key in keys:
            if why := key.unusable(self._question.created):
                problems.append(why)
            elif exceeded := key.exceeds(self._projection.value["spec"]):
                problems.append((Reason.KEY_CONSTRAINED, exceeded))
            else:
                usable.append(key)
        # A revoked key means that somebody else may have it: an object that bears its signature is not taken for good.
        revoked = [problem for problem in problems if problem[0] is Reason.KEY_REVOKED]
        if revoked or not usable:
            raise _No(*(revoked or problems)[0])
        return usable


def _checked(steps: Iterable[tuple[str, Callable[[], str]]]) -> tuple[Check, ...]:
    """Takes the steps in order, up to the first that fails."""
    checks: list[Check] = []
    for what, step in steps:
        try:
            checks.append(Check(what, True, step(), Reason.SIGNATURE_VERIFIED))
        except _No as no:
            checks.append(Check(what, False, str(no), no.reason))
            break
    return tuple(checks)


def _shown(value: Any) -> str:
    """What an object says of itself: as long as it likes, and of any kind."""
    text = ascii(value) if isinstance(value, str | int | None) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:80]}…"


def _accept(view: dict[str, Any], keys: Sequence[Key]) -> None:
    view["key_ids"] = tuple(sorted({key.public.key_id for key in keys}))
    view["signers"] = tuple(sorted({key.entry.holder for key in keys}))


def _wants(rule: SigningRule) -> str:
    families = f" with {' and '.join(rule.require)}" if set(rule.require) != {"lattice"} else ""
    return f"{rule.name} ({rule.threshold} of {', '.join(rule.keys)}{families})"
