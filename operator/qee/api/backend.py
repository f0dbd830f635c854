"""QuantumBackend: a simulator or a device that jobs name in spec.backendRef."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from qee.api.cel import Rule, rules
from qee.api.declare import ATOMIC, SET, keyed, listed, optional
from qee.api.fields import MAX_PACKED, Count, DnsLabel, Line, Quantity, Seconds, Sha256, Shots, text
from qee.api.job_options import MaxCost
from qee.api.meta import DNS_NAME, Condition, NameRef, Observed, Resource, Spec
from qee.api.names import ENGINES, MAX_CIRCUITS, CloudProvider, Engine

Provider = Literal[Engine, CloudProvider]


def is_cloud_provider(provider: object) -> bool:
    """One that is not known counts as cloud."""
    return provider not in ENGINES


_LabelKey = Annotated[
    str, text(317, r"^([-a-z0-9.]{1,253}/)?[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$", "the key of a label")
]
_LabelValue = Annotated[
    str, text(63, "^([A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?)?$", "the value of a label", minimum=0)
]


_VALUES_WHERE_COMPARED = Rule(
    "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
    "operator %s: values belong to In and NotIn; give at least one there, none elsewhere",
    ("self.operator",),
)


class LabelRequirement(Spec):
    """One requirement on a namespace's labels, as in metav1.LabelSelector."""

    model_config = ConfigDict(json_schema_extra=rules(_VALUES_WHERE_COMPARED))

    key: _LabelKey = Field(description="Key of the label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="In and NotIn compare with values; Exists and DoesNotExist look for the key."
    )
    values: Annotated[list[_LabelValue], Field(max_length=64)] | None = optional(
        "Values for In and NotIn, at most 64; absent for Exists and DoesNotExist.", ATOMIC
    )

    @model_validator(mode="after")
    def _values_where_compared(self) -> "LabelRequirement":
        if (self.operator in ("In", "NotIn")) != bool(self.values):
            raise _VALUES_WHERE_COMPARED.error(self.operator)
        return self


class LabelSelector(Spec):
    """Selects namespaces by their labels; all requirements must hold, as in metav1.LabelSelector."""

    match_labels: Annotated[dict[_LabelKey, _LabelValue], Field(max_length=64)] | None = optional(
        "Labels with the values that they must have, at most 64. Absent: none."
    )
    match_expressions: Annotated[list[LabelRequirement], Field(max_length=64)] | None = optional(
        "Further requirements, at most 64. Absent: none.", ATOMIC
    )


_ONE_WAY = Rule(
    "((has(self.all) && self.all) ? 1 : 0) + (has(self.names) ? 1 : 0) + (has(self.selector) ? 1 : 0) <= 1"
    " && (has(self.all) || has(self.names) || has(self.selector))",
    "give one of all: true, names and selector, or all: false for no namespace",
)


class AllowedNamespaces(Spec):
    """The namespaces whose jobs may name the backend: all of them, a list, or a selection by label."""

    model_config = ConfigDict(json_schema_extra=rules(_ONE_WAY))

    all: bool | None = optional("True: every namespace. False, alone: none.")
    names: Annotated[list[DnsLabel], Field(min_length=1, max_length=1000)] | None = optional(
        "Names of namespaces, 1 to 1000, each once.", SET
    )
    selector: LabelSelector | None = optional("Namespaces by their labels; an empty selector selects every namespace.")

    @model_validator(mode="after")
    def _one_way(self) -> "AllowedNamespaces":
        ways = [bool(self.all), self.names is not None, self.selector is not None]
        if sum(ways) > 1 or (self.all is None and not any(ways)):
            raise _ONE_WAY.error()
        if len(set(self.names or [])) != len(self.names or []):
            raise ValueError("a namespace occurs twice in names; give each once")
        return self


class Limits(Spec):
    """The most that one job may ask of the backend. A job beyond a limit fails with LimitExceeded."""

    max_qubits: Annotated[int, Field(ge=1, le=100_000)] | None = optional(
        "Qubits of each circuit, 1 to 100000. Absent: what engine or device can do."
    )
    max_shots: Shots | None = optional(
        "Shots of each circuit with each row of its parameters, 1 to 10000000, and of each measurement that"
        " spec.precision asks for. Absent: 10000000."
    )
    max_circuits: Annotated[int, Field(ge=1, le=MAX_CIRCUITS)] | None = optional(
        "Circuits of each job, 1 to 300. Absent: 300."
    )
    memory: Quantity | None = optional(
        'Memory limit of a simulator pod in bytes, for example "8Gi". Absent: none but the node\'s.'
    )
    cpu: Quantity | None = optional(
        'CPU limit of a simulator pod in cores, for example "4". Absent: none but the node\'s.'
    )
    active_deadline_seconds: Seconds | None = optional(
        "Upper bound of spec.activeDeadlineSeconds, and its value where a job has none, in seconds, 1 to 31536000."
        " Absent: none."
    )


class Prices(Spec):
    """The price list that cost estimates use."""

    config_map_ref: NameRef = Field(description="ConfigMap in QEE's own namespace that holds the price list.")
    minimum: MaxCost | None = optional(
        "What each provider job costs at least, in the currency of the price list, whatever the list makes of it: as"
        " a contract has it. Absent: what the list says."
    )


_SIMULATOR = f"self.provider in {list(ENGINES)}"
_DEVICE_OF_SIMULATOR = Rule(
    f"!({_SIMULATOR}) || !has(self.device)",
    "provider %s is a simulator in the cluster and has no device; remove device",
    ("self.provider",),
)
_DEVICE_OF_CLOUD = Rule(
    f"{_SIMULATOR} || has(self.device)", "provider %s has many devices; name one in device", ("self.provider",)
)
_NO_CREDENTIALS = Rule(
    f"!({_SIMULATOR}) || !has(self.credentialsSecretRef)",
    "provider %s needs no credentials; remove credentialsSecretRef",
    ("self.provider",),
)


class QuantumBackendSpec(Spec):
    """A simulator or a device, who may use it and how much of it."""

    model_config = ConfigDict(json_schema_extra=rules(_DEVICE_OF_SIMULATOR, _DEVICE_OF_CLOUD, _NO_CREDENTIALS))

    provider: Provider = Field(
        description="Who runs the circuits: aer (Qiskit Aer) and cirq (Cirq's simulators) in pods of this cluster; ibm"
        " (IBM Quantum), braket (Amazon Braket), azure (Azure Quantum), google (Google Quantum Engine) and ionq (IonQ)"
        " in the cloud."
    )
    device: Line | None = optional(
        "Name of the device at the provider: IBM backend name, Braket ARN, Azure target, Google processor id or IonQ"
        " backend. Required for cloud providers, refused for aer and cirq."
    )
    region: Line | None = optional(
        "Region or location of the provider's service, for example us-east-1. Absent: the device's or the account's"
        " own."
    )
    credentials_secret_ref: NameRef | None = optional(
        "Secret in QEE's own namespace with the provider's credentials. Only the backend's connector mounts it."
        " Refused for aer and cirq. Absent: the connector's workload identity."
    )
    options: Annotated[dict[str, Annotated[str, text(1024, minimum=0)]], Field(max_length=64)] | None = optional(
        "Settings of the provider's adapter as strings, for example an IBM instance or a Braket bucket; never"
        " credentials. At most 64 of at most 1024 characters. Absent: none."
    )
    limits: Limits | None = optional("The most that one job may ask for. Absent: see its fields.")
    prices: Prices | None = optional("Price list for cost estimates. Absent: no estimate is made.")
    allowed_namespaces: AllowedNamespaces = Field(
        description="Namespaces whose jobs may name this backend. Required: who may spend on a device is always said."
    )
    description: Annotated[str, text(1024, minimum=0)] | None = optional(
        "Text for people, at most 1024 characters. Absent: none."
    )

    @model_validator(mode="after")
    def _device_fits_provider(self) -> "QuantumBackendSpec":
        simulator = not is_cloud_provider(self.provider)
        if simulator and self.device is not None:
            raise _DEVICE_OF_SIMULATOR.error(self.provider)
        if not simulator and self.device is None:
            raise _DEVICE_OF_CLOUD.error(self.provider)
        if simulator and self.credentials_secret_ref is not None:
            raise _NO_CREDENTIALS.error(self.provider)
        return self


class Packed(Observed):
    """A document, gzipped."""

    data: Annotated[str, text(MAX_PACKED)] = Field(description="The document, gzip in base64, at most 500 KiB.")
    sha256: Sha256 = Field(description="SHA-256 of the uncompressed document.")
    bytes: Count = Field(description="Its uncompressed length in bytes.")


class QuantumBackendStatus(Observed):
    """What the connector last heard from the device. Simulators have no status."""

    observed_generation: Count | None = optional("The metadata.generation that the status is about.")
    conditions: Annotated[list[Condition], Field(max_length=16)] = listed(
        "Reachable: the provider answers, with the backend's credentials. Ready: the device takes jobs.", keyed("type")
    )
    qubits: Count | None = optional("Number of the device's qubits, as the provider tells.")
    basis_gates: Annotated[list[Annotated[str, text(63)]], Field(max_length=256)] = listed(
        "Names of the device's native gates in the provider's spelling, at most 256.", ATOMIC
    )
    max_shots: Count | None = optional("Most shots of one circuit, as the provider tells. Absent: not told.")
    simulated: bool | None = optional("True: the device is a simulator that the provider runs.")
    formats: Annotated[list[Annotated[str, text(63)]], Field(max_length=16)] = listed(
        "Circuit formats that the connector compiles.", ATOMIC
    )
    outputs: Annotated[list[Annotated[str, text(63)]], Field(max_length=16)] = listed(
        "Values of a job's spec.outputs that the connector gives.", ATOMIC
    )
    target: Packed | None = optional(
        "The snapshot of the device that circuits are compiled for, in the adapter's form."
    )
    queue_length: Count | None = optional("Tasks waiting at the device, as the provider tells.")
    calibration_time: datetime | None = optional(
        "When the device was last calibrated (RFC 3339), as the provider tells."
    )
    last_contact: datetime | None = optional("When the provider last answered (RFC 3339), to within some minutes.")
    last_error: Annotated[str, text(4096, minimum=0)] | None = optional(
        "The last failure to reach the provider, without secrets. Absent: none."
    )


class QuantumBackend(Resource):
    """A simulator or a quantum device that jobs may name, with its limits, prices and allowed namespaces."""

    model_config = ConfigDict(json_schema_extra=rules(DNS_NAME))

    api_version: Literal["qee.dev/v1alpha1"] = "qee.dev/v1alpha1"
    kind: Literal["QuantumBackend"] = "QuantumBackend"
    spec: QuantumBackendSpec = Field(description="What the backend is, who may use it and how much of it.")
    status: QuantumBackendStatus = Field(
        default=QuantumBackendStatus(), description="What the connector last heard from the device."
    )

    @property
    def cloud(self) -> bool:
        """Its jobs are sent to a provider."""
        return is_cloud_provider(self.spec.provider)


def is_cloud(backend: Mapping[str, Any] | None) -> bool:
    """Whether jobs on a QuantumBackend, as the API server shows it, are sent to a provider: then a signature admits one
    job only. None, and one without a provider that is known, count as cloud: the stricter of the two.
    """
    return is_cloud_provider(((backend or {}).get("spec") or {}).get("provider"))
