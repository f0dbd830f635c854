"""`qee version`: of this command, of the cluster, and of the resources that the cluster serves."""

from qee import __version__
from qee.api.names import GROUP
from qee.cli import exits
from qee.cli.connection import Target
from qee.cli.terminal import out, printable
from qee.kube.port import NotFound


def client() -> int:
    out(f"client:     qee {__version__}")
    return exits.OK


async def both(target: Target) -> int:
    client()
    async with target.open() as cluster:
        kubernetes = await cluster.port.discover("/version")
        out(f"kubernetes: {printable(str(kubernetes.get('gitVersion', 'unknown')))}")
        try:
            group = await cluster.port.discover(f"/apis/{GROUP}")
        except NotFound:
            out(f"{GROUP}:    not installed")
        else:
            served = ", ".join(str(version.get("version")) for version in group.get("versions") or [])
            out(f"{GROUP}:    {printable(served)}")
    return exits.OK
