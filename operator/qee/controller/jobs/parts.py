"""One part: what a shard gave, in a ConfigMap of its own, with a statement which part of which run it is.

Where results are signed, parts are too: the signature is over the statement, so that no part passes for a result.
"""

import asyncio
import base64
import binascii
import hashlib
import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qee.api.job import QuantumJob
from qee.api.names import COMPONENT_PART, PART_FORMAT, PART_KEY, PART_KEY_SIGNATURE
from qee.api.reasons import Reason
from qee.controller.jobs import answers
from qee.controller.jobs.attesting import ResultSigner
from qee.controller.jobs.results import check_size, document_in
from qee.controller.worker import TooMuch, Worker
from qee.core import naming
from qee.core.job.observed import ChildState
from qee.core.refusal import refused
from qee.documents import DocumentError, canonical_json
from qee.documents.canonical import strict_object
from qee.documents.frame import MAX_DOCUMENT_BYTES
from qee.kube import manifests
from qee.kube.port import AlreadyExists, NotFound, Object, Port, matches
from qee.kube.resources import CONFIG_MAPS
from qee.signing.keys import PrivateKey

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """image_id: of the pod that gave the document."""

    document: bytes
    image_id: str


class PartStore:
    """Writes parts once, and reads none that somebody else has made."""

    def __init__(self, port: Port, signer: ResultSigner, worker: Worker) -> None:
        self._port = port
        self._signer = signer
        self._worker = worker

    async def store(
        self, job: QuantumJob, name: str, run: bytes, index: int, part: Part, key: PrivateKey | None
    ) -> None:
        """The part's document was checked. Raises `Refused`."""
        document = part.document
        statement = statement_of(run, index, document, part.image_id)
        signature = None
        if key is not None:
            signature = self._signer.sign(statement, {"job": {"uid": job.metadata.uid}, "part": index}, key)
        body = await asyncio.to_thread(manifests.part_config_map, job, name, document, statement.decode(), signature)
        check_size(document, document_in(body)[1])
        try:
            await self._port.create(CONFIG_MAPS, job.metadata.namespace, body)
        except AlreadyExists:
            found = await self.read(job, name, run, index, key)
            if found is None or found.document != document:
                raise refused(
                    Reason.RESULT_CONFLICT, f"ConfigMap {name!r} exists, and it is not what shard {index} gave."
                ) from None

    async def read(self, job: QuantumJob, name: str, run: bytes, index: int, key: PrivateKey | None) -> Part | None:
        """What is stored under this name, if it is that part, and we have stored it."""
        try:
            live = await self._port.get(CONFIG_MAPS, job.metadata.namespace, name)
        except NotFound:
            return None
        owners = {owner.get("uid") for owner in live["metadata"].get("ownerReferences") or []}
        data: Mapping[str, Any] = live.get("data") or {}
        try:
            document = await asyncio.to_thread(_document, live)
            await self._worker.run(len(document) + len(run), answers.check_part, document, run, index)
            image_id = _image_id(data, run, index, document)
        except (DocumentError, TooMuch) as error:
            problem = str(error)
        else:
            signed = key is None or self._signer.has_signed(
                str(data.get(PART_KEY_SIGNATURE)), str(data[PART_KEY]).encode(), job, key
            )
            found = matches(live, manifests.labels(job, COMPONENT_PART))  # without them it is in no list
            if found and job.metadata.uid in owners and live.get("immutable") is True and signed:
                return Part(document, image_id)
            problem = "it has not its labels, is not owned by the job, not immutable, or not signed with our key"
        logger.warning("ConfigMap %s/%s is no part of the job: %s", job.metadata.namespace, name, problem)
        return None


def name_of(job: QuantumJob, child: ChildState, key: PrivateKey | None, index: int) -> str:
    key_id = key.public.key_id if key is not None else ""
    return naming.part_name(job.metadata.name, job.metadata.uid, child.input_sha256, key_id, index)


def statement_of(run: bytes, index: int, document: bytes, image_id: str) -> bytes:
    """What a part says of itself, and what is signed of it."""
    return canonical_json(
        {
            "apiVersion": PART_FORMAT,
            "runDocument": hashlib.sha256(run).hexdigest(),
            "index": index,
            "sha256": hashlib.sha256(document).hexdigest(),
            **({"imageID": image_id} if image_id else {}),
        }
    )


def _image_id(data: Mapping[str, Any], run: bytes, index: int, document: bytes) -> str:
    """What the part's statement says of the image. Raises DocumentError where it is about something else."""
    said = str(data.get(PART_KEY, "")).encode()
    image_id = str(strict_object(said, "part").get("imageID", ""))
    if said != statement_of(run, index, document, image_id):
        raise DocumentError("its statement is about another part")
    return image_id


def _document(config_map: Object) -> bytes:
    """The bytes as they were before they were stored, MAX_DOCUMENT_BYTES at most. Raises DocumentError."""
    try:
        key, value = document_in(config_map)
        if key in (config_map.get("data") or {}):
            return str(value).encode()
        packed = base64.b64decode(value, validate=True)
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(packed, MAX_DOCUMENT_BYTES)
    except (KeyError, binascii.Error, zlib.error):
        raise DocumentError("it holds no document") from None
