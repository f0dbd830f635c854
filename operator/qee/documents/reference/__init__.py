"""Where a result lies that is too large for a ConfigMap: the reference document.

The files are on a PersistentVolumeClaim, which the operator never mounts: it sees and signs this document, and the
digests in it bind the files. What status shows of a result is therefore in it as well.

Standard library only: the runner imports this before its sandbox is on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from qee.api.names import REFERENCE_FORMAT
from qee.documents.codec import Document, Key, Message, OmitEmpty, Positive, Sha256, Sweeps
from qee.documents.provenance import Provenance
from qee.documents.result import Missing, ResultDocument
from qee.documents.run import JobReference
from qee.documents.status import SUMMARY, summary


def file_path(uid: str, attempt: int, index: int) -> str:
    """Where on its volume the result of one shard (0 where there is one pod) of one attempt lies."""
    return f"{uid}/{attempt}/result-{index}.json.gz"


@dataclass(frozen=True)
class ResultFile(Document):
    """A result document on the volume, gzipped. `sha256` and `size` are those of the document, `stored` is the file's
    size in bytes. `path` is relative to the volume's root.
    """

    index: int
    path: str
    sha256: Sha256
    size: Annotated[Positive, Key("bytes")]
    stored: Annotated[Positive, Key("storedBytes")]


@dataclass(frozen=True)
class ResultReference(Message, what="result reference", apiVersion=REFERENCE_FORMAT):
    """The files of one result, in order of their index, and what is shown of it without reading them.

    `claim` is the PersistentVolumeClaim's name, in the job's namespace. `summary` is what status shows; where
    shards share shots, it has no counts and no values. `parameters` are the columns of each circuit that is a sweep.
    The circuits of `provenance` are in the order of the run. `missing` are shards that failed
    for good: they have no file.
    """

    job: JobReference
    backend: str
    attempt: Positive
    claim: Annotated[str, Key("persistentVolumeClaim")]
    simulated: bool
    files: tuple[ResultFile, ...]
    summary: Annotated[Mapping[str, Any], SUMMARY]
    provenance: Provenance
    parameters: OmitEmpty[Sweeps] = field(default_factory=dict)
    missing: OmitEmpty[tuple[Missing, ...]] = ()


def of_result(result: ResultDocument, claim: str, attempt: int, file: ResultFile) -> ResultReference:
    """The reference of what one pod gave and has written to the volume."""
    return ResultReference(
        job=result.job,
        backend=result.backend,
        attempt=attempt,
        claim=claim,
        simulated=result.simulated,
        files=(file,),
        summary=summary(result),
        provenance=result.provenance,
        parameters=result.parameters,
    )


def is_reference(document: bytes) -> bool:
    """Whether these are a reference's bytes, not a result's. In canonical JSON apiVersion is first of all."""
    return document.startswith(b'{"apiVersion":"' + REFERENCE_FORMAT.encode() + b'"')
