"""What can be said of a manifest without a cluster, by the operator's own checks."""

import os
from typing import Any

from pydantic import ValidationError

from qee.api.backend import QuantumBackend
from qee.api.explain import explain
from qee.api.job import QuantumJob
from qee.api.names import ENGINES
from qee.cli.manifest import Manifest
from qee.cli.problem import Problem
from qee.core.checks.sources import Sources, read
from qee.kube.port import Object

MIB = 1_048_576
STANDS_IN = "local"  # name of a job that has none, or only a generateName


def typed(manifest: Manifest, job: Object, uid: str, namespace: str | None) -> QuantumJob:
    """The job as the operator would see it under this UID. Raises Problem with one line for each wrong field."""
    meta = {**job["metadata"], "uid": uid}
    meta["namespace"] = namespace or meta.get("namespace") or "default"
    meta["name"] = meta.get("name") or f"{meta.get('generateName', '')}{STANDS_IN}"
    try:
        return QuantumJob.model_validate({**job, "metadata": meta})
    except ValidationError as error:
        raise Problem(f"{manifest.origin}: QuantumJob {meta['name']!r} is not valid", details=explain(error)) from None


async def sources(manifest: Manifest, job: QuantumJob) -> Sources:
    """What the circuits consist of, digests checked. Raises `Refused`, as in the operator."""

    async def config_map(name: str) -> Object | None:
        found = manifest.config_maps.get(name)
        return found if found and found["metadata"].get("namespace") in (None, job.metadata.namespace) else None

    return await read(job, config_map)


def machine_memory() -> int | None:
    """Bytes of this machine's memory, where it can be asked."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def here(message: str, backend: str, memory: int | None) -> str:
    """What the operator would say of a backend's limit, where that limit is the memory of this machine."""
    if memory is None:
        return message
    shown = f"{memory // MIB} MiB"
    return message.replace(f"limits.memory of backend {backend!r} is {memory}", f"this machine has {shown}").replace(
        f"limits.memory={memory} of backend {backend!r}", f"the {shown} of this machine"
    )


def local_backend(manifest: Manifest, job: QuantumJob, engine: str | None, memory: int | None) -> QuantumBackend:
    """The backend of a local run: its engine, and the limits of the manifest's QuantumBackend if it holds that one.

    `memory`: bytes that this machine has; a limit where the backend has none. Raises Problem.
    """
    name = job.spec.backend_ref.name
    found = manifest.backends.get(name)
    limits: dict[str, Any] = {} if memory is None else {"memory": memory}
    provider = name
    if found is not None:
        try:
            backend = QuantumBackend.model_validate(found)
        except ValidationError as error:
            raise Problem(f"{manifest.origin}: QuantumBackend {name!r} is not valid", details=explain(error)) from None
        provider = str(backend.spec.provider)
        if backend.spec.limits:
            limits |= backend.spec.limits.model_dump(by_alias=True, exclude_none=True)
    engine = engine or provider
    if engine not in ENGINES:
        raise Problem(
            f"spec.backendRef.name: {name!r} is no engine that runs on this machine; give --engine "
            f"{' or --engine '.join(ENGINES)}"
        )
    spec = {"provider": engine, "allowedNamespaces": {"all": True}, **({"limits": limits} if limits else {})}
    return QuantumBackend.model_validate({"metadata": {"name": name}, "spec": spec})
