"""QuantumTrustPolicy: whose signatures admit QuantumJobs, in which namespaces, and within which bounds."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from qee.api import moments
from qee.api.cel import Rule, rules
from qee.api.declare import SET, keyed, listed, optional, stored
from qee.api.fields import PATTERNS, Count, DnsLabel, DnsSubdomain, Line, Name, Seconds, Shots, text
from qee.api.meta import DNS_NAME, Condition, Observed, Resource, Spec

MAX_KEYS = 64
Algorithm = Literal["ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "Ed25519"]


def _moment(value: Any) -> Any:
    """A text: JSON has no times, and specs are read strictly."""
    return value if isinstance(value, datetime) and value.tzinfo is not None else moments.read(value)


PATTERNS[moments.PATTERN] = "a time in UTC, like 2026-01-31T12:00:00Z"
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    Field(json_schema_extra={"pattern": moments.PATTERN, "maxLength": len("2026-01-31T12:00:00Z")}),
]
_ONE_WAY = Rule("(has(self.all) && self.all) != has(self.names)", "give one of all: true and names")


class PolicyNamespaces(Spec):
    """The namespaces that a policy governs. By name only: whoever may label namespaces would else choose the policy."""

    model_config = ConfigDict(json_schema_extra=rules(_ONE_WAY))

    all: bool | None = optional("True: every namespace.")
    names: Annotated[list[DnsLabel], Field(min_length=1, max_length=256)] | None = optional(
        "Names of namespaces, 1 to 256, compared as a whole; no patterns.", SET
    )

    @model_validator(mode="after")
    def _one_way(self) -> "PolicyNamespaces":
        if bool(self.all) == (self.names is not None):
            raise _ONE_WAY.error()
        return self

    def governs(self, namespace: str) -> bool:
        return bool(self.all) or namespace in (self.names or [])


class KeyConstraints(Spec):
    """What a key may sign. Its lasting authority: whoever applies the job, through Argo CD as well."""

    backends: Annotated[list[DnsSubdomain], Field(min_length=1, max_length=64)] | None = optional(
        "QuantumBackends that jobs signed with the key may name, 1 to 64. Absent: every backend.", SET
    )
    max_shots: Shots | None = optional(
        "Most shots of any circuit of the job, those of all rows of its parameters together, 1 to 10000000. A job"
        " whose shots the manifest leaves open, with precision or parametersFrom, is not within it. Absent: no bound."
    )


_SINCE_WHERE_OLD = Rule(
    "self.state != 'VerifyOnly' || has(self.verifyOnlySince)",
    "key %s is VerifyOnly; add verifyOnlySince, the time from which on no new job is admitted with it",
    ("self.name",),
)


class TrustedKey(Spec):
    """A public key, inline: a reference would be one more thing to fail and to tamper with."""

    model_config = ConfigDict(json_schema_extra=rules(_SINCE_WHERE_OLD))

    name: Name = Field(description="Name by which rules refer to the key, unique within the policy.")
    public_key: Annotated[str, text(5120)] = Field(  # of ML-DSA-87 it has 3,600; comparing longer ones is too dear
        description="The public key as SubjectPublicKeyInfo in PEM (RFC 9881 for ML-DSA, RFC 8410 for Ed25519);"
        " `qee key show --public FILE` prints it."
    )
    algorithm: Algorithm = Field(
        description="Algorithm that the key must be of: ML-DSA-44, ML-DSA-65, ML-DSA-87 (FIPS 204) or Ed25519 (RFC"
        " 8032). The algorithm is the policy's, never the signature's."
    )
    holder: Line = Field(description="Person or pipeline that holds the private key; a threshold counts holders.")
    not_before: Moment | None = optional("Jobs created earlier are refused (RFC 3339). Absent: no bound.")
    not_after: Moment | None = optional("Jobs created later are refused (RFC 3339). Absent: no bound.")
    state: Literal["Active", "VerifyOnly", "Revoked"] = stored(
        "Active",
        "Active: admits jobs. VerifyOnly: jobs created before verifyOnlySince stay verified, new ones are refused."
        " Revoked: nothing that it signed counts, whenever it was signed. Default: Active.",
    )
    verify_only_since: Moment | None = optional("When the key stopped admitting (RFC 3339). Required with VerifyOnly.")
    constraints: KeyConstraints | None = optional("What the key may sign. Absent: everything that the policy governs.")

    @model_validator(mode="after")
    def _since_where_old(self) -> "TrustedKey":
        if self.state == "VerifyOnly" and self.verify_only_since is None:
            raise _SINCE_WHERE_OLD.error(self.name)
        return self


_ENOUGH_KEYS = Rule(
    "!has(self.threshold) || self.threshold <= size(self.keys)",
    "threshold %s of %s keys can never be met; name more keys, or lower the threshold",
    ("self.threshold", "size(self.keys)"),
    field=".threshold",
)


class SigningRule(Spec):
    """Signatures that suffice. One rule that holds is enough."""

    model_config = ConfigDict(json_schema_extra=rules(_ENOUGH_KEYS))

    name: Name = Field(description="Name of the rule, for messages; unique within the policy.")
    keys: Annotated[list[Name], Field(min_length=1, max_length=MAX_KEYS)] = Field(
        description="Names of the keys that count.", json_schema_extra=SET
    )
    threshold: Annotated[int, Field(ge=1, le=4)] = stored(
        1, "How many of them must have signed, by different keys of different holders, 1 to 4. Default: 1."
    )
    require: Annotated[list[Literal["lattice", "classical"]], Field(min_length=1, max_length=2)] = stored(
        ["lattice"],
        "Families that must be among the signatures: lattice (ML-DSA), classical (Ed25519). Both: a"
        " hybrid signature, of which the two may be one holder's. Default: [lattice].",
        SET,
    )

    @model_validator(mode="after")
    def _enough_keys(self) -> "SigningRule":
        if self.threshold > len(self.keys):
            raise _ENOUGH_KEYS.error(self.threshold, len(self.keys))
        return self


class BreakGlass(Spec):
    """Keys for emergencies. They waive threshold and expiry; never `use`, namespace, constraint, budget, revocation."""

    keys: Annotated[list[Name], Field(min_length=1, max_length=16)] = Field(
        description="Names of keys of this policy. They admit nothing else.", json_schema_extra=SET
    )


Replay = Literal["Window", "OneShot"]
# By text here; the verifier compares the keys themselves, of which one text may be written in several ways.
_ONE_HOLDER = Rule(
    "self.keys.all(a, self.keys.all(b, a.holder == b.holder || a.publicKey != b.publicKey))",
    "one publicKey has two holders, and a threshold counts holders; give each holder a key of their own",
    field=".keys",
)


_KEYS_LISTED = Rule(
    "self.rules.all(rule, rule.keys.all(name, self.keys.exists(key, key.name == name)))",
    "a rule names a key that is not in spec.keys; add the key, or take its name out of the rule",
    field=".rules",
)


class QuantumTrustPolicySpec(Spec):
    """All policies that govern a namespace must be satisfied. In each, one rule has to hold."""

    model_config = ConfigDict(json_schema_extra=rules(_ONE_HOLDER, _KEYS_LISTED))

    namespaces: PolicyNamespaces = Field(description="The namespaces that the policy governs.")
    mode: Literal["Enforce", "Warn", "Audit"] = stored(
        "Enforce",
        "Enforce: jobs that do not pass are refused. Warn: they run, with a warning to who applies them. Audit: they"
        " run, with a note in the audit log. Default: Enforce.",
    )
    keys: Annotated[list[TrustedKey], Field(min_length=1, max_length=MAX_KEYS)] = Field(
        description="The keys, 1 to 64.", json_schema_extra=keyed("name")
    )
    rules: Annotated[list[SigningRule], Field(min_length=1, max_length=16)] = Field(
        description="The rules, 1 to 16, of which one has to hold.", json_schema_extra=keyed("name")
    )
    audiences: Annotated[list[Line], Field(max_length=16)] = listed(
        "Names for which a signature may be made, beside the cluster's own: the UID of its namespace"
        " kube-system. At most 16. Absent: none.",
        SET,
    )
    max_validity_seconds: Seconds | None = optional(
        "Longest time from nbf to exp of a signature, in seconds, 1 to 31536000. Absent: 31536000 (365 days)."
    )
    clock_skew_seconds: Annotated[int, Field(ge=0, le=3600)] = stored(
        60, "How far the signer's clock may be ahead, in seconds, 0 to 3600. Default: 60."
    )
    simulators: Replay = stored(
        "Window",
        "For simulators: Window (within its validity a signature admits the same job again, as GitOps tools do) or"
        " OneShot (one object for each signature). Default: Window.",
    )
    cloud: Replay = stored(
        "OneShot", "For cloud backends: OneShot (a restored backup is not billed again) or Window. Default: OneShot."
    )
    on_revoke: Literal["Cancel", "Leave"] = stored(
        "Cancel", "What becomes of a job that has started when a key that it needs is revoked. Default: Cancel."
    )
    break_glass: BreakGlass | None = optional("Keys for emergencies. Absent: none.")

    @field_validator("rules")
    @classmethod
    def _rules_named_apart(cls, found: list[SigningRule]) -> list[SigningRule]:
        if len({rule.name for rule in found}) != len(found):
            raise ValueError("a rule's name occurs twice; give each rule a name of its own")
        return found

    @model_validator(mode="after")
    def _keys_are_there(self) -> "QuantumTrustPolicySpec":
        holders = {(key.public_key, key.holder) for key in self.keys}
        if len(holders) != len({public for public, _ in holders}):
            raise _ONE_HOLDER.error()
        known = {key.name for key in self.keys}
        if len(known) != len(self.keys):
            raise ValueError("a key's name occurs twice in keys; give each key a name of its own")
        named = {name for rule in self.rules for name in rule.keys}
        named |= set(self.break_glass.keys if self.break_glass else [])
        if missing := sorted(named - known):
            raise ValueError(f"rules or breakGlass name {missing[0]}, which is not in keys; add the key")
        emergency = set(self.break_glass.keys if self.break_glass else [])
        if both := sorted(emergency & {name for rule in self.rules for name in rule.keys}):
            raise ValueError(f"key {both[0]} is for breakGlass and in a rule; use another key for daily work")
        return self


class KeyStatus(Observed):
    """One key, as QEE reads it now."""

    name: Annotated[str, text(63)] = Field(description="Its name in spec.keys.")
    keyid: Annotated[str, text(71)] | None = optional(
        "Id of the key: `sha256:` and the SHA-256 of its SubjectPublicKeyInfo. Absent: it cannot be read."
    )
    usable: bool = Field(description="Whether a job that is created now may be signed with it.")
    reason: Annotated[str, text(256, minimum=0)] = Field(default="", description="Why not. Empty: usable.")


class QuantumTrustPolicyStatus(Observed):
    """Which keys are usable. Written by the operator only."""

    observed_generation: Count | None = optional(
        "The metadata.generation that the status is about. Absent: not seen yet."
    )
    keys: Annotated[list[KeyStatus], Field(max_length=MAX_KEYS)] = listed(
        "One entry for each key of the spec.", keyed("name")
    )
    conditions: Annotated[list[Condition], Field(max_length=8)] = listed(
        "Ready: True where every rule can be met by keys that are usable now.", keyed("type")
    )


class QuantumTrustPolicy(Resource):
    """Whose signatures admit QuantumJobs. Cluster-scoped: tenants do not write it."""

    model_config = ConfigDict(json_schema_extra=rules(DNS_NAME))

    api_version: Literal["qee.dev/v1alpha1"] = "qee.dev/v1alpha1"
    kind: Literal["QuantumTrustPolicy"] = "QuantumTrustPolicy"
    spec: QuantumTrustPolicySpec = Field(description="Whose signatures count, where, and within which bounds.")
    status: QuantumTrustPolicyStatus = Field(
        default=QuantumTrustPolicyStatus(), description="Which keys are usable. Written by the operator only."
    )
