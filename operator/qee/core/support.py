"""What the schema knows and this version cannot run yet. Refused by name, never ignored."""

from qee.api.job import QuantumJobSpec
from qee.api.reasons import Reason

# Every other provider is a cloud.
ENGINES = frozenset({"aer", "cirq"})


def not_in_this_build(spec: QuantumJobSpec) -> str | None:
    """The first field that asks for what is not built, with its value and what to do; None where all is."""
    for path, asked in (("spec.maxCost", spec.max_cost), ("spec.providerOptions", spec.provider_options)):
        if asked:
            return f"{path} is not in this build. {Reason.NOT_IN_THIS_BUILD.remedy}"
    return None
