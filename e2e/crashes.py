"""Kill a real operator before and after each of its writes, on a real cluster, and look at what is left."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cluster.clients import kubectl
from e2e.operator_process import PATIENCE, OperatorProcess
from e2e.proxy import Proxy, Write


@dataclass(frozen=True)
class Kill:
    """At the write of this number of a run, counted from 0: before it reaches the server, or after it took effect."""

    number: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} write {self.number}"


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

    def run(self, manifest: dict[str, Any], kill: Kill | None = None) -> tuple[list[Write], Left]:
        """The operator's writes until it was killed, or all of them; and what is left once the job has finished."""
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
                if kill is not None:
                    operator.wait(60)
                    proxy.before = proxy.after = lambda number, write: False
                    operator.start()
                wait = ("wait", "--for=condition=Finished", f"quantumjob/{name}", "--timeout=90s")
                kubectl(self._kubeconfig, *wait, "-n", self._namespace)
                operator.stop()  # what it has in hand is finished, the last Event included
                return list(proxy.writes), Left.of(self._kubeconfig, self._namespace, name)

    def _arm(self, proxy: Proxy, operator: OperatorProcess, kill: Kill | None) -> None:
        if kill is None:
            return

        def at(number: int, write: Write) -> bool:
            if number != kill.number:
                return False
            operator.kill_now()
            return True

        if kill.after:
            proxy.after = at
        else:
            proxy.before = at
