"""What an installation decides: images, namespaces, patience. Read once from a file that the chart writes."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from qee.core.job.world import Patience


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class RunnerSettings(_Model):
    """How runner pods are made, whatever the job."""

    images: dict[str, str] = Field(description="Image of each engine: keys aer and cirq.")
    pull_policy: str = "IfNotPresent"
    cpu_request: str = "250m"
    image_pull_secrets: list[dict[str, str]] = []
    node_selector: dict[str, str] = {}
    tolerations: list[dict[str, Any]] = []
    priority_class_name: str | None = None

    def pod_extras(self) -> dict[str, Any]:
        """The pod fields that follow from these settings, absent ones left out."""
        fields = {
            "imagePullSecrets": self.image_pull_secrets,
            "nodeSelector": self.node_selector,
            "tolerations": self.tolerations,
            "priorityClassName": self.priority_class_name,
        }
        return {name: value for name, value in fields.items() if value}


class VerificationSettings(_Model):
    """What holds beside the trust policies."""

    without_policy: Literal["Deny", "Allow"] = Field(
        default="Deny", description="Whether jobs run in namespaces that no trust policy governs."
    )


class Settings(_Model):
    """The operator's configuration file. Unknown keys are refused."""

    runner: RunnerSettings
    namespaces: list[str] = Field(default=[], description="Watched namespaces; empty means all.")
    network_policies: bool = Field(default=True, description="Ensure a deny-all policy where runner pods are made.")
    workers: int = Field(default=16, ge=1, le=256, description="Jobs reconciled at a time.")
    resync_seconds: float = Field(default=600, gt=0, description="Period of the full resync.")
    child_retention_seconds: float = Field(
        default=3600, ge=0, description="How long a finished job's child Job and its pod's log are kept."
    )
    port: int = Field(default=8080, ge=0, le=65535, description="Health endpoints; 0 picks a free one.")
    metrics_port: int = Field(default=9090, ge=0, le=65535, description="Prometheus metrics; 0 picks a free one.")
    lease_namespace: str | None = Field(default=None, description="Where the leader's Lease lies; absent: none.")
    verification: VerificationSettings = VerificationSettings()
    ledger_namespace: str | None = Field(
        default=None,
        description="Where signatures that admit one object only are remembered: QEE's own namespace. Absent: jobs"
        " under such a policy are refused.",
    )
    result_key: Path | None = Field(
        default=None,
        description="File with the private key that signs results (PKCS#8 in PEM). Read again when it changes."
        " Absent: results are not signed.",
    )
    patience: Patience = Patience()

    @classmethod
    def load(cls, path: Path) -> "Settings":
        return cls.model_validate(yaml.safe_load(path.read_text()))

    @property
    def scopes(self) -> list[str | None]:
        """What to list: each watched namespace, or all at once (None)."""
        return [*self.namespaces] or [None]
