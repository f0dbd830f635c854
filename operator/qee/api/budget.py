"""QuantumBudget: what the jobs of a namespace may spend at providers over a period."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from qee.api.cel import Rule, rules
from qee.api.declare import SET, keyed, listed, optional, stored, stored_default
from qee.api.fields import Amount, Count, Currency, DnsLabel, text
from qee.api.job_options import MaxCost
from qee.api.meta import DNS_NAME, Observed, Resource, Spec

MAX_RESERVATIONS = 2000

_ONE_LIMIT = Rule(
    "has(self.cost) || has(self.qpuSeconds) || has(self.shots) || has(self.jobs)",
    "give at least one of cost, qpuSeconds, shots and jobs",
)


class BudgetLimits(Spec):
    """The most that may be reserved and spent together in a period. At least one."""

    model_config = ConfigDict(json_schema_extra=rules(_ONE_LIMIT))

    cost: MaxCost | None = optional(
        "Money, in one currency: currencies are never converted, and a job priced in another is refused. Absent: no"
        " limit."
    )
    qpu_seconds: Count | None = optional(
        "Seconds on QPUs; a job whose time nobody bounds is refused. 0 to 2^53-1. Absent: no limit."
    )
    shots: Count | None = optional("Repetitions, 0 to 2^53-1. Absent: no limit.")
    jobs: Count | None = optional("Attempts of QuantumJobs, 0 to 2^53-1. Absent: no limit.")

    @model_validator(mode="after")
    def _one_limit(self) -> "BudgetLimits":
        if self.cost is None and self.qpu_seconds is None and self.shots is None and self.jobs is None:
            raise _ONE_LIMIT.error()
        return self


class QuantumBudgetSpec(Spec):
    """Limits over a period. Of a namespace's budgets each that names the backend must have room."""

    limits: BudgetLimits = Field(description="The most that may be spent in a period.")
    period: Literal["Day", "Week", "Month", "Year", "Total"] = stored(
        "Month",
        "Calendar period in UTC after which spending starts anew (weeks begin on Monday); Total: never. Default:"
        " Month.",
    )
    backends: Annotated[list[DnsLabel], Field(min_length=1, max_length=64)] | None = optional(
        "The cloud backends that it is for, at most 64. Absent: all.", SET
    )


class Amounts(Observed):
    """What is reserved or spent."""

    cost: Amount = Field(default="0", description="Money, a decimal string in the currency of spec.limits.cost.")
    qpu_milliseconds: Count = Field(default=0, description="Time on QPUs in milliseconds.")
    shots: Count = Field(default=0, description="Repetitions.")
    jobs: Count = Field(default=0, description="Attempts.")


class Reservation(Amounts):
    """What one attempt may cost at most; taken before anything is submitted, settled when it has ended."""

    uid: Annotated[str, text(128)] = Field(description="UID of the QuantumJob.")
    name: Annotated[str, text(253)] = Field(description="Name of the QuantumJob.")
    attempt: Count = Field(description="Its attempt.")


class QuantumBudgetStatus(Observed):
    """What was reserved and spent. Written by the operator only, by compare-and-swap."""

    observed_generation: Count | None = optional("The metadata.generation it is about.")
    period_start: datetime | None = optional("When the present period began (RFC 3339).")
    currency: Currency | None = optional("ISO 4217 code of the amounts of money.")
    spent: Amounts = Field(default=Amounts(), description="Settled in the present period.")
    reserved: Amounts = Field(default=Amounts(), description="The sum of the reservations.")
    reservations: Annotated[list[Reservation], Field(max_length=MAX_RESERVATIONS)] = listed(
        "Attempts that have not ended, at most 2000.", keyed("uid")
    )


class QuantumBudget(Resource):
    """What the jobs of a namespace may spend at providers. Tenants read it; only administrators write it."""

    model_config = ConfigDict(json_schema_extra=rules(DNS_NAME))

    api_version: Literal["qee.dev/v1alpha1"] = "qee.dev/v1alpha1"
    kind: Literal["QuantumBudget"] = "QuantumBudget"
    spec: QuantumBudgetSpec = Field(description="Limits, period and backends.")
    status: QuantumBudgetStatus = Field(
        default=QuantumBudgetStatus(),
        description="What was reserved and spent.",
        json_schema_extra=stored_default({"spent": {"cost": "0"}, "reserved": {"cost": "0"}}),  # 0 in lists, not blank
    )
