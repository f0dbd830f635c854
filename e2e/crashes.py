"""Kill a real operator before and after each of its writes, on a real cluster, and look at what is left."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.clients import kubectl
from e2e.kubernetes import PATIENT, Object
from e2e.operator_process import PATIENCE, OperatorProcess
from e2e.proxy import Proxy, Write

# A machine that has other work takes long to start a pod, and each run has to have the same writes: no wait of the
# operator's ends in a run, so none of them says that the job is queued, gives it up or clears its child away.
NEVER = 3600.0
LOG_CHARACTERS = 4000


@dataclass(frozen=True)
class Kill:
    """At the first write of this name (`Write.what`): before it reaches the server, or after it took effect.

    By its name, not by its number: how many Events and repeated writes come before it is the machine's affair.
    """

    what: str
    after: bool

    def __str__(self) -> str:
        return f"killed {'after' if self.after else 'before'} {self.what}"


@dataclass(frozen=True)
class Left:
    """What a job left: its outcome, and how many of each thing there are."""

    phase: str
    counts: int
    """Sum of the stored counts."""
    children: int
    results: int
    snapshots: int
    attempts: int

    @classmethod
    def of(cls, kubeconfig: Path, namespace: str, name: str) -> "Left":
        def items(kind: str, selector: str) -> list[Object]:
            found: list[Object] = json.loads(
                kubectl(kubeconfig, "get", kind, "-n", namespace, "-l", selector, "-o", "json")
            )["items"]
            return found

        job = json.loads(kubectl(kubeconfig, "get", "quantumjob", name, "-n", namespace, "-o", "json"))
        mine = f"qee.dev/job-uid={job['metadata']['uid']}"
        stored = items("configmaps", f"{mine},qee.dev/component=result")
        document = json.loads(stored[0]["data"]["result.json"]) if stored else {"results": []}
        return cls(
            phase=job["status"].get("phase", ""),
            counts=sum(sum(result["counts"].values()) for result in document["results"]),
            children=len(items("jobs", mine)),
            results=len(stored),
            snapshots=len(items("configmaps", f"{mine},qee.dev/component=input")),
            attempts=job["status"].get("attempt", 0),
        )


@dataclass(frozen=True)
class Run:
    """One job from creation to its end."""

    kill: Kill | None
    struck: bool
    """Whether the operator was killed. A write that need not come, as of a short phase, may not have come."""
    writes: list[Write]
    """Of all the operator's processes, in their order."""
    left: Left
    log: str
    """Of the operator's processes, its end."""

    def __str__(self) -> str:
        """All there is to know when it is not as it should be."""
        writes = ", ".join(map(str, self.writes))
        return f"{self.kill or 'not killed'}\nleft: {self.left}\nwrites: {writes}\noperator's log:\n{self.log}"


class Victim:
    """An operator behind a proxy, over one namespace."""

    def __init__(self, kubeconfig: Path, namespace: str, images: Mapping[str, str], script: Path | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._namespace = namespace
        self._images = images
        self._script = script

    def run(self, manifest: Object, kill: Kill | None = None) -> Run:
        """Returns when the job has finished, and no process of the operator is left."""
        name = manifest["metadata"]["name"]
        with Proxy(self._kubeconfig) as proxy:
            settings = {
                "namespaces": [self._namespace],
                "networkPolicies": False,
                "resyncSeconds": 600,
                "patience": dict.fromkeys(PATIENCE, NEVER),
            }
            with OperatorProcess(proxy.kubeconfig, self._images, self._script, settings) as operator:
                struck = _arm(proxy, operator, kill) if kill else threading.Event()
                kubectl(self._kubeconfig, "create", "-n", self._namespace, "-f", "-", input=json.dumps(manifest))
                self._until(lambda: struck.is_set() or self._finished(name), name, operator)
                if not struck.is_set():
                    operator.stop()  # first it finishes what it has in hand, the last Event included: a write as others
                if struck.is_set():
                    operator.wait(PATIENT)
                    operator.start()
                    self._until(lambda: self._finished(name), name, operator)
                    operator.stop()
                log = operator.log.read_text()[-LOG_CHARACTERS:]
                left = Left.of(self._kubeconfig, self._namespace, name)
                return Run(kill, struck.is_set(), list(proxy.writes), left, log)

    def _finished(self, name: str) -> bool:
        words = ("get", "quantumjob", name, "-n", self._namespace, "-o", "json")
        conditions = (json.loads(kubectl(self._kubeconfig, *words)).get("status") or {}).get("conditions") or []
        return any(each["type"] == "Finished" and each["status"] == "True" for each in conditions)

    def _until(self, true: Callable[[], bool], name: str, operator: OperatorProcess) -> None:
        end = time.monotonic() + PATIENT
        while not true():
            if time.monotonic() > end:
                state = kubectl(self._kubeconfig, "get", "quantumjobs,jobs,pods", "-n", self._namespace)
                log = operator.log.read_text()[-LOG_CHARACTERS:]
                raise TimeoutError(f"waited {PATIENT:g} s in vain for {name} to finish\n{state}\n{log}")
            time.sleep(0.5)


def _arm(proxy: Proxy, operator: OperatorProcess, kill: Kill) -> threading.Event:
    """Set once the operator has been killed, which happens once."""
    struck = threading.Event()

    def at(number: int, write: Write) -> bool:
        if struck.is_set() or write.what != kill.what or (kill.after and not write.took_effect):
            return False
        struck.set()  # first: who sees the process end asks for it
        operator.kill_now()
        return True

    if kill.after:
        proxy.after = at
    else:
        proxy.before = at
    return struck
