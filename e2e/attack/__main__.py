"""`make attack`: tries every attack on a real cluster, prints what stopped it. Exit status 1 if one got through."""

import sys

from e2e import chart
from e2e.attack.attacks import ATTACKS
from e2e.attack.disarmed import DISARMED, rearm
from e2e.attack.stage import Stage
from e2e.cluster.choice import cluster
from e2e.cluster.images import PROGRAMS
from e2e.cluster.steps import ClusterError, say, step
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def main() -> int:
    chosen = cluster()
    with step(f"Cluster ({chosen.name})"):
        chosen.up()
    if chosen.name == "given":
        say("error: the attacks delete QEE's admission policies for a while; they are not for a cluster in use.")
        return 2
    with step("Images"):
        values = chart.image_values(chosen.images(PROGRAMS))
    with step("QEE"):
        chart.install_crds(chosen.kubeconfig)
        chart.install(chosen.kubeconfig, values, *chart.TAKE_OVER)
    table = Table("attack", "stopped by", "message", title="Attacks on signed admission")
    through = 0
    with Stage(chosen.kubeconfig) as stage:
        try:
            for attack in (*ATTACKS, DISARMED):
                ended = attack.run(stage)
                ok = ended.layer == attack.layer and attack.says in ended.message
                through += not ok
                say(f"{'stopped' if ok else 'FAILED '}  {attack.what}")
                layer = ended.layer if ok else f"{ended.layer} (want: {attack.layer})"
                table.add_row(*map(escape, (attack.what, layer, ended.brief)))
        finally:
            rearm(stage)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    say(f"{len(ATTACKS) + 1 - through} of {len(ATTACKS) + 1} attacks were stopped where they are to be.")
    return 1 if through else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ClusterError as failure:
        say(f"error: {failure}")
        sys.exit(1)
