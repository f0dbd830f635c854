"""Columns of the spec and the parameters of a circuit."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from qee.sdk.errors import invalid_spec

# Qiskit's OpenQASM 3 exporter writes theta[0] as _theta_0_, for an identifier has no brackets.
_EXPORTED = re.compile(r"_(\w+)_(\d+)_")


def canonical(name: str) -> str:
    """The one spelling of a parameter's name: that of a ParameterVector's element."""
    found = _EXPORTED.fullmatch(name)
    return f"{found[1]}[{found[2]}]" if found else name


def matched(columns: Iterable[str], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The circuit's parameter for each column's name. Raises RunnerError where one is left over on either side."""
    wanted = {canonical(name): parameter for name, parameter in parameters.items()}
    given = {canonical(name): name for name in columns}
    missing, surplus = sorted(wanted.keys() - given.keys()), sorted(given.keys() - wanted.keys())
    if missing:
        raise invalid_spec(
            f"parameters: no values for {_listed(missing)}, which the circuit takes; add a column for each"
        )
    if surplus:
        has = f"its parameters are {_listed(sorted(wanted))}" if wanted else "it has no parameters"
        raise invalid_spec(f"parameters: the circuit does not use {_listed(surplus)}; {has}; remove the column")
    return {name: wanted[key] for key, name in given.items()}


def _listed(names: list[str]) -> str:
    return ", ".join(name[:64] for name in names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
