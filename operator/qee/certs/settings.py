"""The certs process's configuration file. Unknown keys are refused."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

DAY = 24 * 3600


class Settings(BaseModel):
    """As the chart writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    namespace: str = Field(description="QEE's own namespace.")
    provider: Literal["self", "cert-manager"] = Field(
        default="self", description="Who makes the webhook's certificate. cert-manager: this process only keeps keys."
    )
    result_key: bool = Field(default=True, description="Whether results are signed, so that a key is wanted.")
    webhook: str = Field(default="qee-webhook", description="Its Service and its ValidatingWebhookConfiguration.")
    addresses: list[str] = Field(default=[], description="Further DNS names and IP addresses of the webhook.")
    authority_seconds: float = Field(default=365 * DAY, gt=0, description="Lifetime of the certificate authority.")
    leaf_seconds: float = Field(default=30 * DAY, gt=0, description="Lifetime of the webhook's certificate.")
    settle_seconds: float = Field(
        default=60, ge=0, description="How long API servers may take to hear of a new authority."
    )
    interval_seconds: float = Field(default=30, gt=0, description="Time between two looks.")
    port: int = Field(default=8080, ge=1, le=65535, description="/healthz, /readyz and /metrics.")
    host: str = Field(default="0.0.0.0", description="Address of that server.")  # noqa: S104 - the pod's own

    @model_validator(mode="after")
    def _a_leaf_fits_into_what_is_left(self) -> "Settings":
        if self.leaf_seconds * 3 > self.authority_seconds:
            raise ValueError(
                f"leafSeconds {self.leaf_seconds:g} exceeds a third of authoritySeconds {self.authority_seconds:g}:"
                " the authority would end before what it signed; lower it"
            )
        return self

    @property
    def names(self) -> list[str]:
        """What the webhook's certificate is for."""
        service = f"{self.webhook}.{self.namespace}.svc"
        return [service, f"{service}.cluster.local", *self.addresses]

    @property
    def authority_lifetime(self) -> timedelta:
        return timedelta(seconds=self.authority_seconds)

    @property
    def leaf_lifetime(self) -> timedelta:
        return timedelta(seconds=self.leaf_seconds)

    @classmethod
    def load(cls, path: Path) -> "Settings":
        return cls.model_validate(yaml.safe_load(path.read_text()))
