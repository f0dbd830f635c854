"""What an installation decides for one connector. Read once from a file that the chart writes."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class ConnectorSettings(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True)

    name: str = Field(description="Of the connector: its Lease is qee-connector-NAME.")
    provider: str = Field(description="The adapter, as in a QuantumBackend's spec.provider.")
    backends: list[str] = Field(min_length=1, description="The QuantumBackends that it serves, all by one credential.")
    credentials: Path | None = Field(default=None, description="Where the credential's Secret is mounted.")
    task_keys: Path = Field(description="Public keys (PEM) of the operator: what it has signed may be submitted.")
    worker: list[str] = Field(
        default=["/opt/sdk/bin/python", "-I", "-m", "qee.connectors.worker"],
        description="The command in which the vendor's SDK is called.",
    )
    without_policy: Literal["Deny", "Allow"] = "Deny"
    lease_namespace: str | None = Field(default=None, description="Where its Lease lies; absent: none.")
    poll_seconds: float = Field(default=10, gt=0, description="Between two looks at the provider's jobs.")
    describe_seconds: float = Field(default=60, gt=0, description="Between two looks at the device.")
    call_seconds: float = Field(default=60, gt=0, description="Deadline of one call of the SDK.")
    submit_seconds: float = Field(default=180, gt=0, description="The same of a submission.")
    grace_seconds: float = Field(
        default=120,
        ge=0,
        description="How long a submission that was interrupted is looked for before it is given up as unknown.",
    )
    submissions_per_minute: float = Field(default=60, gt=0, description="At most, by this credential.")
    port: int = Field(default=8081, ge=0, le=65535, description="Health and metrics; 0 picks a free one.")

    @classmethod
    def load(cls, path: Path) -> "ConnectorSettings":
        return cls.model_validate(yaml.safe_load(path.read_text()))
