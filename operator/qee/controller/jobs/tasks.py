"""QuantumTasks as they are read: parsed once, and only where they are ours."""

import logging

from qee.api.job import QuantumJob
from qee.api.task import QuantumTask
from qee.controller.jobs.attesting import ResultSigner
from qee.kube.port import Object
from qee.signing import authorization
from qee.signing.authorization import AuthorizationProblem
from qee.signing.libraries import Suite

logger = logging.getLogger(__name__)


class OwnTasks:
    """Tells our tasks from others'. Raises `KeyUnreadable`."""

    def __init__(self, signer: ResultSigner, suite: Suite) -> None:
        self._signer = signer
        self._suite = suite

    def read(self, job: QuantumJob, attempt: int, found: Object, recorded: str | None = None) -> QuantumTask | None:
        """The task, if it is recorded in the job's status, which only the operator writes; or signed with our key for
        this attempt.
        """
        ours = recorded == found["metadata"]["uid"] or self._signed(job, attempt, found)
        return QuantumTask.model_validate(found) if ours else None

    def _signed(self, job: QuantumJob, attempt: int, found: Object) -> bool:
        spec, meta = found.get("spec") or {}, found["metadata"]
        key = self._signer.key()
        if key is None or spec.get("attempt") != attempt or (spec.get("job") or {}).get("uid") != job.metadata.uid:
            return False
        try:
            authorization.check(meta["namespace"], meta["name"], spec, [key.public], self._suite)
        except AuthorizationProblem as problem:
            logger.warning("QuantumTask %s/%s: %s", meta["namespace"], meta["name"], problem)
            return False
        return True
