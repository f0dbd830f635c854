"""Trust policies as the verifier uses them: keys read once, by id, and whether each may be used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from qee.api.explain import brief
from qee.api.reasons import Reason
from qee.api.trust import QuantumTrustPolicy, QuantumTrustPolicySpec, TrustedKey
from qee.signing.keys import KeyProblem, PublicKey


@dataclass(frozen=True)
class Key:
    """A key of a policy that can be read."""

    entry: TrustedKey
    public: PublicKey

    @classmethod
    def of(cls, entry: TrustedKey) -> "Key":
        """Raises KeyProblem where the entry is none."""
        public = PublicKey.from_pem(entry.public_key)
        if public.algorithm.name != entry.algorithm:
            raise KeyProblem(f"algorithm says {entry.algorithm}, the key is of {public.algorithm.name}")
        return cls(entry, public)

    def unusable(self, created: datetime) -> tuple[Reason, str] | None:
        """Why the key does not count for an object created then; None where it does."""
        entry, name = self.entry, f"key {self.entry.name!r} of {self.entry.holder!r}"
        if entry.state == "Revoked":
            return Reason.KEY_REVOKED, f"{name} is revoked"
        if entry.state == "VerifyOnly" and entry.verify_only_since and created >= entry.verify_only_since:
            return Reason.KEY_RETIRED, f"{name} is VerifyOnly since {entry.verify_only_since.isoformat()}"
        if entry.not_before and created < entry.not_before:
            return Reason.KEY_NOT_YET_VALID, f"{name} is valid from {entry.not_before.isoformat()}"
        if entry.not_after and created > entry.not_after:
            return Reason.KEY_EXPIRED, f"{name} was valid until {entry.not_after.isoformat()}"
        return None

    def exceeds(self, spec: Mapping[str, Any]) -> str | None:
        """The constraint that the job's projected spec does not keep, with its value; None where it keeps all."""
        constraints = self.entry.constraints
        if constraints is None:
            return None
        backend = spec["backendRef"]["name"]
        if constraints.backends is not None and backend not in constraints.backends:
            return f"key {self.entry.name!r} may sign for {', '.join(constraints.backends)}, not for {backend!r}"
        if constraints.max_shots is None:
            return None
        may = f"key {self.entry.name!r} may sign for {constraints.max_shots} shots"
        if "precision" in spec:
            return f"{may}; spec.precision leaves them open"
        if any("parametersFrom" in circuit for circuit in spec["circuits"]):
            return f"{may}; parametersFrom leaves the rows open, each of which takes them: give the table in parameters"
        shots = max([spec["shots"], *(_shots(circuit, spec["shots"]) for circuit in spec["circuits"])])
        return f"{may}, not for {shots}" if shots > constraints.max_shots else None


@dataclass(frozen=True)
class TrustPolicy:
    """A policy, read. One that cannot be read governs what it seems to govern, and nothing satisfies it."""

    name: str
    spec: QuantumTrustPolicySpec | None
    keys: Mapping[str, Key] = field(default_factory=dict)
    """By name in the policy."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Names of keys that cannot be used at all, with the reason."""
    problem: str = ""
    names: frozenset[str] | None = None
    """Namespaces of a policy that cannot be read; None: all."""

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> "TrustPolicy":
        """From an object as the API server gives it."""
        metadata = obj.get("metadata")
        name = str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""
        try:
            spec = QuantumTrustPolicy.model_validate({k: v for k, v in obj.items() if k != "status"}).spec
        except ValidationError as error:
            return cls(name, None, problem=brief(error), names=_names(obj))
        keys, unreadable = {}, {}
        for entry in spec.keys:
            try:
                keys[entry.name] = Key.of(entry)
            except KeyProblem as error:
                unreadable[entry.name] = str(error)
        if problem := _two_holders(keys.values()):
            return cls(name, None, problem=problem, names=_names(obj))
        return cls(name, spec, keys, unreadable)

    def governs(self, namespace: str) -> bool:
        if self.spec is None:
            return self.names is None or namespace in self.names
        return self.spec.namespaces.governs(namespace)

    def by_id(self, key_id: str) -> list[Key]:
        """The entries of a key; the same key may have two names."""
        return [key for key in self.keys.values() if key.public.key_id == key_id]

    def status(self, now: datetime) -> dict[str, Any]:
        """status.keys and the one condition, without times: what the operator writes."""
        entries = [_key_status(key, now) for key in self.keys.values()]
        entries += [
            {"name": name, "usable": False, "reason": problem[:256]} for name, problem in self.unreadable.items()
        ]
        usable = {entry["name"] for entry in entries if entry["usable"]}
        unmet = [rule.name for rule in (self.spec.rules if self.spec else []) if not self._can_hold(rule, usable)]
        problem = self.problem or (f"rule {unmet[0]!r} cannot be met by the keys that are usable" if unmet else "")
        return {"keys": entries, "ready": not problem, "message": problem or "Every rule can be met."}

    def _can_hold(self, rule: Any, usable: set[str]) -> bool:
        keys = [self.keys[name] for name in rule.keys if name in usable]
        families = {key.public.algorithm.family.value for key in keys}
        return len({key.entry.holder for key in keys}) >= rule.threshold and set(rule.require) <= families


def _shots(circuit: Mapping[str, Any], usual: int) -> int:
    """Of all rows of its parameters together."""
    columns = circuit.get("parameters") or {}
    return int(circuit.get("shots", usual)) * max((len(column) for column in columns.values()), default=1)


def _two_holders(keys: Iterable[Key]) -> str:
    """What is wrong where one key is two people's: alone, it would meet a threshold of two. Empty where nothing is."""
    first: dict[str, TrustedKey] = {}
    for key in keys:
        other = first.setdefault(key.public.key_id, key.entry)
        if other.holder != key.entry.holder:
            told = f"spec.keys: {other.name!r} of {other.holder!r} and {key.entry.name!r} of {key.entry.holder!r}"
            return f"{told} are one public key; give each holder a key of their own"
    return ""


def _key_status(key: Key, now: datetime) -> dict[str, Any]:
    why = (key.unusable(now) or (None, ""))[1]
    return {"name": key.entry.name, "keyid": key.public.key_id, "usable": not why, "reason": why[:256]}


def _names(obj: Mapping[str, Any]) -> frozenset[str] | None:
    try:
        names = obj["spec"]["namespaces"]["names"]
        return frozenset(names) if all(isinstance(name, str) for name in names) else None
    except (KeyError, TypeError):
        return None


def governing(policies: Iterable[TrustPolicy], namespace: str) -> list[TrustPolicy]:
    """All that govern the namespace, by name."""
    return sorted((p for p in policies if p.governs(namespace)), key=lambda p: p.name)
