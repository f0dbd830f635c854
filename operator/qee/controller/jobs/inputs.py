"""Reading what a job refers to: backend, namespace's labels, the circuits' programs and tables, the volume for results.

Each once, live.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.api.job_circuit import Circuit, ConfigMapKeyRef, ParametersFrom
from qee.api.names import LABEL_RESULTS, MAX_SNAPSHOT_BYTES
from qee.api.reasons import Reason
from qee.core.checks.sources import Sources
from qee.core.refusal import Refused
from qee.kube.port import NotFound, Object, Port
from qee.kube.resources import BACKENDS, CLAIMS, CONFIG_MAPS, NAMESPACES

# What a job names in ConfigMaps, each once. A table may have blanks that do not get into the run document.
MAX_HELD_BYTES = 3 * MAX_SNAPSHOT_BYTES


async def find_backend(port: Port, job: QuantumJob) -> Object | None:
    """The backend that the job names, as the API server shows it."""
    try:
        return await port.get(BACKENDS, None, job.spec.backend_ref.name)
    except NotFound:
        return None


def backend(found: Mapping[str, Any] | None, job: QuantumJob) -> QuantumBackend | Refused:
    """The same, read; or why it cannot be used: there is none, or none that can be read."""
    name = job.spec.backend_ref.name
    if found is None:
        return Refused(
            Reason.BACKEND_NOT_FOUND,
            f"spec.backendRef.name: there is no QuantumBackend {name!r}. {Reason.BACKEND_NOT_FOUND.remedy}",
            waiting=Reason.WAITING_FOR_BACKEND,
        )
    if "deletionTimestamp" in found["metadata"]:
        return Refused(
            Reason.BACKEND_NOT_FOUND,
            f"spec.backendRef.name: QuantumBackend {name!r} is being deleted. {Reason.BACKEND_NOT_FOUND.remedy}",
            waiting=Reason.WAITING_FOR_BACKEND,
        )
    try:
        return QuantumBackend.model_validate(found)
    except ValidationError as error:
        return Refused(
            Reason.BACKEND_NOT_FOUND,
            f"spec.backendRef.name: QuantumBackend {name!r} cannot be read by this version of QEE "
            f"({error.error_count()} fields). Ask the backend's owner to apply it again.",
        )


def usable(found: QuantumBackend | Refused | None) -> QuantumBackend:
    """Raises `Refused` where it is no backend."""
    if isinstance(found, QuantumBackend):
        return found
    if found is None:
        raise ValueError("nobody has looked for the backend")
    raise found


async def namespace_labels(port: Port, backend: QuantumBackend, namespace: str) -> dict[str, str]:
    """The labels of the job's namespace, read only where the backend selects by them."""
    if backend.spec.allowed_namespaces.selector is None:
        return {}
    return (await port.get(NAMESPACES, None, namespace))["metadata"].get("labels") or {}


async def sources(port: Port, job: QuantumJob) -> Sources:
    """What the circuits consist of. A ConfigMap to which several refer is read once, and of it what they name is kept.

    Sizes are added up while reading: what cannot fit into a run document is refused before it is held.
    """
    reading = _Reading(port, job)
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
    return Refused(Reason.INPUT_TOO_LARGE, f"{message} {Reason.INPUT_TOO_LARGE.remedy}")


class _Reading:
    """Reads each ConfigMap once. Who names the same key gets the same bytes."""

    def __init__(self, port: Port, job: QuantumJob) -> None:
        self._port = port
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
            config_map = await _config_map(self._port, self._namespace, name, path)
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


async def _config_map(port: Port, namespace: str, name: str, path: str) -> Object:
    try:
        return await port.get(CONFIG_MAPS, namespace, name)
    except NotFound:
        raise Refused(
            Reason.INPUT_NOT_FOUND,
            f"{path}.configMapKeyRef.name: there is no ConfigMap {name!r} in namespace {namespace!r}. "
            f"{Reason.INPUT_NOT_FOUND.remedy}",
            waiting=Reason.WAITING_FOR_INPUT,
        ) from None


async def check_claim(port: Port, job: QuantumJob) -> None:
    """Raises `Refused` unless the claim that takes large results is there, and its owner has dedicated it to them.

    Who may create QuantumJobs may not, by that alone, write to every volume of the namespace.
    """
    path, name = "spec.results.persistentVolumeClaim.claimName", job.spec.claim
    if name is None:
        return
    try:
        metadata = (await port.get(CLAIMS, job.metadata.namespace, name))["metadata"]
    except NotFound:
        raise _no_claim(
            f"{path}: there is no PersistentVolumeClaim {name!r} in namespace {job.metadata.namespace!r}."
        ) from None
    if "deletionTimestamp" in metadata:
        raise _no_claim(f"{path}: PersistentVolumeClaim {name!r} is being deleted.")
    if (metadata.get("labels") or {}).get(LABEL_RESULTS) != "true":
        raise Refused(
            Reason.CLAIM_NOT_DEDICATED,
            f"{path}: PersistentVolumeClaim {name!r} has no label {LABEL_RESULTS}=true, by which its owner dedicates "
            f"it to results. Its owner sets it with `kubectl label pvc {name} {LABEL_RESULTS}=true`; then apply the "
            "job under a new name.",
        )


def _no_claim(message: str) -> Refused:
    return Refused(
        Reason.CLAIM_NOT_FOUND,
        f"{message} {Reason.CLAIM_NOT_FOUND.remedy}",
        waiting=Reason.WAITING_FOR_CLAIM,
    )


def _value(config_map: Object, key: str) -> _Value | None:
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
        raise Refused(
            Reason.INPUT_NOT_FOUND,
            f"{path}.configMapKeyRef.key: ConfigMap {reference.name!r} has no key {reference.key!r}. "
            f"{Reason.INPUT_NOT_FOUND.remedy}",
            waiting=Reason.WAITING_FOR_INPUT,
        )
    if value.sha256 != sha256:
        raise Refused(
            Reason.INPUT_DIGEST_MISMATCH,
            f"{path}.sha256: {sha256} was promised, key {reference.key!r} of ConfigMap {reference.name!r} has "
            f"{value.sha256}. {Reason.INPUT_DIGEST_MISMATCH.remedy}",
        )
    return value.data
