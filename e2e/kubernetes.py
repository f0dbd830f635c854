"""A namespace of a test's own on a real cluster, and the few things that tests do there."""

import json
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests import builders

from e2e.cluster.clients import kubectl
from e2e.cluster.steps import ClusterError
from qee.api import names
from qee.documents import ResultDocument

Object = dict[str, Any]
Found = TypeVar("Found")
PATIENT = 240.0  # seconds: a limit for what hangs, not for a machine that has other work
OURS = "jobs,pods,configmaps"  # the kinds that the operator makes for a job
# Pods that the restricted Pod Security Standard refuses do not start in a test's namespace.
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@dataclass(frozen=True)
class Job:
    """A QuantumJob as it was read."""

    raw: Object

    @property
    def name(self) -> str:
        return str(self.raw["metadata"]["name"])

    @property
    def uid(self) -> str:
        return str(self.raw["metadata"]["uid"])

    @property
    def status(self) -> Object:
        status: Object = self.raw["status"]
        return status

    @property
    def phase(self) -> str:
        return str(self.status.get("phase", ""))

    @property
    def attempt(self) -> int:
        return int(self.status.get("attempt", 0))

    @property
    def child(self) -> str:
        """The name of its child Job; empty while none is recorded."""
        return str((self.status.get("child") or {}).get("name", ""))

    def condition(self, kind: str) -> Object:
        return next((each for each in self.status["conditions"] if each["type"] == kind), {})

    @property
    def outcome(self) -> tuple[str, str]:
        """Phase and the reason of the condition Succeeded."""
        return self.phase, str(self.condition("Succeeded").get("reason", ""))

    @property
    def message(self) -> str:
        return str(self.condition("Succeeded").get("message", ""))


class Namespace:
    """`name` does not exist yet where `create` is called; `close` removes it, what it holds and its backends."""

    def __init__(self, kubeconfig: Path, prefix: str) -> None:
        self.kubeconfig = kubeconfig
        self.name = f"{prefix}-{uuid.uuid4().hex[:6]}"

    def create(self) -> "Namespace":
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "labels": RESTRICTED}}
        self.kubectl("create", "-f", "-", input=json.dumps(body))
        for engine in ("aer", "cirq"):
            self.backend(engine)
        return self

    def close(self) -> None:
        """Returns at once; the namespace goes on terminating."""
        self.kubectl("delete", "quantumbackends", "--selector", f"e2e={self.name}")
        self.kubectl("delete", "namespace", self.name, "--wait=false")

    def kubectl(self, *words: str, input: str | None = None) -> str:
        return kubectl(self.kubeconfig, *words, "--namespace", self.name, input=input)

    def backend(self, engine: str, name: str = "", **spec: Any) -> str:
        """A QuantumBackend with the chart's limit, for this namespace alone; its name, by default `backend_name`."""
        fields = {"allowedNamespaces": {"names": [self.name]}, "limits": {"memory": "8Gi"}, **spec}
        body = builders.backend(name or self.backend_name(engine), engine, **fields)
        body["metadata"]["labels"] = {"e2e": self.name}
        self.apply(body)
        return str(body["metadata"]["name"])

    def backend_name(self, engine: str) -> str:
        return f"{engine}-{self.name}"

    def job(self, name: str, engine: str = "aer", **spec: Any) -> Object:
        """A manifest: a Bell circuit of 100 shots on a backend of this namespace, and what `spec` changes."""
        reference = {"kind": names.KIND_BACKEND, "name": self.backend_name(engine)}
        return builders.job(name, self.name, **{"backendRef": reference, **spec})

    def apply(self, *objects: Object) -> None:
        """Creates the objects, in one request to kubectl. Raises ClusterError with the server's words."""
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("create", "-f", "-", input=json.dumps(items))

    def change(self, kind: str, name: str, patch: Object) -> None:
        self.kubectl("patch", kind, name, "--type=merge", "--patch", json.dumps(patch))

    def set_spec(self, name: str, **spec: Any) -> None:
        """Changes mutable fields of a QuantumJob."""
        self.change("quantumjob", name, {"spec": spec})

    def delete(self, kind: str, *which: str, wait: bool = True) -> None:
        self.kubectl("delete", kind, *which, f"--wait={str(wait).lower()}", "--ignore-not-found")

    def evict(self, pod: Object) -> None:
        """By the eviction API, as a drain of its node does."""
        meta = {"name": pod["metadata"]["name"], "namespace": self.name}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}
        path = f"/api/v1/namespaces/{self.name}/pods/{meta['name']}/eviction"
        self.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(body))

    def get(self, kind: str, name: str) -> Object:
        found: Object = json.loads(self.kubectl("get", kind, name, "--output=json"))
        return found

    def all(self, kinds: str, selector: str = "") -> list[Object]:
        found: list[Object] = json.loads(self.kubectl("get", kinds, "--selector", selector, "--output=json"))["items"]
        return found

    def quantum_job(self, name: str) -> Job:
        return Job(self.get("quantumjob", name))

    def of(self, uid: str, kinds: str = OURS, component: str = "") -> list[Object]:
        """What bears the label of the QuantumJob with this UID, and of the component if one is named."""
        part = f",{names.LABEL_COMPONENT}={component}" if component else ""
        return self.all(kinds, f"{names.LABEL_JOB_UID}={uid}{part}")

    def finished(self, *wanted: str, seconds: float = PATIENT) -> dict[str, Job]:
        """These QuantumJobs, or all of the namespace, once each has Finished."""

        def look() -> dict[str, Job] | None:
            jobs = {job.name: job for job in map(Job, self.all("quantumjobs")) if not wanted or job.name in wanted}
            done = all(job.condition("Finished").get("status") == "True" for job in jobs.values())
            return jobs if done and jobs.keys() >= set(wanted) else None

        return self.until(look, f"{', '.join(wanted) or 'all jobs'} to finish", seconds)

    def in_phase(self, phase: str, *wanted: str, seconds: float = PATIENT) -> dict[str, Job]:
        """These QuantumJobs once each is in the phase."""

        def look() -> dict[str, Job] | None:
            jobs = {job.name: job for job in map(Job, self.all("quantumjobs")) if job.name in wanted}
            return jobs if len(jobs) == len(wanted) and {job.phase for job in jobs.values()} == {phase} else None

        return self.until(look, f"{', '.join(wanted)} to be {phase}", seconds)

    def until(self, look: Callable[[], Found | None], what: str, seconds: float = PATIENT) -> Found:
        """What `look` finds, asked until it finds something. A server that is away is asked again."""
        end = time.monotonic() + seconds
        problem = ""
        while time.monotonic() < end:
            try:
                if found := look():
                    return found
            except ClusterError as error:
                problem = f"; the last error: {error}"
            time.sleep(0.3)
        raise TimeoutError(f"waited {seconds:g} s in vain for {what}{problem}\n{self._state()}")

    def result(self, job: Job) -> ResultDocument:
        """The stored result, read by the project's own reader, which checks it."""
        stored = self.get("configmap", job.status["result"]["configMap"])
        return ResultDocument.from_bytes(stored["data"][names.RESULT_KEY].encode())

    def results_of(self, job: Job) -> list[Object]:
        """The ConfigMaps that are results of the job by their labels."""
        return self.of(job.uid, "configmaps", names.COMPONENT_RESULT)

    def gone(self, uids: Iterable[str]) -> None:
        """Waits until nothing bears the labels of these deleted QuantumJobs."""
        selector = f"{names.LABEL_JOB_UID} in ({','.join(uids)})"
        self.until(lambda: not self.all(OURS, selector), f"children of {selector} to go")

    def events(self) -> list[Object]:
        return self.all("events")

    def _state(self) -> str:
        jobs = [f"{job.name}: {job.outcome} {job.message}" for job in map(Job, self.all("quantumjobs"))]
        return "\n".join([*jobs, self.kubectl("get", OURS)])
