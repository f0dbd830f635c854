"""`qee version`: of this command, of the cluster, and of the QEE that is installed there."""

from qee import __version__
from qee.api.names import GROUP
from qee.cli import exits
from qee.cli.connection import Cluster, Target
from qee.cli.problem import Problem
from qee.cli.terminal import note, out, printable
from qee.kube.port import ApiError, NotFound
from qee.kube.resources import BACKENDS

CHART_LABEL = "app.kubernetes.io/version"  # the chart puts it on every object of the installation


def client() -> int:
    out(f"client:     qee {__version__}")
    return exits.OK


async def both(target: Target) -> int:
    """Without a cluster that answers, the client's alone, and why."""
    client()
    try:
        async with target.open() as cluster:
            kubernetes = await cluster.port.discover("/version")
            out(f"kubernetes: {printable(str(kubernetes.get('gitVersion', 'unknown')))}")
            await _resources(cluster)
    except (ApiError, Problem) as error:
        note(f"no cluster was asked: {printable(error.message)}")
    return exits.OK


async def _resources(cluster: Cluster) -> None:
    try:
        group = await cluster.port.discover(f"/apis/{GROUP}")
    except NotFound:
        out(f"{GROUP}:    not installed")
        return
    served = ", ".join(str(version.get("version")) for version in group.get("versions") or [])
    out(f"{GROUP}:    {printable(served)}")
    out(f"installed:  {await _installed(cluster)}")


async def _installed(cluster: Cluster) -> str:
    """The version on the labels of the installation's backends, which who runs jobs may list."""
    try:
        labels = [each["metadata"].get("labels") or {} async for each in cluster.port.list(BACKENDS)]
    except ApiError:
        return "qee, its version is not yours to see (it is on the labels of QuantumBackends)"
    found = sorted({str(label[CHART_LABEL]) for label in labels if CHART_LABEL in label})
    return printable(f"qee {', '.join(found)}") if found else "qee, of an unknown version (no backend is the chart's)"
