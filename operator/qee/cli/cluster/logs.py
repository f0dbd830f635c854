"""`qee logs`: what the runner wrote. The frame that carries the result is left out, control characters are escaped."""

import asyncio
from collections.abc import Callable
from typing import Any

from qee.api.names import INDEX_LABEL, LABEL_JOB_UID, RUNNER_CONTAINER
from qee.cli import exits, jobs
from qee.cli.connection import Cluster, Target
from qee.cli.problem import Problem
from qee.cli.terminal import note, out, printable
from qee.documents.frame import MARK
from qee.kube.port import ApiError, NotFound, Object
from qee.kube.resources import PODS

LOOK_AGAIN = 1.0  # seconds between looks for a pod that has not started
MAX_BYTES = 10 * 1_048_576  # where the kubelet rotates a log


async def show(target: Target, name: str, follow: bool, shard: int | None) -> int:
    """`shard`: whose log, from 0 on; None: the youngest pod's."""
    async with target.open() as cluster:
        job = await jobs.fetch(cluster, name)
        if shard is not None and shard >= _shards(job):
            count = _shards(job)
            has = f"{count} shards, 0 to {count - 1}" if count > 1 else "one shard, 0"
            raise Problem(f"--shard {shard}: QuantumJob {name!r} has {has}; leave --shard out, or name one of them")
        if follow and jobs.ended(job) is None:
            follower = LogFollower(cluster, name, job["metadata"]["uid"], out, shard)
            await follower.run()
            return exits.OK
        pod = await _pod(cluster, job, shard)
        if pod is None:
            raise Problem(_no_pod(job, shard))
        if not _started(pod):
            waiting = f"{_pod_of(name, shard)} has not started ({_waiting(pod)})"
            raise Problem(f"{waiting}; `{_following(name, shard)}` waits for it")
        if shard is None and _shards(job) > 1:
            note(f"shard {_index(pod)} of {_shards(job)}, whose pod is the youngest; --shard N shows another's log")
        data = await cluster.port.log(
            cluster.namespace, pod["metadata"]["name"], RUNNER_CONTAINER, limit_bytes=MAX_BYTES
        )
        teller = _Teller(out)
        for line in data.splitlines():
            teller.line(line)
    return exits.OK


class LogFollower:
    """Tells the lines of each attempt's pod as they are written, until the job is finished. With `shard`, only those of
    the pods of this one.
    """

    def __init__(
        self, cluster: Cluster, name: str, uid: str | None, tell: Callable[[str], None], shard: int | None = None
    ) -> None:
        self._cluster = cluster
        self._name = name
        self._uid = uid
        self._tell = tell
        self._shard = shard
        self._told: set[str] = set()
        self.finished = asyncio.Event()
        """Set by whoever knows that the job is finished; the follower also looks for itself."""

    async def run(self) -> None:
        while True:
            try:
                if await self._look():
                    return
            except NotFound:
                pass  # the pod went between two requests
            except ApiError as error:
                if error.status in (401, 403):
                    note(f"no logs: {printable(error.message)}")
                    return
            await asyncio.sleep(LOOK_AGAIN)

    async def _look(self) -> bool:
        """Follow the pod of the present attempt if it was not followed yet. True: there is nothing more to come."""
        over = self.finished.is_set()
        job = await jobs.fetch(self._cluster, self._name)
        if self._uid not in (None, job["metadata"]["uid"]):
            return True
        pod = await _pod(self._cluster, job, self._shard)
        if pod is None or not _started(pod) or pod["metadata"]["uid"] in self._told:
            return over or jobs.ended(job) is not None
        self._told.add(pod["metadata"]["uid"])
        name, teller = pod["metadata"]["name"], _Teller(self._tell)
        async for line in self._cluster.port.follow_log(self._cluster.namespace, name, RUNNER_CONTAINER):
            teller.line(line)
        return False


async def _pod(cluster: Cluster, job: Object, shard: int | None) -> Object | None:
    """The youngest pod of the child in status, or of this shard; where the child is not recorded yet, of all with the
    job's label.
    """
    labels = f"{LABEL_JOB_UID}={job['metadata']['uid']}"
    pods = [pod async for pod in cluster.port.list(PODS, job["metadata"]["namespace"], labels=labels)]
    child = (jobs.status(job).get("child") or {}).get("uid")
    if child is not None:
        pods = [p for p in pods if any(o.get("uid") == child for o in p["metadata"].get("ownerReferences") or [])]
    if shard is not None:
        pods = [pod for pod in pods if _index(pod) == str(shard)]
    return max(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), default=None)


def _index(pod: Object) -> str:
    """Of the shard that the pod computes, as the Job controller writes it."""
    return printable(str((pod["metadata"].get("labels") or {}).get(INDEX_LABEL, "?")))


def _shards(job: Object) -> int:
    """At most: units of work may be fewer."""
    return int((job.get("spec") or {}).get("shards") or 1)


def _pod_of(name: str, shard: int | None) -> str:
    return f"the pod of {name!r}" if shard is None else f"the pod of shard {shard} of {name!r}"


def _following(name: str, shard: int | None) -> str:
    return f"qee logs {name} -f" if shard is None else f"qee logs {name} --shard {shard} -f"


def _container(pod: Object) -> dict[str, Any]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return next((each.get("state") or {} for each in statuses if each.get("name") == RUNNER_CONTAINER), {})


def _started(pod: Object) -> bool:
    return bool({"running", "terminated"} & _container(pod).keys())


def _waiting(pod: Object) -> str:
    reason = (_container(pod).get("waiting") or {}).get("reason")
    return printable(str(reason or (pod.get("status") or {}).get("phase") or "Pending"))


def _no_pod(job: Object, shard: int | None) -> str:
    name = job["metadata"]["name"]
    if jobs.ended(job) is not None:
        return f"{_pod_of(name, shard)} is gone, and with it the log; pods of finished jobs are removed after a while"
    has = "has no pod yet" if shard is None else f"shard {shard} has no pod yet, or nothing to do"
    return f"QuantumJob {name!r} is {jobs.phase(job)} and {has}; `{_following(name, shard)}` waits for it"


class _Teller:
    """Tells lines, but not the frame, nor the empty line that the runner puts before it to end whatever was begun."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._empty = 0

    def line(self, raw: bytes) -> None:
        text = raw.decode(errors="replace").rstrip("\r\n")
        if text.startswith(f"{MARK} "):
            self._empty = 0
        elif not text:
            self._empty += 1
        else:
            for _ in range(self._empty):
                self._tell("")
            self._empty = 0
            self._tell(printable(text.replace("\t", "    ")))
