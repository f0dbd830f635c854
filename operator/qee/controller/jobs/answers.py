"""What a pod gave, read and checked against its run: the result, or the reference to its files on a volume.

These functions take and give bytes and small values, for a worker process carries them out (`qee.controller.worker`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qee import documents
from qee.controller.jobs.attesting import RunFacts, facts_of
from qee.documents import DocumentError, Missing, ResultDocument, RunDocument
from qee.documents.canonical import MAX_PARSED_BYTES, TooManyValues, parsed_size
from qee.documents.compiled import CompiledDocument, Usage
from qee.documents.frame import MAX_DOCUMENT_BYTES
from qee.documents.packing import pack, unpack
from qee.documents.provider_result import check_provider_result
from qee.documents.reference import ResultReference, is_reference
from qee.documents.reference.check import check_shard_reference
from qee.documents.reference.merge import merged_reference

MAX_PARTS_BYTES = 2 * MAX_DOCUMENT_BYTES  # of all shards together
MAX_RESULT_BYTES = 64 * 2**20  # of a provider's result, unpacked

Document = ResultDocument | ResultReference


@dataclass(frozen=True)
class Answer:
    """What is kept once a result, or a reference, was checked: its bytes, and what status.result shows of it beside
    where it is stored. `run`: what ran. Times are of its provenance. `partial`: parts of it are missing.
    """

    document: bytes
    gist: dict[str, Any]
    run: RunFacts
    started: str
    completed: str
    partial: bool = False


def of_run(document: bytes, run: bytes, attempt: int) -> Answer:
    """Of the one pod of a run. Raises DocumentError."""
    of = RunDocument.from_bytes(run)
    if of.claim is not None and is_reference(document):
        return _answer(_reference(document, of, 0, attempt), document, facts_of(of, run))
    result = ResultDocument.from_bytes(document)
    documents.check_result(result, of)
    return _answer(result, document, facts_of(of, run))


def check_part(document: bytes, run: bytes, index: int, attempt: int | None = None) -> None:
    """Of one pod of several, in this attempt; None: in whichever. Raises DocumentError."""
    _shard(document, RunDocument.from_bytes(run), index, attempt)


def put_together(parts: Mapping[int, bytes], run: bytes, attempt: int, missing: Sequence[Missing] = ()) -> Answer:
    """Of the run, from the documents of its shards by index. Raises DocumentError."""
    if sum(map(parsed_size, parts.values())) > MAX_PARSED_BYTES or sum(map(len, parts.values())) > MAX_PARTS_BYTES:
        raise TooManyValues("the parts of all shards together are too many to read at once")
    of = RunDocument.from_bytes(run)
    given = {index: _shard(document, of, index, None) for index, document in parts.items()}
    references = {index: each for index, each in given.items() if isinstance(each, ResultReference)}
    if references:
        whole: Document = merged_reference(references, of, attempt, missing)
    else:
        whole = documents.merged(
            {index: each for index, each in given.items() if isinstance(each, ResultDocument)}, of, missing
        )
        documents.check_result(whole, of)
    return _answer(whole, whole.to_bytes(), facts_of(of, run))


@dataclass(frozen=True)
class Compiled:
    """What a compiling pod gave: what each submission uses, and all together; `packed` is the document."""

    usages: tuple[Usage, ...]
    usage: Usage
    packed: dict[str, Any]


def of_compiler(document: bytes, run: bytes) -> Compiled:
    """Of the pod that compiles a run. Raises DocumentError."""
    compiled = CompiledDocument.from_bytes(document)
    _check_compiled(compiled, RunDocument.from_bytes(run))
    return Compiled(tuple(each.usage for each in compiled.submissions), compiled.usage, pack(document))


def of_task(packed: Mapping[str, Any], compiled: Mapping[str, Any], run: RunFacts) -> Answer:
    """Of a provider's job, from its task; `run` lacks the backend. Raises DocumentError."""
    document = unpack(packed, MAX_RESULT_BYTES)
    result = ResultDocument.from_bytes(document)
    of = CompiledDocument.from_bytes(unpack(compiled, MAX_RESULT_BYTES))
    check_provider_result(result, of)
    return _answer(result, document, RunFacts(of.backend, run.circuits, run.sha256))


def _shard(document: bytes, run: RunDocument, index: int, attempt: int | None) -> Document:
    if run.claim is not None:
        return _reference(document, run, index, attempt)
    result = ResultDocument.from_bytes(document)
    documents.check_shard(result, run, index)
    return result


def _reference(document: bytes, run: RunDocument, index: int, attempt: int | None) -> ResultReference:
    reference = ResultReference.from_bytes(document)
    check_shard_reference(reference, run, index, attempt)
    return reference


def _answer(of: Document, document: bytes, run: RunFacts) -> Answer:
    times = of.provenance.start_time, of.provenance.completion_time
    return Answer(document, gist(of), run, *times, partial=bool(of.missing))


def gist(answer: Document) -> dict[str, Any]:
    """What status.result shows of it, beside where it is stored."""
    if isinstance(answer, ResultDocument):
        return {"summary": documents.summary(answer)}
    return {
        "summary": dict(answer.summary),
        "persistentVolumeClaim": {
            "claimName": answer.claim,
            "files": [each.path for each in answer.files],
            "bytes": sum(each.size for each in answer.files),
        },
    }


def _check_compiled(compiled: CompiledDocument, run: RunDocument) -> None:
    """Raises DocumentError unless `compiled` is of this run: every circuit with every row, its shots, this target."""
    wanted = [(c.name, row, c.shots) for c in run.circuits for row in range(c.parameter_sets)]
    got = [(u.circuit, u.parameter_set, u.shots) for each in compiled.submissions for u in each.units]
    for name, found, expected in (
        ("job", compiled.job, run.job),
        ("backend", compiled.backend, run.backend),
        ("provider", compiled.provider, run.engine),
        ("targetSha256", compiled.target_sha256, hashlib.sha256(run.target or b"").hexdigest()),
        ("units", got, wanted),
        ("provider jobs", {each.usage.tasks for each in compiled.submissions}, {1}),
    ):
        if found != expected:
            raise DocumentError(f"the compiled document's {name} is not that of the run")
