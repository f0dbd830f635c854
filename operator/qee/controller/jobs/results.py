"""From a pod's log to the result ConfigMap: read, check, sign, store. What frame, digest and snapshot agree on counts.

A ConfigMap that an earlier try left is recognised by its result and by whose signature it bears, not by equal bytes:
ML-DSA signatures are randomized, and what they state has times in it.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from qee.api import names
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.controller.jobs import answers
from qee.controller.jobs.answers import Answer
from qee.controller.jobs.attesting import Execution, ResultSigner, execution_of, predicate
from qee.controller.jobs.reads import Reads
from qee.controller.worker import Found, TooMuch, Worker
from qee.core import naming
from qee.core.job.observed import ChildState, PodState
from qee.core.job.outcome import Lost, Stored
from qee.core.job.plan import Read
from qee.core.job.world import World
from qee.core.refusal import Refused, refused
from qee.documents import DocumentError
from qee.documents.canonical import TooManyValues
from qee.documents.frame import FrameError, decode
from qee.kube import manifests
from qee.kube.port import AlreadyExists, ApiError, NotFound, Object, Port
from qee.kube.resources import CONFIG_MAPS
from qee.signing.keys import PrivateKey

logger = logging.getLogger(__name__)
# The kubelet may still be writing the log when the container's end is visible; 10 MiB is where it rotates it.
REREAD_AFTER = (0.1, 0.3, 1.0, 2.0)
MAX_LOG_BYTES = 10 * 1_048_576
MAX_STORED_BYTES = 1_000_000  # of a ConfigMap's value as stored; the API server's limit is 1 MiB with all metadata


class Collector:
    """Collects results. Raises `Lost`, `Refused` or `KeyUnreadable`."""

    def __init__(self, port: Port, reads: Reads, signer: ResultSigner, worker: Worker) -> None:
        self._port = port
        self._reads = reads
        self._signer = signer
        self._worker = worker

    async def collect(self, world: World, child: ChildState, pod: PodState) -> Stored:
        job = world.job
        key = self._signer.key()  # first: without it nothing is read in vain
        run = await run_document(self._port, job, child)
        document = await read_frame(self._port, job, world.attempt, pod, 0)
        answer = await self.read(len(document) + len(run), answers.of_run, document, run, world.attempt)
        return await self.keep(world, answer, execution_of(child, pod), key)

    async def read(self, size: int, work: Callable[..., Found], *arguments: Any) -> Found:
        """One of `jobs.answers`, in the worker. Raises `Refused` for what is not the result of this job."""
        try:
            return await self._worker.run(size, work, *arguments)
        except DocumentError as error:
            raise not_of_this_job(error) from None
        except TooMuch as error:
            raise _too_large(f"Reading the result took more than {error}") from None

    async def keep(self, world: World, answer: Answer, ran: Execution, key: PrivateKey | None) -> Stored:
        """Sign and store a result that was checked."""
        job, document = world.job, answer.document
        signature = None
        if key is not None:
            backend = await self._reads.one(Read.BACKEND, None, job.spec.backend_ref.name)
            stated = predicate(job, world.attempt, answer.run, backend, ran, world.verdict)
            signature = await asyncio.to_thread(self._signer.sign, document, stated, key)
        name, stored_as = await self._store(job, document, ran.image_id, key, signature)
        stored = {
            "configMap": name,
            "key": stored_as,
            "sha256": hashlib.sha256(document).hexdigest(),
            "bytes": len(document),
            **({"keyid": key.public.key_id} if key is not None else {}),
            **answer.gist,
        }
        return Stored(_place(stored), {"result": stored})

    async def _store(
        self, job: QuantumJob, document: bytes, image_id: str, key: PrivateKey | None, signature: str | None
    ) -> tuple[str, str]:
        """Name and key of the ConfigMap that holds these bytes; one left by a former try is found, not doubled."""
        first, second = naming.result_names(job.metadata.name, job.metadata.uid)
        for name in (first, second):
            # A large document is packed, which takes a second and lets the event loop go on.
            body = await asyncio.to_thread(manifests.result_config_map, job, name, document, image_id, signature)
            stored_as, value = document_in(body)
            check_size(document, value)
            if await self._create_or_find(job, body, document, key):
                return name, stored_as
            logger.warning("ConfigMap %s/%s is someone else's", job.metadata.namespace, name)
        raise refused(Reason.RESULT_CONFLICT, f"ConfigMaps {first!r} and {second!r} are not this job's.")

    async def _create_or_find(self, job: QuantumJob, body: Object, document: bytes, key: PrivateKey | None) -> bool:
        try:
            await self._port.create(CONFIG_MAPS, job.metadata.namespace, body)
        except AlreadyExists:
            live = await self._port.get(CONFIG_MAPS, job.metadata.namespace, body["metadata"]["name"])
            owners = {o.get("uid") for o in live["metadata"].get("ownerReferences") or []}
            if job.metadata.uid not in owners or _without_signature(live) != _without_signature(body):
                return False
            found = (live.get("data") or {}).get(names.RESULT_KEY_SIGNATURE)
            if key is None or found is None:
                return key is None and found is None
            return self._signer.has_signed(found, document, job, key)
        return True


def _place(stored: Mapping[str, Any]) -> str:
    files = stored.get("persistentVolumeClaim")
    where = f"ConfigMap {stored['configMap']}"
    return f"{where}, its files on PersistentVolumeClaim {files['claimName']}" if files else where


def not_of_this_job(error: DocumentError) -> Refused:
    if isinstance(error, TooManyValues):
        return _too_large(f"The result cannot be read: {error}")
    return refused(Reason.RESULT_CORRUPT, f"The result is not one of this job: {error}.")


def _too_large(problem: str) -> Refused:
    return refused(Reason.RESULT_TOO_LARGE, f"{problem}.")


async def run_document(port: Port, job: QuantumJob, child: ChildState) -> bytes:
    """What the child was given, by the digest in its own arguments. Raises `Lost` where it is gone or another."""
    name = child.input_name
    try:
        text = (await port.get(CONFIG_MAPS, job.metadata.namespace, name))["data"][names.INPUT_KEY]
    except (NotFound, KeyError):
        raise Lost(f"the input ConfigMap {name!r} was deleted") from None
    data: bytes = text.encode()
    if hashlib.sha256(data).hexdigest() != child.input_sha256:
        raise Lost(f"the input ConfigMap {name!r} was replaced")
    return data


async def read_frame(port: Port, job: QuantumJob, attempt: int, pod: PodState, index: int) -> bytes:
    """What the runner wrote. Raises `Lost` or `Refused`."""
    run = f"{job.metadata.uid}.{attempt}"
    for pause in (*REREAD_AFTER, None):
        try:
            log = await port.log(job.metadata.namespace, pod.name, names.RUNNER_CONTAINER, limit_bytes=MAX_LOG_BYTES)
            whole = log[: log.rfind(b"\n") + 1]  # half a line is still being written
            return await asyncio.to_thread(decode, whole, run, index)  # what takes long in it lets the event loop go on
        except NotFound:
            raise Lost("the pod is gone") from None
        except FrameError as error:
            if error.kind == "too-large":
                raise _too_large(str(error)) from None
            if error.kind not in ("missing", "cut"):
                raise refused(Reason.RESULT_CORRUPT, f"{error}.") from None
            problem: Exception = error
        except ApiError as error:
            if error.status not in (400, 500):  # the kubelet's answers while, and after, a log goes away
                raise
            problem = error
        if pause is not None:
            await asyncio.sleep(pause)
    raise Lost(f"its log holds no whole result: {problem}")


def check_size(document: bytes, stored: str) -> None:
    """Raises `Refused` where a ConfigMap does not take it."""
    if len(stored) > MAX_STORED_BYTES:
        raise _too_large(
            f"The result has {len(document)} bytes, {len(stored)} as stored; a ConfigMap takes {MAX_STORED_BYTES}"
        )


def document_in(body: Object) -> tuple[str, str]:
    """Key and value of the document, as stored: of a result or of a reference. Raises KeyError where none is there."""
    for part, keys in (
        ("binaryData", (names.RESULT_KEY_GZIP, names.REFERENCE_KEY_GZIP)),
        ("data", (names.RESULT_KEY, names.REFERENCE_KEY)),
    ):
        for key in keys:
            if key in (body.get(part) or {}):
                return key, body[part][key]
    raise KeyError(names.RESULT_KEY)


def _without_signature(config_map: Object) -> Object:
    """All that is the same at each try."""
    data = {k: v for k, v in (config_map.get("data") or {}).items() if k != names.RESULT_KEY_SIGNATURE}
    return {"data": data, "binaryData": config_map.get("binaryData") or {}, "immutable": config_map.get("immutable")}
