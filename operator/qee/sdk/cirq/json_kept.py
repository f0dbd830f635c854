"""Did Cirq's reader keep all that the JSON says?

`cirq.read_json` makes objects of the fields that it knows and is silent about the others: of a KeyCondition it drops
the index. So what was read is written again, and each value that was given has to be in what was written.
"""

import json
from typing import Any

import cirq

from qee.sdk.errors import RunnerError
from qee.sdk.explain import invalid

_NO_KEY = object()
_RENAMED = {"CNotPowGate": "CXPowGate"}  # as Cirq wrote it before 1.0, and writes it


def check_kept(source: str, read: Any) -> None:
    """Raises InvalidCircuit that names the type and field whose value the reader dropped or changed."""
    lost = _Comparison(_Side(json.loads(source)), _Side(json.loads(cirq.to_json(read, indent=None)))).lost()
    if lost:
        kind, field = lost
        raise _refusal(kind, field)


def _refusal(kind: str, field: str) -> RunnerError:
    of = f"the field {field} of {kind}" if field.isidentifier() else f"a field of {kind}"
    return invalid(
        f"Cirq {cirq.__version__} does not read {of} as it is written; write the circuit with cirq.to_json of this "
        "version, and without that field's setting if it still differs"
    )


def _is_old(kind: str, name: str, value: Any, written: dict[str, Any]) -> bool:
    """Cirq before 1.0 had another name for this, or a field that said nothing."""
    if name == "cirq_type":
        return _RENAMED.get(kind) == written.get(name)
    if name == "device" and kind in ("Circuit", "FrozenCircuit"):
        return isinstance(value, dict) and value.get("cirq_type") == "_UnconstrainedDevice"
    again = written.get(name)
    return name == "control_values" and isinstance(again, dict) and again.get("data") == value


class _Side:
    """One of the two texts: its VALs by their keys, so that a REF is what it names."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._named: dict[Any, Any] = {}
        pending = [value]
        while pending:
            each = pending.pop()
            if isinstance(each, dict):
                if each.get("cirq_type") == "VAL":
                    self._named[each.get("key")] = each.get("val")
                pending += each.values()
            elif isinstance(each, list):
                pending += each

    def meant(self, value: Any) -> Any:
        if isinstance(value, dict) and value.get("cirq_type") == "VAL":
            return value.get("val")
        if isinstance(value, dict) and value.get("cirq_type") == "REF":
            return self._named.get(value.get("key"), value)
        return value


class _Comparison:
    def __init__(self, given: _Side, written: _Side) -> None:
        self._given, self._written = given, written
        self._same: set[tuple[int, int]] = set()  # pairs of objects: what is named once is compared once

    def lost(self) -> tuple[str, str] | None:
        """Type and field of the first value that is not there again, or None. What was left out may be there."""
        pending = [(self._given.value, self._written.value, "Circuit", "")]
        while pending:
            given, written, kind, field = pending.pop()
            given, written = self._given.meant(given), self._written.meant(written)
            if isinstance(given, dict) and isinstance(written, dict):
                pair = (id(given), id(written))
                if pair in self._same:
                    continue
                self._same.add(pair)
                kind = str(given.get("cirq_type", kind))[:64]
                pending += [
                    (value, written.get(name, _NO_KEY), kind, name)
                    for name, value in given.items()
                    if not _is_old(kind, name, value, written)
                ]
            elif isinstance(given, list) and isinstance(written, list) and len(given) == len(written):
                pending += [(one, other, kind, field) for one, other in zip(given, written, strict=True)]
            elif given != written or isinstance(given, bool) != isinstance(written, bool):
                return kind if kind.isidentifier() else "an object", field
        return None
