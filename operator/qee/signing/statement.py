"""What a signature states: this object, for these clusters, during this time, by these keys, for this purpose."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from qee.api import moments, names
from qee.api.explain import brief
from qee.api.fields import text
from qee.documents.canonical import DocumentError, strict_object
from qee.signing.profiles import PROFILES
from qee.signing.projection import Projection

MAX_AUDIENCES = 16
_Text = Annotated[str, Field(min_length=1, max_length=253)]
_KeyId = Annotated[str, text(71, "^sha256:[0-9a-f]{64}$", "`sha256:` and 64 lower case hexadecimal digits")]
_Sha256 = Annotated[str, text(64, "^[0-9a-f]{64}$", "64 lower case hexadecimal digits")]
_Sha512 = Annotated[str, text(128, "^[0-9a-f]{128}$", "128 lower case hexadecimal digits")]
_Jti = Annotated[str, text(32, "^[0-9a-f]{32}$", "32 lower case hexadecimal digits")]


class StatementProblem(ValueError):
    """The payload is no statement of this version."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Subject(_Part):
    """The object; `sha512` is the digest of its projection, `fields` help a denial to name what differs."""

    group: _Text
    version: _Text
    kind: _Text
    namespace: _Text
    name: _Text
    sha512: _Sha512
    fields: Annotated[dict[str, Annotated[str, Field(max_length=128)]], Field(max_length=4096)]


class Reference(_Part):
    kind: Literal["ConfigMap"]
    name: _Text
    key: _Text
    sha256: _Sha256


class Statement(_Part):
    """The signed payload. Times are UTC with whole seconds (RFC 3339).

    Attributes:
        profile: by which the object was projected; by that very one it is verified.
        audiences: the clusters that may accept it: UIDs of their namespace kube-system, or names that their trust
            policies list.
        nbf, exp: from when, and until when, an object with this signature may be created (as `nbf` and `exp` in
            RFC 7519). Judged at the object's creation.
        jti: 128 random bits in hexadecimal; what a one-shot ledger remembers.
        keyids: all keys that sign. An envelope without the signature of each is incomplete.
        purpose: `admit`, or `break-glass` with a `reason`.
    """

    v: Literal[1]
    profile: Annotated[str, Field(max_length=64)]
    subject: Subject
    audiences: Annotated[list[_Text], Field(min_length=1, max_length=MAX_AUDIENCES)]
    iat: datetime
    nbf: datetime
    exp: datetime
    jti: _Jti
    refs: Annotated[list[Reference], Field(max_length=2 * names.MAX_CIRCUITS)]  # a program's and a table's for each
    keyids: Annotated[list[_KeyId], Field(min_length=1, max_length=4)]
    purpose: Literal["admit", "break-glass"]
    reason: Annotated[str, Field(min_length=1, max_length=512)] | None = None

    @field_validator("v", mode="before")
    @classmethod
    def _a_number(cls, value: Any) -> Any:
        if isinstance(value, bool):  # True is 1 to Literal
            raise ValueError("is not a number")
        return value

    @field_validator("profile")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in PROFILES:
            known = " or ".join(PROFILES)
            raise ValueError(f'"{value}" does not fit; give {known}; other profiles are of other versions')
        return value

    @field_validator("iat", "nbf", "exp", mode="before")
    @classmethod
    def _whole_seconds(cls, value: Any) -> datetime:
        return value if isinstance(value, datetime) else moments.read(value)

    @model_validator(mode="after")
    def _consistent(self) -> "Statement":
        if self.exp <= self.nbf:
            raise ValueError("exp is not after nbf")
        if len(set(self.keyids)) != len(self.keyids):
            raise ValueError("a key occurs twice in keyids")
        if (self.purpose == "break-glass") != (self.reason is not None):
            raise ValueError("a reason belongs to break-glass, and only there")
        return self

    def to_bytes(self) -> bytes:
        """Canonical JSON (RFC 8785). Verifiers take the bytes as they are; any JSON of the same value would do."""
        value = self.model_dump(exclude_none=True)
        value.update({name: moments.write(getattr(self, name)) for name in ("iat", "nbf", "exp")})
        return rfc8785.dumps(value)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Statement":
        """Raises StatementProblem for anything but a whole statement of this version."""
        try:
            return cls.model_validate(strict_object(data, "statement"))
        except DocumentError as error:
            raise StatementProblem(str(error)) from error
        except ValidationError as error:
            raise StatementProblem(brief(error)) from error


def statement(
    projection: Projection,
    refs: list[dict[str, str]],
    *,
    audiences: list[str],
    key_ids: list[str],
    now: datetime,
    validity: timedelta,
    not_before: datetime | None = None,
    reason: str | None = None,
) -> Statement:
    """A statement about the object, valid from `not_before` (default: now) on. A `reason` breaks the glass."""
    issued = now.astimezone(UTC).replace(microsecond=0)
    begin = (not_before or now).astimezone(UTC).replace(microsecond=0)
    metadata = projection.value["metadata"]
    group, _, version = projection.value["apiVersion"].partition("/")
    return Statement(
        v=1,
        profile=projection.profile,
        subject=Subject(
            group=group,
            version=version,
            kind=projection.value["kind"],
            namespace=metadata["namespace"],
            name=metadata["name"],
            sha512=projection.digest,
            fields=projection.fields(),
        ),
        audiences=audiences,
        iat=issued,
        nbf=begin,
        exp=begin + validity,
        jti=secrets.token_hex(16),
        refs=[Reference.model_validate(ref) for ref in refs],
        keyids=sorted(key_ids),
        purpose="break-glass" if reason else "admit",
        reason=reason,
    )
