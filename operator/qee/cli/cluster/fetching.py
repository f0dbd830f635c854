"""`qee fetch`: have the connector fetch a result that the provider has, and QEE has not."""

from datetime import UTC, datetime

from qee.api.names import ANNOTATION_FETCH_AT, KIND_TASK
from qee.cli import exits, jobs
from qee.cli.connection import Target
from qee.cli.problem import Problem
from qee.cli.terminal import out, printable
from qee.core import times
from qee.kube.resources import JOBS


async def fetch(target: Target, name: str) -> int:
    """Raises Problem for a job that was not submitted to a provider."""
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
