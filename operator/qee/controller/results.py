"""From a pod's log to the result ConfigMap: read, check, store. What frame, digest and snapshot agree on counts."""

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from typing import Any

from qee.api.documents import DocumentError, ResultDocument, RunDocument, check_result, summary
from qee.api.frame import FrameError, decode
from qee.api.job import QuantumJob
from qee.api.names import INPUT_KEY, RUNNER_CONTAINER
from qee.api.reasons import Reason
from qee.core import naming
from qee.core.observed import ChildState, PodState
from qee.core.refusal import Refused
from qee.kube import manifests
from qee.kube.compare import input_config_map_name
from qee.kube.port import AlreadyExists, ApiError, NotFound, Object, Port
from qee.kube.resources import CONFIG_MAPS

logger = logging.getLogger(__name__)
# The kubelet may still be writing the log when the container's end is visible; 10 MiB is where it rotates it.
REREAD_AFTER = (0.1, 0.3, 1.0, 2.0)
MAX_LOG_BYTES = 10 * 1_048_576
MAX_STORED_BYTES = 1_000_000  # of a ConfigMap's value as stored; the API server's limit is 1 MiB with all metadata


class Lost(Exception):
    """The log is gone, or holds no whole frame: the attempt gave no result."""


@dataclass(frozen=True)
class Stored:
    """A result in its ConfigMap; `as_status` is status.result."""

    as_status: dict[str, Any]


class Collector:
    """Collects results. Raises `Lost` or `Refused`."""

    def __init__(self, port: Port) -> None:
        self._port = port

    async def collect(self, job: QuantumJob, attempt: int, child: ChildState, pod: PodState) -> Stored:
        run = await self._run_document(job, child)
        document = await self._read(job, attempt, pod)
        try:
            result = ResultDocument.from_bytes(document)
            check_result(result, run)
        except DocumentError as error:
            raise Refused(
                Reason.RESULT_CORRUPT, f"The result is not one of this job: {error}. {Reason.RESULT_CORRUPT.remedy}"
            ) from None
        name, key = await self._store(job, document, pod.image_id)
        return Stored(
            {
                "configMap": name,
                "key": key,
                "sha256": hashlib.sha256(document).hexdigest(),
                "bytes": len(document),
                "summary": summary(result),
            }
        )

    async def _run_document(self, job: QuantumJob, child: ChildState) -> RunDocument:
        """The snapshot that the child was given, checked against the digest in the child's own arguments."""
        pod_spec = child.raw["spec"]["template"]["spec"]
        name = input_config_map_name(pod_spec)
        try:
            text = (await self._port.get(CONFIG_MAPS, job.metadata.namespace, name or ""))["data"][INPUT_KEY]
        except (NotFound, KeyError):
            raise Lost(f"the input ConfigMap {name!r} was deleted") from None
        data = text.encode()
        promised = f"--sha256={hashlib.sha256(data).hexdigest()}"
        if not any(promised in (container.get("args") or []) for container in pod_spec["containers"]):
            raise Lost(f"the input ConfigMap {name!r} was replaced")
        return RunDocument.from_bytes(data)

    async def _read(self, job: QuantumJob, attempt: int, pod: PodState) -> bytes:
        run = f"{job.metadata.uid}.{attempt}"
        for pause in (*REREAD_AFTER, None):
            try:
                log = await self._port.log(
                    job.metadata.namespace, pod.name, RUNNER_CONTAINER, limit_bytes=MAX_LOG_BYTES
                )
                return decode(log[: log.rfind(b"\n") + 1], run, 0)  # half a line is still being written
            except NotFound:
                raise Lost("the pod is gone") from None
            except FrameError as error:
                if error.kind == "too-large":
                    raise Refused(Reason.RESULT_TOO_LARGE, f"{error}. {Reason.RESULT_TOO_LARGE.remedy}") from None
                if error.kind not in ("missing", "cut"):
                    raise Refused(Reason.RESULT_CORRUPT, f"{error}. {Reason.RESULT_CORRUPT.remedy}") from None
                problem: Exception = error
            except ApiError as error:
                if error.status not in (400, 500):  # the kubelet's answers while, and after, a log goes away
                    raise
                problem = error
            if pause is not None:
                await asyncio.sleep(pause)
        raise Lost(f"its log holds no whole result: {problem}")

    async def _store(self, job: QuantumJob, document: bytes, image_id: str) -> tuple[str, str]:
        """Name and key of the ConfigMap that holds these bytes; one left by a former try is found, not doubled."""
        names = naming.result_names(job.metadata.name, job.metadata.uid)
        for name in names:
            body = manifests.result_config_map(job, name, document, image_id)
            values: Object = body.get("data") or body["binaryData"]
            key, value = next(iter(values.items()))
            if len(value) > MAX_STORED_BYTES:
                raise Refused(
                    Reason.RESULT_TOO_LARGE,
                    f"The result has {len(document)} bytes, {len(value)} as stored; a ConfigMap takes "
                    f"{MAX_STORED_BYTES}. {Reason.RESULT_TOO_LARGE.remedy}",
                )
            if await self._create_or_find(job, body):
                return name, key
            logger.warning("ConfigMap %s/%s is someone else's", job.metadata.namespace, name)
        raise Refused(
            Reason.RESULT_CONFLICT,
            f"ConfigMaps {names[0]!r} and {names[1]!r} are not this job's. {Reason.RESULT_CONFLICT.remedy}",
        )

    async def _create_or_find(self, job: QuantumJob, body: Object) -> bool:
        try:
            await self._port.create(CONFIG_MAPS, job.metadata.namespace, body)
        except AlreadyExists:
            live = await self._port.get(CONFIG_MAPS, job.metadata.namespace, body["metadata"]["name"])
            owners = {o.get("uid") for o in live["metadata"].get("ownerReferences") or []}
            same = all(live.get(field) == body.get(field) for field in ("data", "binaryData", "immutable"))
            return same and job.metadata.uid in owners
        return True
