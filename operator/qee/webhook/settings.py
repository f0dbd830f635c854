"""The webhook's configuration file. Unknown keys are refused."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, model_validator
from pydantic.alias_generators import to_camel


class Settings(BaseModel):
    """As the chart writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    tls_directory: Path = Field(description="Where tls.crt and tls.key lie. Changes are taken up while it runs.")
    host: str = Field(default="0.0.0.0", description="Address of both servers.")  # noqa: S104 - the pod's own
    port: int = Field(default=8443, ge=1, le=65535, description="POST /validate over TLS.")
    health_port: int = Field(default=8081, ge=1, le=65535, description="/healthz, /readyz and /metrics.")
    without_policy: Literal["Deny", "Allow"] = Field(
        default="Deny", description="What holds in namespaces that no QuantumTrustPolicy governs."
    )
    drain_seconds: float = Field(
        default=5, ge=0, description="From SIGTERM to the last accepted request: the Service has to hear of it first."
    )
    clients: list[IPvAnyNetwork] = Field(
        default=[], description="Networks (CIDRs) from which reviews are taken. Empty: from anywhere."
    )
    client_ca: Path | None = Field(
        default=None, description="PEM file of the authority whose certificates clients must show. Absent: none."
    )
    client_names: list[str] = Field(
        default=[], description="Common names or DNS names that such a certificate must be of. Empty: any."
    )

    @model_validator(mode="after")
    def _names_need_an_authority(self) -> "Settings":
        if self.client_names and self.client_ca is None:
            raise ValueError("clientNames needs clientCa")
        return self

    @classmethod
    def load(cls, path: Path) -> "Settings":
        return cls.model_validate(yaml.safe_load(path.read_text()))
