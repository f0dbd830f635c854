"""`qee result`: the stored document of a job, checked against the digest in the job's status."""

import base64
import binascii
import hashlib
from collections.abc import Sequence

from qee.api.conditions import Phase
from qee.api.names import REFERENCE_KEY_GZIP, RESULT_KEY_GZIP
from qee.cli import exits, jobs
from qee.cli.connection import Cluster, Target
from qee.cli.problem import Problem
from qee.cli.show import results
from qee.documents import DocumentError
from qee.documents.packing import inflated
from qee.kube.port import NotFound, Object
from qee.kube.resources import CONFIG_MAPS


async def show(target: Target, name: str, view: results.View, files: Sequence[str] = ()) -> int:
    """`files`: those of a result that went to a volume."""
    async with target.open() as cluster:
        job = await jobs.fetch(cluster, name)
        data = await finished(cluster, job)
    results.present(results.whole(data, files) if files else data, view)
    return exit_code(job)


async def finished(cluster: Cluster, job: Object) -> bytes:
    """The same as `document` for a job that may have ended otherwise, or not yet. Raises Problem.

    A job that failed with a partial result has one, too, and one whose result came after its end.
    """
    name, phase = job["metadata"]["name"], jobs.ended(job)
    if phase is None:
        raise Problem(f"QuantumJob {name!r} is {jobs.phase(job)}, not finished; `qee wait {name}` waits for it")
    if phase is not Phase.SUCCEEDED and not partial(job):
        raise Problem(jobs.failure(job), exits.FAILED)
    return await document(cluster, job)


def partial(job: Object) -> bool:
    """The job failed, and a result is stored all the same: of what did not fail, or one that came after the end."""
    return jobs.ended(job) is not Phase.SUCCEEDED and bool(jobs.status(job).get("result"))


def exit_code(job: Object) -> int:
    """After its result was shown."""
    return exits.FAILED if partial(job) else exits.OK


async def document(cluster: Cluster, job: Object) -> bytes:
    """The result document of a job that has one, byte for byte. Raises Problem unless its digest is the status's."""
    name = job["metadata"]["name"]
    found = jobs.status(job).get("result") or {}
    try:
        config_map, key, sha256, size = (found[field] for field in ("configMap", "key", "sha256", "bytes"))
    except KeyError:
        raise Problem(f"QuantumJob {name!r} has no status.result; was it written by another version of QEE?") from None
    try:
        live = await cluster.port.get(CONFIG_MAPS, job["metadata"]["namespace"], config_map)
    except NotFound:
        raise Problem(
            f"the result of {name!r} was deleted: there is no ConfigMap {config_map!r} any more; the most frequent "
            f"outcomes are in status.result.summary (`qee get {name} -o yaml`), or run the job again"
        ) from None
    data = unpacked(live, key, int(size))
    if data is None or hashlib.sha256(data).hexdigest() != sha256:
        raise Problem(
            f"ConfigMap {config_map!r} does not hold the result that the operator stored: its bytes under {key!r} do "
            f"not match status.result.sha256, {sha256}. Someone replaced it: look at the audit log, run the job again"
        )
    return data


def unpacked(config_map: Object, key: str, size: int) -> bytes | None:
    """The document, of the size that was announced at most; None where it is not there."""
    if key not in (RESULT_KEY_GZIP, REFERENCE_KEY_GZIP):
        text = (config_map.get("data") or {}).get(key)
        return None if text is None else str(text).encode()
    packed = (config_map.get("binaryData") or {}).get(key)
    try:
        return inflated(base64.b64decode(packed or "", validate=True), size)
    except (binascii.Error, DocumentError):
        return None
