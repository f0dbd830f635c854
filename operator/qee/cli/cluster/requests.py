"""`qee cancel` and `qee fetch`: what the operator is asked to do about a job that is there."""

from datetime import UTC, datetime

from qee.api.names import ANNOTATION_FETCH_AT, KIND_TASK
from qee.cli import exits, jobs
from qee.cli.connection import Cluster, Target
from qee.cli.problem import Problem
from qee.cli.terminal import out, printable
from qee.core import times
from qee.kube.port import Object
from qee.kube.resources import JOBS


async def cancel(target: Target, name: str) -> int:
    async with target.open() as cluster:
        job = await jobs.fetch(cluster, name)
        ended = jobs.ended(job)
        shown = jobs.named(name)
        if ended is not None:
            out(f"{shown} is finished already ({ended})")
        else:
            await request_cancel(cluster, name, job["metadata"]["uid"])
            out(f"{shown} cancel requested")
    return exits.OK


async def request_cancel(cluster: Cluster, name: str, uid: str | None) -> Object:
    """Ask for the cancellation of that very job: the server refuses the patch where the UID is another one's."""
    meta = {"metadata": {"uid": uid}} if uid else {}
    return await cluster.port.patch(JOBS, cluster.namespace, name, {**meta, "spec": {"cancelRequested": True}})


async def fetch(target: Target, name: str) -> int:
    """Have the connector fetch a result that the provider has. Raises Problem where none was asked to run the job."""
    async with target.open() as cluster:
        job = await jobs.fetch(cluster, name)
        status = jobs.status(job)
        shown = jobs.named(name)
        if (status.get("child") or {}).get("kind") != KIND_TASK:
            raise Problem(f"QuantumJob {name!r} was not submitted to a provider: there is nothing to fetch")
        if status.get("result"):
            out(f"{shown} has its result already; `qee result {printable(name)}` shows it")
            return exits.OK
        asked = times.render(datetime.now(UTC))
        meta = {"uid": job["metadata"].get("uid"), "annotations": {ANNOTATION_FETCH_AT: asked}}
        await cluster.port.patch(JOBS, cluster.namespace, name, {"metadata": meta})
        out(f"{shown} fetch requested; `qee result {printable(name)}` shows the result when it has come")
    return exits.OK
