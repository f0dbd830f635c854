"""What the circuits of a job consist of: inline, or keys of ConfigMaps that have to have the promised digests."""

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qee.api.job import QuantumJob
from qee.api.job_circuit import Circuit, ConfigMapKeyRef, ParametersFrom
from qee.api.names import MAX_SNAPSHOT_BYTES
from qee.api.reasons import Reason
from qee.core.refusal import Refused, refused

# What a job names in ConfigMaps, each once. A table may have blanks that do not get into the run document.
MAX_HELD_BYTES = 3 * MAX_SNAPSHOT_BYTES

ConfigMapOf = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""By its name, of the job's namespace; None where there is none."""


@dataclass(frozen=True)
class Sources:
    """Bytes by the circuit's name, their digests checked: every program, and each table of `parametersFrom`."""

    programs: Mapping[str, bytes]
    tables: Mapping[str, bytes] = field(default_factory=dict)


async def read(job: QuantumJob, config_map: ConfigMapOf) -> Sources:
    """What the circuits consist of. A ConfigMap to which several refer is read once, and of it what they name is kept.

    Sizes are added up while reading: what cannot fit into a run document is refused before it is held.
    Raises `Refused`.
    """
    reading = _Reading(job, config_map)
    programs: dict[str, bytes] = {}
    tables: dict[str, bytes] = {}
    size = 0
    for index, circuit in enumerate(job.spec.circuits):
        path = f"spec.circuits[{index}]"
        inline = circuit.inline_program
        programs[circuit.name] = await reading.promised(circuit, path) if inline is None else inline
        size += len(programs[circuit.name])  # once for each circuit: so it stands in the run document
        if size > MAX_SNAPSHOT_BYTES:
            raise _too_large(f"spec.circuits: the programs hold more than {MAX_SNAPSHOT_BYTES} bytes in all.")
        if circuit.parameters_from is not None:
            tables[circuit.name] = await reading.promised(circuit.parameters_from, f"{path}.parametersFrom")
    return Sources(programs, tables)


def _too_large(message: str) -> Refused:
    return refused(Reason.INPUT_TOO_LARGE, message)


class _Reading:
    """Reads each ConfigMap once. Who names the same key gets the same bytes."""

    def __init__(self, job: QuantumJob, config_map: ConfigMapOf) -> None:
        self._config_map = config_map
        self._namespace = job.metadata.namespace
        self._keys: dict[str, set[str]] = {}  # by ConfigMap, what the job names in it
        for circuit in job.spec.circuits:
            for place in (circuit, circuit.parameters_from):
                if place is not None and place.config_map_key_ref is not None:
                    self._keys.setdefault(place.config_map_key_ref.name, set()).add(place.config_map_key_ref.key)
        self._found: dict[str, Mapping[str, _Value]] = {}
        self._held = 0  # bytes

    async def promised(self, place: Circuit | ParametersFrom, path: str) -> bytes:
        reference = place.config_map_key_ref
        if reference is None:
            raise ValueError(f"{path} refers to no ConfigMap")
        name = reference.name
        if name not in self._found:
            config_map = await self._config_map(name)
            if config_map is None:
                raise refused(
                    Reason.INPUT_NOT_FOUND,
                    f"{path}.configMapKeyRef.name: there is no ConfigMap {name!r} in namespace {self._namespace!r}.",
                    waiting=Reason.WAITING_FOR_INPUT,
                )
            self._found[name] = {key: value for key in self._keys[name] if (value := _value(config_map, key))}
            self._held += sum(len(value.data) for value in self._found[name].values())
            if self._held > MAX_HELD_BYTES:
                raise _too_large(f"spec.circuits: programs and tables hold more than {MAX_HELD_BYTES} bytes in all.")
        return _promised_bytes(reference, place.sha256 or "", self._found[name].get(reference.key), path)


@dataclass(frozen=True)
class _Value:
    """Of one key of a ConfigMap."""

    data: bytes
    sha256: str


def _value(config_map: Mapping[str, Any], key: str) -> _Value | None:
    text = (config_map.get("data") or {}).get(key)
    binary = (config_map.get("binaryData") or {}).get(key)
    if text is None and binary is None:
        return None
    try:
        data = text.encode() if text is not None else base64.b64decode(binary or "", validate=True)
    except binascii.Error:  # the API server checks it; a proxy may not
        data = b""
    return _Value(data, hashlib.sha256(data).hexdigest())


def _promised_bytes(reference: ConfigMapKeyRef, sha256: str, value: _Value | None, path: str) -> bytes:
    if value is None:
        raise refused(
            Reason.INPUT_NOT_FOUND,
            f"{path}.configMapKeyRef.key: ConfigMap {reference.name!r} has no key {reference.key!r}.",
            waiting=Reason.WAITING_FOR_INPUT,
        )
    if value.sha256 != sha256:
        raise refused(
            Reason.INPUT_DIGEST_MISMATCH,
            f"{path}.sha256: {sha256} was promised, key {reference.key!r} of ConfigMap {reference.name!r} has "
            f"{value.sha256}.",
        )
    return value.data
