"""One signed object, looked at step by step. From cheap to costly, and nothing of the payload is read before its
signatures hold.

    policy -> annotation -> envelope -> keys -> signatures -> statement -> signers, audience, subject, validity
    -> object -> rule

Time: what a signature says of itself, and when a key was valid, is judged at the creation of the object, which the API
server stamps; key state (revoked, retired) is judged as it is now.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any

from qee.api import names
from qee.api.fields import MAX_SECONDS
from qee.api.reasons import Reason
from qee.api.trust import QuantumTrustPolicySpec
from qee.signing.dsse import Envelope, EnvelopeProblem
from qee.signing.libraries import Disagreement, Suite
from qee.signing.policy import Key, TrustPolicy
from qee.signing.profiles import PROFILES, of_kind
from qee.signing.projection import Profile, Projection, ProjectionProblem
from qee.signing.rules import Accepted, accept
from qee.signing.statement import Statement, StatementProblem
from qee.signing.verdict import Check, CheckFailed, PolicyVerdict, Question, annotation, checked, metadata

PLACE = f"metadata.annotations[{names.ANNOTATION_SIGNATURE}]"
UNAIDED = ("annotation", "envelope", "statement", "signers", "subject", "validity", "object")  # ask for no policy


class Examination:
    """One object under one policy after the other. Each step may rely on what the ones before it have set."""

    _envelope: Envelope
    _profile: Profile
    _stated: Statement
    _projection: Projection
    _spec: QuantumTrustPolicySpec
    _accepted: Accepted

    def __init__(self, question: Question, suite: Suite) -> None:
        self._question = question
        self._suite = suite
        self._profiles = of_kind(question.kind)
        self._answers: dict[str, bool] = {}
        self.statement: Statement | None = None
        self.payload = b""

    def without_policy(self) -> tuple[Check, ...]:
        self._spec = QuantumTrustPolicySpec.model_construct(audiences=[], max_validity_seconds=None)
        return checked((what, step) for what, step in self._steps(TrustPolicy("", None)) if what in UNAIDED)

    def under(self, policy: TrustPolicy) -> PolicyVerdict:
        """All checks in order, up to the first that fails."""
        checks, spec = checked(self._steps(policy)), policy.spec
        if spec is None:
            return PolicyVerdict(policy.name, "Enforce", checks)
        found = self._accepted if checks[-1].passed else Accepted("", ())
        replay = spec.cloud if self._question.cloud else spec.simulators
        return PolicyVerdict(
            policy.name,
            spec.mode,
            checks,
            key_ids=found.key_ids,
            signers=found.signers,
            break_glass=found.break_glass,
            one_shot=replay == "OneShot" or bool(found.break_glass),  # it has no end: used once, it is used up
            on_revoke=spec.on_revoke,
        )

    def _steps(self, policy: TrustPolicy) -> Iterator[tuple[str, Callable[[], str]]]:
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
        yield "rule", lambda: self._rule(policy)

    def _readable(self, policy: TrustPolicy) -> str:
        if policy.spec is None:
            raise CheckFailed(Reason.POLICY_INVALID, policy.problem)
        self._spec = policy.spec
        return f"mode {policy.spec.mode}"

    def _annotation(self) -> str:
        text = annotation(self._question.obj)
        if not text:
            raise CheckFailed(Reason.SIGNATURE_MISSING, f"{PLACE} is missing")
        return f"{len(text)} characters"

    def _parse_envelope(self) -> str:
        try:
            self._envelope = Envelope.decode(annotation(self._question.obj) or "")
        except EnvelopeProblem as error:
            raise CheckFailed(Reason.ENVELOPE_INVALID, f"{PLACE}: {error}") from None
        known = {profile.payload_type: profile for profile in self._profiles}
        if self._envelope.payload_type not in known:
            raise CheckFailed(Reason.ENVELOPE_INVALID, f"payloadType is not {' or '.join(known)}")
        self._profile = known[self._envelope.payload_type]
        return f"{len(self._envelope.signatures)} signatures"

    def _known_keys(self, policy: TrustPolicy) -> str:
        known = [s.key_id for s in self._envelope.signatures if policy.by_id(s.key_id)]
        if not known:
            signed = ", ".join(s.key_id for s in self._envelope.signatures)
            raise CheckFailed(Reason.KEY_UNKNOWN, f"signed with {signed}, which it does not list")
        return ", ".join(known)

    def _signatures(self, policy: TrustPolicy) -> str:
        for signature in self._envelope.signatures:
            for key in policy.by_id(signature.key_id)[:1]:
                if not self._valid(key, signature.value):
                    raise CheckFailed(
                        Reason.SIGNATURE_INVALID,
                        f"the signature of key {key.entry.name!r} ({signature.key_id}) does not hold",
                    )
        return f"valid for {', '.join(self._suite.lattice)}"

    def _valid(self, key: Key, signature: bytes) -> bool:
        public = key.public
        if public.key_id not in self._answers:
            try:
                self._answers[public.key_id] = self._suite.verify(
                    public.algorithm, public.raw, self._envelope.signed_bytes, signature, self._profile.context
                )
            except Disagreement as error:
                raise CheckFailed(Reason.LIBRARIES_DISAGREE, str(error)) from None
        return self._answers[public.key_id]

    def _parse_statement(self) -> str:
        try:
            self._stated = self.statement = Statement.from_bytes(self._envelope.payload)
            self.payload = self._envelope.payload
        except StatementProblem as error:
            raise CheckFailed(Reason.ENVELOPE_INVALID, f"the signed statement: {error}") from None
        profile = PROFILES[self._stated.profile]
        # The type is signed, too, and says with which context: a profile of another one is none of this signature's.
        if (profile.kind, profile.payload_type) != (self._question.kind, self._profile.payload_type):
            raise CheckFailed(
                Reason.ENVELOPE_INVALID,
                f"the signed statement: profile {profile.name} is not of {self._question.kind}s",
            )
        self._profile = profile
        return f"profile {self._stated.profile}"

    def _signers(self) -> str:
        signed, promised = {s.key_id for s in self._envelope.signatures}, set(self._stated.keyids)
        if signed != promised:
            odd = ", ".join(sorted(signed ^ promised))
            raise CheckFailed(Reason.SIGNERS_INCOMPLETE, f"keys in the statement and signatures differ: {odd}")
        return f"{len(signed)} of {len(promised)}"

    def _audience(self) -> str:
        accepted = {self._question.cluster, *self._spec.audiences}
        if not accepted & set(self._stated.audiences):
            raise CheckFailed(
                Reason.WRONG_AUDIENCE,
                f"signed for {', '.join(self._stated.audiences)}; accepted are {', '.join(sorted(accepted))}",
            )
        return ", ".join(sorted(accepted & set(self._stated.audiences)))

    def _subject(self) -> str:
        obj, subject = self._question.obj, self._stated.subject
        meta = metadata(obj)
        found = {
            "apiVersion": obj.get("apiVersion"),
            "kind": obj.get("kind"),
            "metadata.namespace": meta.get("namespace"),
            "metadata.name": meta.get("name"),
        }
        signed = {
            "apiVersion": f"{subject.group}/{subject.version}",
            "kind": subject.kind,
            "metadata.namespace": subject.namespace,
            "metadata.name": subject.name,
        }
        for field, value in signed.items():
            if found[field] != value:
                raise CheckFailed(Reason.WRONG_SUBJECT, f"{field}: signed {value!r}, found {_shown(found[field])}")
        return f"{subject.kind} {subject.namespace}/{subject.name}"

    def _validity(self) -> str:
        stated, created = self._stated, self._question.created
        skew = timedelta(seconds=self._spec.clock_skew_seconds)
        if created + skew < max(stated.nbf, stated.iat):
            at = max(stated.nbf, stated.iat).isoformat()
            raise CheckFailed(
                Reason.SIGNATURE_NOT_YET_VALID, f"valid from {at}; the job was created {created.isoformat()}"
            )
        if stated.purpose == "break-glass":
            return "expiry waived: break-glass"
        if created > stated.exp:
            raise CheckFailed(
                Reason.SIGNATURE_EXPIRED,
                f"valid until {stated.exp.isoformat()}; the job was created {created.isoformat()}",
            )
        longest = self._spec.max_validity_seconds or MAX_SECONDS
        if (stated.exp - stated.nbf).total_seconds() > longest:
            raise CheckFailed(Reason.VALIDITY_TOO_LONG, f"valid for {stated.exp - stated.nbf}; allowed are {longest} s")
        return f"until {stated.exp.isoformat()}"

    @cached_property
    def _projected(self) -> Projection | ProjectionProblem:
        try:
            return self._profile.project(self._question.obj)
        except ProjectionProblem as problem:
            return problem

    def _object(self) -> str:
        if isinstance(self._projected, ProjectionProblem):
            raise CheckFailed(Reason.SPEC_MISMATCH, str(self._projected))
        self._projection = self._projected
        if self._projection.digest != self._stated.subject.sha512:
            differs = self._projection.difference(self._stated.subject.fields)
            raise CheckFailed(Reason.SPEC_MISMATCH, differs or "the digest differs from the signed one")
        if self._profile.references(self._question.obj) != [ref.model_dump() for ref in self._stated.refs]:
            raise CheckFailed(
                Reason.SPEC_MISMATCH, "the ConfigMaps that the circuits refer to are not those that were signed"
            )
        return f"sha512 {self._stated.subject.sha512[:16]}…"

    def _rule(self, policy: TrustPolicy) -> str:
        signed = frozenset(signature.key_id for signature in self._envelope.signatures)
        job_spec = self._profile.job_spec(self._projection.value)
        self._accepted = accept(policy, self._spec, self._stated, signed, self._question.created, job_spec)
        return self._accepted.message


def _shown(value: Any) -> str:
    """What an object says of itself: as long as it likes, and of any kind."""
    text = ascii(value) if isinstance(value, str | int | None) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:80]}…"
