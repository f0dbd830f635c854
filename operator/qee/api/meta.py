"""What every resource has: strict base for specs, lenient base for what the server writes, metadata, conditions."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from qee.api.cel import Rule
from qee.api.declare import optional
from qee.api.fields import DNS_LABEL, Count, DnsSubdomain, text

DNS_NAME = Rule(
    "size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')",
    "metadata.name %s is not a DNS label; give at most 63 lower case letters, digits and hyphens",
    ("self.metadata.name",),
)


class _Base(BaseModel):
    @model_validator(mode="before")
    @classmethod
    def _absent_like_null(cls, data: Any) -> Any:
        # The API server prunes nulls of fields that are not nullable, and none of ours is.
        return {k: v for k, v in data.items() if v is not None} if isinstance(data, Mapping) else data


MAX_UNKNOWN = 50  # fields that are told apart


class Spec(_Base):
    """What a user writes: unknown fields and coercions ("5" for 5) are refused, as the API server refuses them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _not_all_unknown(cls, data: Any) -> Any:
        # One error for many: each costs ten times what its field costs to read.
        if isinstance(data, Mapping) and len(data) > len(cls.model_fields) + MAX_UNKNOWN:
            known = {to_camel(name) for name in cls.model_fields}
            some = next(str(name) for name in data if name not in known)
            raise ValueError(f"has {len(data)} fields, among them {some[:60]!r}, which is none; remove what is unknown")
        return data


class Observed(_Base):
    """What the server or QEE writes: a newer version may have added fields, so unknown ones are dropped."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, validate_by_name=True)


class ObjectMeta(Observed):
    """The part of metav1.ObjectMeta that QEE reads. Absent strings are empty."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: list[str] = Field(default_factory=list)


class Resource(Spec):
    """A whole object as read from the API server or from a file."""

    metadata: ObjectMeta = Field(default_factory=ObjectMeta)

    @model_validator(mode="after")
    def _name_is_a_label(self) -> "Resource":
        name = self.metadata.name
        if name and (len(name) > 63 or not re.fullmatch(DNS_LABEL.strip("^$"), name)):
            raise DNS_NAME.error(name[:80])
        return self


class NameRef(Spec):
    """A reference by name to one object of a kind and namespace that the field fixes."""

    name: DnsSubdomain = Field(description="Name of the object: a DNS subdomain of at most 253 characters.")


class Condition(Observed):
    """One observation of the object's state, as metav1.Condition."""

    type: Annotated[str, text(316)] = Field(description="What is observed, for example Finished.")
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown (not observed yet).")
    reason: Annotated[str, text(1024, "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$", "a reason in CamelCase")] = Field(
        description="Why, as one word for programs. docs/reference/reasons.md lists every reason with its remedy."
    )
    message: Annotated[str, text(32768, minimum=0)] = Field(
        default="",
        description="Why, for people: names the field or object concerned and the remedy. At most 1024 characters.",
    )
    last_transition_time: datetime | None = optional(
        "When the status last changed (RFC 3339). 1970-01-01T00:00:00Z: not observed yet."
    )
    observed_generation: Count | None = optional(
        "The metadata.generation that the observation is about. Absent: not observed yet."
    )
