"""`qee cancel`: set spec.cancelRequested; the operator stops the job."""

from qee.cli import exits, jobs
from qee.cli.connection import Cluster, Target
from qee.cli.terminal import out
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
