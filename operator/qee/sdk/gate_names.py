"""Names of one gate: OpenQASM's libraries have two for some, and what is given for one is given for both."""

from collections.abc import Mapping

from qee.sdk.errors import invalid_spec

_SAME = {"CX": "cx", "U": "u", "phase": "p", "cphase": "cp"}


def one_name(name: str) -> str:
    """That of Qiskit's library."""
    return _SAME.get(name, name)


def by_one_name(gate_times: Mapping[str, str]) -> dict[str, str]:
    """The times by `one_name`. Raises RunnerError where a gate has two."""
    found: dict[str, str] = {}
    for name, time in gate_times.items():
        if (known := one_name(name)) in found:
            raise invalid_spec(f"noise.gateTimes: {name} and {known} are one gate; give one of the two")
        found[known] = time
    return found
