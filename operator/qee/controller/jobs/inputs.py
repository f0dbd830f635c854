"""Reading what a job refers to: backend, namespace's labels, the circuits' programs and tables, the volume for results,
its backend's prices. Each once, live.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.api.names import LABEL_RESULTS, PRICES_KEY
from qee.api.reasons import Reason
from qee.core.checks.sources import Sources, read
from qee.core.money import cost
from qee.core.refusal import Refused, refused
from qee.kube.port import NotFound, Object, Port
from qee.kube.resources import CLAIMS, CONFIG_MAPS, NAMESPACES


def backend(found: Mapping[str, Any] | None, job: QuantumJob) -> QuantumBackend | Refused:
    """The backend that the job names, read; or why it cannot be used: there is none, or none that can be read."""
    name = job.spec.backend_ref.name
    if found is None or "deletionTimestamp" in found["metadata"]:
        why = f"there is no QuantumBackend {name!r}" if found is None else f"QuantumBackend {name!r} is being deleted"
        problem = f"spec.backendRef.name: {why}."
        return refused(Reason.BACKEND_NOT_FOUND, problem, waiting=Reason.WAITING_FOR_BACKEND)
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
    """What the circuits consist of. Raises `Refused`."""

    async def config_map(name: str) -> Object | None:
        try:
            return await port.get(CONFIG_MAPS, job.metadata.namespace, name)
        except NotFound:
            return None

    return await read(job, config_map)


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
    return refused(Reason.CLAIM_NOT_FOUND, message, waiting=Reason.WAITING_FOR_CLAIM)


async def prices(port: Port, namespace: str | None, backend: QuantumBackend) -> cost.PriceList | None:
    """The price list that the backend names, of QEE's own namespace, where no tenant writes; None where it names none.

    Raises `Refused` where it cannot be read.
    """
    if backend.spec.prices is None or namespace is None:
        return None
    name = backend.spec.prices.config_map_ref.name
    where = f"QuantumBackend {backend.metadata.name!r}, spec.prices: ConfigMap {namespace}/{name}"
    try:
        text = (await port.get(CONFIG_MAPS, namespace, name))["data"][PRICES_KEY]
        return cost.read(text)
    except (NotFound, KeyError):
        raise refused(Reason.NO_PRICE, f"{where} has no key {PRICES_KEY}.") from None
    except cost.PriceProblem as problem:
        raise refused(Reason.NO_PRICE, f"{where}, {PRICES_KEY}: {problem}.") from None
