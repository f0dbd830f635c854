"""The signature beside a result: whose result it is, of which bytes, and under which admission it ran.

The predicate says what QEE saw when it stored the result; the QuantumBackend is recorded as it was then.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import rfc8785

from qee import __version__
from qee.api.job import QuantumJob
from qee.api.names import REFERENCE_KEY, RESULT_KEY
from qee.api.task import QuantumTask
from qee.core import times
from qee.core.job.observed import ChildState, PodState
from qee.core.job.outcome import KeyUnreadable
from qee.documents.reference import is_reference
from qee.documents.run import RunDocument
from qee.kube.port import Object
from qee.signing import authorization
from qee.signing.algorithms import Family
from qee.signing.attestation import AttestationProblem, attest, check
from qee.signing.keys import KeyProblem, PrivateKey
from qee.signing.libraries import Suite
from qee.signing.profiles.job import of_job
from qee.signing.verdict import Verdict

logger = logging.getLogger(__name__)


class ResultSigner:
    """Signs results, and recognises what it has signed: results, and tasks that we have authorised.

    Its key lies in a mounted file, which is read again when it is another one: keys rotate without a restart.
    """

    def __init__(self, path: Path | None, suite: Suite) -> None:
        self._path = path
        self._suite = suite
        self._version: tuple[int, int, int] | None = None
        self._key: PrivateKey | None = None

    def key(self) -> PrivateKey | None:
        """The key to sign with; None where results are not signed. Raises KeyUnreadable."""
        if self._path is None:
            return None
        try:
            found = self._path.stat()
            version = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._key is None or version != self._version:
                key = PrivateKey.from_pem(self._path.read_bytes())
                # ML-DSA binds the context, so that a result's signature admits nothing; Ed25519 has none.
                if key.public.algorithm.family is not Family.LATTICE:
                    raise KeyProblem(f"it is a key of {key.public.algorithm.name}; results are signed with ML-DSA")
                self._key, self._version = key, version
                logger.info("results are signed with %s", key.public.key_id)
        except (OSError, KeyProblem) as error:
            self._key = None
            logger.error("resultKey %s: %s; results wait", self._path, error)
            raise KeyUnreadable("The operator cannot read its key for results.") from error
        return self._key

    def sign(self, document: bytes, predicate: Mapping[str, Any], key: PrivateKey) -> str:
        """The envelope, as the ConfigMap holds it. Another one each time: ML-DSA is randomized."""
        return attest(document, REFERENCE_KEY if is_reference(document) else RESULT_KEY, predicate, key).decode()

    def has_signed(self, envelope: str, document: bytes, job: QuantumJob, key: PrivateKey) -> bool:
        """Whether it is a signature of this key over this document, made for this job."""
        try:
            predicate = check(envelope.encode(), document, [key.public], self._suite)
        except AttestationProblem as problem:
            logger.warning("a result of %s/%s that is there: %s", job.metadata.namespace, job.metadata.name, problem)
            return False
        told = predicate.get("job")
        return isinstance(told, dict) and told.get("uid") == job.metadata.uid

    def own_task(self, job: QuantumJob, attempt: int, found: Object, recorded: str | None = None) -> QuantumTask | None:
        """The task, if it is recorded in the job's status, which only the operator writes; or signed with our key for
        this attempt. Raises KeyUnreadable.
        """
        ours = recorded == found["metadata"]["uid"] or self._has_authorised(job, attempt, found)
        return QuantumTask.model_validate(found) if ours else None

    def _has_authorised(self, job: QuantumJob, attempt: int, found: Object) -> bool:
        spec, meta, key = found.get("spec") or {}, found["metadata"], self.key()
        if key is None or spec.get("attempt") != attempt or (spec.get("job") or {}).get("uid") != job.metadata.uid:
            return False
        try:
            authorization.check(meta["namespace"], meta["name"], spec, [key.public], self._suite)
        except authorization.AuthorizationProblem as problem:
            logger.warning("QuantumTask %s/%s: %s", meta["namespace"], meta["name"], problem)
            return False
        return True


@dataclass(frozen=True)
class RunFacts:
    """What ran, in digests. circuits: name and sha256 of each program. sha256: of the run document."""

    backend: str
    circuits: list[dict[str, str]]
    sha256: str


def facts_of(document: RunDocument, raw: bytes) -> RunFacts:
    circuits = [{"name": c.name, "sha256": _sha256(c.source.encode())} for c in document.circuits]
    return RunFacts(document.backend, circuits, _sha256(raw))


@dataclass(frozen=True)
class Execution:
    """What ran, and when. image: as the child names it. image_id: as the kubelet does, of several shards each one."""

    image: str
    image_id: str
    started: datetime | None
    finished: datetime | None


def execution_of(child: ChildState, pod: PodState) -> Execution:
    ended = pod.terminated
    return Execution(
        child.image, pod.image_id, ended.started_at if ended else None, ended.finished_at if ended else None
    )


def predicate(
    job: QuantumJob, attempt: int, run: RunFacts, backend: Mapping[str, Any] | None, ran: Execution, verdict: Verdict
) -> dict[str, Any]:
    """What is attested beside the result's digest. What is not known is left out."""
    moments = {"started": ran.started, "finished": ran.finished}
    signature = verdict.as_status() or {}
    return {
        "job": {
            "namespace": job.metadata.namespace,
            "name": job.metadata.name,
            "uid": job.metadata.uid,
            "generation": job.metadata.generation,
            "attempt": attempt,
            "specSha512": of_job(job).digest,
        },
        "circuits": run.circuits,
        "runDocument": {"sha256": run.sha256},
        "backend": {
            "name": run.backend,
            **({"sha256": _sha256(rfc8785.dumps(backend["spec"]))} if backend is not None else {}),
        },
        **({"images": {"runner": ran.image, "runnerImageID": ran.image_id}} if ran.image else {}),
        "operator": {"version": __version__},
        "times": {name: times.render(moment) for name, moment in moments.items() if moment is not None},
        "admission": {
            "reason": str(verdict.reason),
            "policies": [view.policy for view in verdict.policies],
            "keyids": signature.get("keyids", []),
            **({"jti": verdict.jti} if verdict.jti else {}),
        },
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
