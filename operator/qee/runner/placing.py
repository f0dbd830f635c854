"""Where a result goes: into the frame, or onto the volume, where the frame then carries a reference to the file.

The rule can be foretold: of several shards each writes to the volume; of one, a result that a ConfigMap would not take.
"""

import base64
import errno
import gzip
import os
from pathlib import Path

from qee.api.names import MAX_FILE_BYTES, MAX_FRAMED_BYTES
from qee.api.reasons import Reason
from qee.documents import shards
from qee.documents.frame import MAX_DOCUMENT_BYTES
from qee.documents.reference import files, of_result
from qee.documents.result import ResultDocument
from qee.documents.run import RunDocument
from qee.sdk.errors import RunnerError

_WHY = {
    errno.ENOSPC: "it is full; make room on it, or give a larger one",
    errno.EDQUOT: "its quota is used up; make room on it, or give a larger one",
    errno.EROFS: "it is read-only; give a claim that pods can write to",
    errno.EACCES: "group 65532 may not write to it; give a volume that honours fsGroup, or let that group write to it",
    errno.EPERM: "group 65532 may not write to it; give a volume that honours fsGroup, or let that group write to it",
    errno.EFBIG: "it takes no file of this size; give a volume with another file system",
}


def placed(result: ResultDocument, run: RunDocument, volume: Path, attempt: int, index: int) -> bytes:
    """The document to frame, after what is too large for that was written to `volume`. Raises RunnerError."""
    if run.claim is None:
        raise RunnerError(Reason.RUNNER_FAILED, "a volume for results was given, and the run document names no claim")
    document = result.to_bytes()
    if shards.count(run) == 1 and _fits(document):
        return document
    if len(document) > MAX_FILE_BYTES:
        raise RunnerError(
            Reason.RESULT_TOO_LARGE,
            f"the result has {len(document)} bytes, a file may have {MAX_FILE_BYTES}; split the job, raise spec.shards "
            "or ask for fewer outputs",
        )
    try:
        file = files.write(volume, run.job.uid, attempt, index, document)
    except OSError as error:
        number = error.errno or 0
        raise RunnerError(
            Reason.RESULT_NOT_WRITTEN,
            f"the result of {len(document)} bytes could not be written to the volume of PersistentVolumeClaim "
            f"{run.claim}: {_WHY.get(number, os.strerror(number))}",
        ) from error
    return of_result(result, run.claim, attempt, file).to_bytes()


def _fits(document: bytes) -> bool:
    if len(document) > MAX_DOCUMENT_BYTES:
        return False
    return len(base64.b64encode(gzip.compress(document, compresslevel=6, mtime=0))) <= MAX_FRAMED_BYTES
