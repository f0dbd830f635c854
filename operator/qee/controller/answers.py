"""What a pod gave, read and checked against its run: the result, or the reference to its files on a volume."""

from collections.abc import Mapping, Sequence
from typing import Any

from qee.api.documents import Missing, ResultDocument, RunDocument, check_result, check_shard, merged, summary
from qee.api.reference_check import check_shard_reference
from qee.api.reference_merge import merged_reference
from qee.api.result_reference import ResultReference, is_reference

Answer = ResultDocument | ResultReference


def of_run(document: bytes, run: RunDocument, attempt: int) -> Answer:
    """Of the one pod of a run. Raises DocumentError."""
    if run.claim is not None and is_reference(document):
        return _reference(document, run, 0, attempt)
    result = ResultDocument.from_bytes(document)
    check_result(result, run)
    return result


def of_shard(document: bytes, run: RunDocument, index: int, attempt: int | None = None) -> Answer:
    """Of one pod of several, in this attempt; None: in whichever. Raises DocumentError."""
    if run.claim is not None:
        return _reference(document, run, index, attempt)
    result = ResultDocument.from_bytes(document)
    check_shard(result, run, index)
    return result


def put_together(
    answers: Mapping[int, Answer], run: RunDocument, attempt: int, missing: Sequence[Missing] = ()
) -> Answer:
    """Of the run, from those of its shards by index, each checked by `of_shard`. Raises DocumentError."""
    references = {index: each for index, each in answers.items() if isinstance(each, ResultReference)}
    if references:
        return merged_reference(references, run, attempt, missing)
    result = merged({index: each for index, each in answers.items() if isinstance(each, ResultDocument)}, run, missing)
    check_result(result, run)
    return result


def gist(answer: Answer) -> dict[str, Any]:
    """What status.result shows of it, beside where it is stored."""
    if isinstance(answer, ResultDocument):
        return {"summary": summary(answer)}
    return {
        "summary": dict(answer.summary),
        "persistentVolumeClaim": {
            "claimName": answer.claim,
            "files": [each.path for each in answer.files],
            "bytes": sum(each.size for each in answer.files),
        },
    }


def _reference(document: bytes, run: RunDocument, index: int, attempt: int | None) -> ResultReference:
    reference = ResultReference.from_bytes(document)
    check_shard_reference(reference, run, index, attempt)
    return reference
