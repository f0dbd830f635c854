"""Whether the keys that signed an object satisfy a rule of a trust policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qee.api.reasons import Reason
from qee.api.trust import QuantumTrustPolicySpec, SigningRule
from qee.signing.policy import Key, TrustPolicy
from qee.signing.statement import Statement
from qee.signing.verdict import CheckFailed


@dataclass(frozen=True)
class Accepted:
    """By which keys, and with which reason where the glass was broken. `message` says which rule holds."""

    message: str
    keys: Sequence[Key]
    break_glass: str = ""

    @property
    def key_ids(self) -> tuple[str, ...]:
        return tuple(sorted({key.public.key_id for key in self.keys}))

    @property
    def signers(self) -> tuple[str, ...]:
        return tuple(sorted({key.entry.holder for key in self.keys}))


def accept(
    policy: TrustPolicy,
    spec: QuantumTrustPolicySpec,
    stated: Statement,
    signed: frozenset[str],
    created: datetime,
    job_spec: Mapping[str, Any],
) -> Accepted:
    """`signed`: ids of the keys whose signatures hold. Raises CheckFailed where no rule holds."""
    mine = [key for key in policy.keys.values() if key.public.key_id in signed]
    emergency = set(spec.break_glass.keys if spec.break_glass else [])
    breaking = stated.purpose == "break-glass"
    counting = [key for key in mine if (key.entry.name in emergency) == breaking]
    if not counting:
        told = "signed to break the glass" if breaking else "signed for daily work"
        raise CheckFailed(Reason.BREAK_GLASS_REFUSED, f"{told} with {', '.join(key.entry.name for key in mine)}")
    usable = _usable(counting, created, job_spec)
    if breaking:
        return Accepted(f"break-glass: {stated.reason}", usable[:1], stated.reason or "")
    for rule in spec.rules:
        keys = [key for key in usable if key.entry.name in rule.keys]
        holders = {key.entry.holder for key in keys}
        key_ids = {key.public.key_id for key in keys}
        families = {key.public.algorithm.family.value for key in keys}
        if min(len(holders), len(key_ids)) >= rule.threshold and set(rule.require) <= families:
            return Accepted(f"{rule.name!r} holds: {', '.join(sorted(holders))}", keys)
    wanted = "; ".join(_wants(rule) for rule in spec.rules)
    have = ", ".join(sorted(key.entry.name for key in usable))
    raise CheckFailed(Reason.THRESHOLD_NOT_MET, f"signed with {have}; wanted: {wanted}")


def _usable(keys: Sequence[Key], created: datetime, job_spec: Mapping[str, Any]) -> list[Key]:
    """Those that count. Raises where none does: what is wrong with the first is what people have to know."""
    usable, problems = [], []
    for key in keys:
        if why := key.unusable(created):
            problems.append(why)
        elif exceeded := key.exceeds(job_spec):
            problems.append((Reason.KEY_CONSTRAINED, exceeded))
        else:
            usable.append(key)
    # A revoked key means that somebody else may have it: an object that bears its signature is not taken for good.
    revoked = [problem for problem in problems if problem[0] is Reason.KEY_REVOKED]
    if revoked or not usable:
        raise CheckFailed(*(revoked or problems)[0])
    return usable


def _wants(rule: SigningRule) -> str:
    families = f" with {' and '.join(rule.require)}" if set(rule.require) != {"lattice"} else ""
    return f"{rule.name} ({rule.threshold} of {', '.join(rule.keys)}{families})"
