"""Kill a real operator before and after each of its writes, on a real cluster, and look at what is left."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cluster.clients import kubectl
from e2e.operator_process import PATIENCE, OperatorProcess
from e2e.proxy import Proxy, Write

PATIENT = 240  # seconds: other test suites may have the processors
SETTLED = 3.0  # seconds after its end in which the last Event of a job is written


@dataclass(frozen=True)
class Kill:
    """At the nth write of this kind in a run, counted from 0: before it reaches the server, or after it took effect.

    By kind, not by its number among all writes: where Events fall between them, and whether a pod is seen running
    before it ends, is the machine's affair.
    """

    what: str
    nth: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.what} [{self.nth}]"


def kills(trace: Sequence[Write]) -> list[Kill]:
    """Before and after each write of a recorded run."""
    seen: Counter[str] = Counter()
    found = []
    for write in trace:
        found += [Kill(write.what, seen[write.what], after) for after in (False, True)]
        seen[write.what] += 1
    return found


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
        def items(kind: str, selector: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = json.loads(
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


class Victim:
    """An operator behind a proxy, over one namespace; each `run` is one job from creation to its end."""

    def __init__(self, kubeconfig: Path, namespace: str, images: Mapping[str, str], script: Path | None = None) -> None:
        self._kubeconfig = kubeconfig
        self._namespace = namespace
        self._images = images
        self._script = script

    def run(self, manifest: dict[str, Any], kill: Kill | None = None) -> tuple[list[Write], Left, bool]:
        """The operator's writes, what is left once the job has finished, and whether the operator was killed.

        A run that has not got the write at which to kill it ends by itself.
        """
        name = manifest["metadata"]["name"]
        with Proxy(self._kubeconfig) as proxy:
            settings = {
                "namespaces": [self._namespace],
                "networkPolicies": False,
                "resyncSeconds": 600,
                # Whether a pod starts in two seconds is the machine's affair, and each run has to have the same writes.
                "patience": {**PATIENCE, "queued": 60.0},
            }
            operator = OperatorProcess(proxy.kubeconfig, self._images, self._script, settings)
            with operator:
                self._arm(proxy, operator, kill)
                kubectl(self._kubeconfig, "create", "-n", self._namespace, "-f", "-", input=json.dumps(manifest))
                killed = kill is not None and self._killed(operator, name)
                if killed:
                    proxy.before = proxy.after = lambda number, write: False
                    operator.start()
                wait = ("wait", "--for=condition=Finished", f"quantumjob/{name}", f"--timeout={PATIENT}s")
                kubectl(self._kubeconfig, *wait, "-n", self._namespace)
                if operator.alive():
                    operator.stop()  # what it has in hand is finished, the last Event included
                return list(proxy.writes), Left.of(self._kubeconfig, self._namespace, name), killed

    def _killed(self, operator: OperatorProcess, name: str) -> bool:
        """Wait until the operator is dead, or the job has finished under it and its last write is long done."""
        end, finished = time.monotonic() + PATIENT, None
        while time.monotonic() < end:
            if not operator.alive():
                return True
            if finished is None and self._finished(name):
                finished = time.monotonic()
            if finished is not None and time.monotonic() > finished + SETTLED:
                return False
            time.sleep(0.2)
        said = operator.log.read_text()[-4000:]
        raise TimeoutError(f"{name}: neither killed nor finished; the operator says:\n{said}")

    def _finished(self, name: str) -> bool:
        shown = '{.status.conditions[?(@.type=="Finished")].status}'
        return kubectl(
            self._kubeconfig, "get", "quantumjob", name, "-n", self._namespace, "-o", f"jsonpath={shown}"
        ).startswith("True")

    def _arm(self, proxy: Proxy, operator: OperatorProcess, kill: Kill | None) -> None:
        if kill is None:
            return

        seen: Counter[str] = Counter()

        def at(_: int, write: Write) -> bool:
            seen[write.what] += 1
            if (write.what, seen[write.what] - 1) != (kill.what, kill.nth):
                return False
            operator.kill_now()
            return True

        if kill.after:
            proxy.after = at
        else:
            proxy.before = at
