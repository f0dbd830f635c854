"""The connector's own judgement of a task, before anything is asked of the provider.

Were every admission layer gone, a task that the operator has not signed, or a job that no signer has, still costs
nothing: here it ends.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from qee.api import names
from qee.connectors.protocol import ProviderError
from qee.core import times
from qee.documents.canonical import DocumentError, strict_object
from qee.documents.compiled import CompiledDocument, Submission, Usage
from qee.documents.packing import unpack
from qee.kube.cluster import cluster_uid
from qee.kube.port import Object, Port
from qee.kube.resources import TRUST_POLICIES
from qee.signing import authorization
from qee.signing.authorization import AuthorizationProblem, UnknownKey
from qee.signing.keys import KeyProblem, PublicKey
from qee.signing.libraries import Suite
from qee.signing.policy import TrustPolicy
from qee.signing.verify import Question, verify

MAX_DELAY = 300.0  # seconds between the operator's leave and the task's creation, clocks that differ included
KEY_SECONDS = 300.0  # within which a key that was exchanged is mounted here, too; the kubelet takes up to two minutes
MAX_COMPILED_BYTES = 64 * 2**20
_END = b"-----END PUBLIC KEY-----"


class TaskDenied(Exception):
    """The task is not submitted. The message says which check it failed."""


class Undecided(Exception):
    """The task cannot be judged yet; what is missing is not of its making."""


@dataclass(frozen=True)
class Leave:
    """What may be submitted, and when the operator said so."""

    compiled: CompiledDocument
    given: datetime


class Judge:
    """Raises `ApiError` where policies cannot be read: nothing is submitted then."""

    def __init__(
        self,
        port: Port,
        suite: Suite,
        keys: Path,
        without_policy: Literal["Deny", "Allow"],
        estimate: Callable[[Submission], Usage],
        clock: Callable[[], datetime],
    ) -> None:
        self._clock = clock
        self._estimate = estimate
        self._port = port
        self._suite = suite
        self._keys = keys
        self._without_policy = without_policy
        self._cluster = ""

    async def leave(self, task: Object) -> Leave:
        """Raises TaskDenied or Undecided."""
        meta, spec = task["metadata"], task.get("spec") or {}
        created = times.parse(meta.get("creationTimestamp"))
        try:
            given = authorization.check(meta["namespace"], meta["name"], spec, self._trusted(), self._suite)
            job = _job(meta["namespace"], spec)
            compiled = CompiledDocument.from_bytes(unpack(spec["compiled"], MAX_COMPILED_BYTES))
        except UnknownKey as problem:  # of a new key the operator's pod may hear before this one
            if created is not None and (self._clock() - created).total_seconds() < KEY_SECONDS:
                raise Undecided(str(problem)) from problem
            raise TaskDenied(str(problem)) from problem
        except (AuthorizationProblem, DocumentError) as problem:
            raise TaskDenied(str(problem)) from problem
        _same(compiled.job.uid, spec["job"]["uid"], "the compiled document's job")
        _same(compiled.backend, spec["backendRef"]["name"], "the compiled document's backend")
        for submission in compiled.submissions:
            self._as_stated(submission)
        _fresh(given, created)
        await self._admitted(job, times.parse(spec["job"]["created"]))
        return Leave(compiled, given)

    def _as_stated(self, submission: Submission) -> None:
        """What it uses was priced and reserved as the pod that compiled it stated: here it is held to what is sent."""
        try:
            found = self._estimate(submission)
        except (ProviderError, DocumentError, ValueError, LookupError, TypeError, ArithmeticError) as problem:
            raise TaskDenied(f"a submission is not what it states: {problem}") from problem
        if found != submission.usage:
            raise TaskDenied(f"a submission states a usage of {submission.usage}, it is {found}")

    def document(self, task: Object) -> bytes:
        """The compiled document of a task that was judged when it was submitted."""
        return unpack(task["spec"]["compiled"], MAX_COMPILED_BYTES)

    async def _admitted(self, job: Object, created: datetime | None) -> None:
        """The job's own signature, under the policies as they are now."""
        if created is None:
            raise TaskDenied("spec.job.created is missing")
        if not self._cluster:
            self._cluster = await cluster_uid(self._port)
        policies = [TrustPolicy.of(found) async for found in self._port.list(TRUST_POLICIES)]
        question = Question(job, policies, self._cluster, created, cloud=True, without_policy=self._without_policy)
        verdict = verify(question, self._suite)
        if not verdict.allowed:
            raise TaskDenied(f"{verdict.reason}: {verdict.message}")

    def _trusted(self) -> list[PublicKey]:
        """The operator's keys, read anew: they rotate. Raises Undecided."""
        try:
            pems = [part + _END for part in self._keys.read_bytes().split(_END) if b"BEGIN" in part]
            return [PublicKey.from_pem(pem) for pem in pems]
        except (OSError, KeyProblem) as problem:
            raise Undecided(f"QEE's own keys cannot be read: {problem}") from problem


def _job(namespace: str, spec: Mapping[str, Any]) -> Object:
    """The QuantumJob as far as it was signed, in the form that the verifier reads. Raises TaskDenied."""
    admission = spec["admission"]
    job = strict_object(str(admission["projection"]).encode(), "projection")
    if admission.get("envelope"):
        job["metadata"]["annotations"] = {names.ANNOTATION_SIGNATURE: admission["envelope"]}
    _same(job["metadata"]["namespace"], namespace, "the signed job's namespace")
    _same(job["metadata"]["name"], spec["job"]["name"], "the signed job's name")
    _same(job["spec"]["backendRef"]["name"], spec["backendRef"]["name"], "the signed job's backend")
    return job


def _fresh(given: datetime, created: datetime | None) -> None:
    """A task that was deleted and is created again, by whom ever, would be paid for again."""
    if created is None or abs((created - given).total_seconds()) > MAX_DELAY:
        raise TaskDenied(
            f"spec.authorization was given at {times.render(given)}, long before or after this task was created: it is "
            "a copy. Create a QuantumJob of another name"
        )


def _same(found: str, expected: str, what: str) -> None:
    if found != expected:
        raise TaskDenied(f"{what} is {found[:64]!a}, the task's is {expected[:64]!a}")


def outputs(task: Object) -> tuple[str, ...]:
    """The signed job's spec.outputs."""
    job = json.loads(task["spec"]["admission"]["projection"])
    return tuple(job["spec"]["outputs"])
