"""Reading what a job refers to: backend, namespace's labels, the circuits' programs and tables, the volume for results.

Each once, live.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.api.job_circuit import Circuit, ConfigMapKeyRef, ParametersFrom
from qee.api.names import LABEL_RESULTS
from qee.api.reasons import Reason
from qee.core.refusal import Refused
from qee.core.sources import Sources
from qee.kube.port import NotFound, Object, Port
from qee.kube.resources import BACKENDS, CLAIMS, CONFIG_MAPS, NAMESPACES


async def find_backend(port: Port, job: QuantumJob) -> Object | None:
    """The backend that the job names, as the API server shows it."""
    try:
        return await port.get(BACKENDS, None, job.spec.backend_ref.name)
    except NotFound:
        return None


def backend(found: Mapping[str, Any] | None, job: QuantumJob) -> QuantumBackend:
    """The same, read. Raises `Refused` where there is none, or none that can be read."""
    name = job.spec.backend_ref.name
    if found is None:
        raise Refused(
            Reason.BACKEND_NOT_FOUND,
            f"spec.backendRef.name: there is no QuantumBackend {name!r}. {Reason.BACKEND_NOT_FOUND.remedy}",
            waiting=Reason.WAITING_FOR_BACKEND,
        )
    if "deletionTimestamp" in found["metadata"]:
        raise Refused(
            Reason.BACKEND_NOT_FOUND,
            f"spec.backendRef.name: QuantumBackend {name!r} is being deleted. {Reason.BACKEND_NOT_FOUND.remedy}",
            waiting=Reason.WAITING_FOR_BACKEND,
        )
    try:
        return QuantumBackend.model_validate(found)
    except ValidationError as error:
        raise Refused(
            Reason.BACKEND_NOT_FOUND,
            f"spec.backendRef.name: QuantumBackend {name!r} cannot be read by this version of QEE "
            f"({error.error_count()} fields). Ask the backend's owner to apply it again.",
        ) from None


async def namespace_labels(port: Port, backend: QuantumBackend, namespace: str) -> dict[str, str]:
    """The labels of the job's namespace, read only where the backend selects by them."""
    if backend.spec.allowed_namespaces.selector is None:
        return {}
    return (await port.get(NAMESPACES, None, namespace))["metadata"].get("labels") or {}


async def sources(port: Port, job: QuantumJob) -> Sources:
    """What the circuits consist of. A ConfigMap to which several refer is read once."""
    config_maps: dict[str, Object] = {}

    async def promised(place: Circuit | ParametersFrom, path: str) -> bytes:
        reference = place.config_map_key_ref
        if reference is None:
            raise ValueError(f"{path} refers to no ConfigMap")
        if reference.name not in config_maps:
            config_maps[reference.name] = await _config_map(port, job.metadata.namespace, reference.name, path)
        return _promised_bytes(reference, place.sha256 or "", config_maps[reference.name], path)

    programs: dict[str, bytes] = {}
    tables: dict[str, bytes] = {}
    for index, circuit in enumerate(job.spec.circuits):
        path = f"spec.circuits[{index}]"
        inline = circuit.inline_program
        programs[circuit.name] = await promised(circuit, path) if inline is None else inline
        if circuit.parameters_from is not None:
            tables[circuit.name] = await promised(circuit.parameters_from, f"{path}.parametersFrom")
    return Sources(programs, tables)


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


def _promised_bytes(reference: ConfigMapKeyRef, sha256: str, config_map: Object, path: str) -> bytes:
    text = (config_map.get("data") or {}).get(reference.key)
    binary = (config_map.get("binaryData") or {}).get(reference.key)
    if text is None and binary is None:
        raise Refused(
            Reason.INPUT_NOT_FOUND,
            f"{path}.configMapKeyRef.key: ConfigMap {reference.name!r} has no key {reference.key!r}. "
            f"{Reason.INPUT_NOT_FOUND.remedy}",
            waiting=Reason.WAITING_FOR_INPUT,
        )
    try:
        data = text.encode() if text is not None else base64.b64decode(binary or "", validate=True)
    except binascii.Error:  # the API server checks it; a proxy may not
        data = b""
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise Refused(
            Reason.INPUT_DIGEST_MISMATCH,
            f"{path}.sha256: {sha256} was promised, key {reference.key!r} of ConfigMap {reference.name!r} has "
            f"{digest}. {Reason.INPUT_DIGEST_MISMATCH.remedy}",
        )
    return data
