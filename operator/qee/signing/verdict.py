"""What the verifier is asked; what it finds for each trust policy, and in all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from qee.api import names
from qee.api.reasons import Reason
from qee.signing.policy import TrustPolicy


@dataclass(frozen=True)
class Question:
    """May this object be stored, and run?

    Attributes:
        obj: the object as the API server shows it, or a manifest with namespace and name.
        policies: all QuantumTrustPolicies of the cluster.
        cluster: UID of the namespace kube-system, the audience that every policy accepts.
        created: when the object was created; on admission: now.
        cloud: whether the backend that it names is a cloud backend.
        without_policy: what holds where no policy governs the namespace.
        kind: what who asks takes the object for. Signatures of other kinds admit nothing.
    """

    obj: Mapping[str, Any]
    policies: Sequence[TrustPolicy]
    cluster: str
    created: datetime
    cloud: bool = False
    without_policy: Literal["Deny", "Allow"] = "Deny"
    kind: str = names.KIND_JOB


def annotation(obj: Mapping[str, Any]) -> str | None:
    """The envelope as it stands in the object; None where there is none."""
    annotations = metadata(obj).get("annotations")
    text = annotations.get(names.ANNOTATION_SIGNATURE) if isinstance(annotations, Mapping) else None
    return text if isinstance(text, str) else None


def metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    found = obj.get("metadata")
    return found if isinstance(found, Mapping) else {}


class CheckFailed(Exception):
    """A check of the verifier's does not hold."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Check:
    """One question of the verifier, answered. `reason`: SignatureVerified, or what the denial is called."""

    what: str
    passed: bool
    message: str
    reason: Reason


def checked(steps: Iterable[tuple[str, Callable[[], str]]]) -> tuple[Check, ...]:
    """Takes the steps in order, up to the first that fails."""
    checks: list[Check] = []
    for what, step in steps:
        try:
            checks.append(Check(what, True, step(), Reason.SIGNATURE_VERIFIED))
        except CheckFailed as failed:
            checks.append(Check(what, False, str(failed), failed.reason))
            break
    return tuple(checks)


@dataclass(frozen=True)
class PolicyVerdict:
    """One policy's view. `checks` are in order; after the first that failed nothing more was looked at."""

    policy: str
    mode: Literal["Enforce", "Warn", "Audit"]
    checks: tuple[Check, ...]
    key_ids: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    """Holders of the keys that made the rule hold."""
    break_glass: str = ""
    """The reason that was given for breaking the glass."""
    one_shot: bool = False
    on_revoke: Literal["Cancel", "Leave"] = "Cancel"

    @property
    def failed(self) -> Check | None:
        return next((check for check in self.checks if not check.passed), None)


@dataclass(frozen=True)
class Verdict:
    """allowed: whether the job may be stored and run; a policy in mode Warn or Audit does not stand in its way.

    reason: SignatureVerified or NotRequired; PolicyWarn or PolicyAudit; else why it is refused.
    """

    allowed: bool
    reason: Reason
    message: str
    policies: tuple[PolicyVerdict, ...] = ()
    jti: str = ""
    expires: str = ""
    payload: str = ""
    """SHA-256 of what was signed, in hexadecimal: what a one-shot ledger remembers."""
    warnings: tuple[str, ...] = field(default=())

    @property
    def verified(self) -> bool:
        """Whether the job may call itself Verified=True."""
        return self.reason in (Reason.SIGNATURE_VERIFIED, Reason.NOT_REQUIRED)

    @property
    def one_shot(self) -> bool:
        return self.allowed and any(p.one_shot for p in self.policies if p.failed is None)

    @property
    def break_glass(self) -> str:
        return next((p.break_glass for p in self.policies if p.break_glass), "")

    @property
    def cancels(self) -> bool:
        """Whether a job that has started is to be stopped: a key was revoked, and a policy asks for it."""
        return not self.allowed and any(
            p.failed is not None
            and p.failed.reason is Reason.KEY_REVOKED
            and p.mode == "Enforce"
            and p.on_revoke == "Cancel"
            for p in self.policies
        )

    def as_status(self) -> dict[str, object] | None:
        """status.signature; None where nothing was verified."""
        content = [p for p in self.policies if p.failed is None and p.key_ids]
        if not content:
            return None
        return {
            "policy": content[0].policy,
            "keyids": sorted({key_id for p in content for key_id in p.key_ids})[:16],
            "signers": sorted({signer for p in content for signer in p.signers})[:16],
        }
