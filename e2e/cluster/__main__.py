"""`python -m e2e.cluster COMMAND`"""

import argparse
import sys

from e2e.cluster import binaries, cache, images, leftovers, liboqs
from e2e.cluster.choice import cluster
from e2e.cluster.clients import kubectl
from e2e.cluster.steps import ClusterError, say

HELP = """\
up          start the cluster, or leave it running; prints the kubeconfig's path
down        stop it; images and objects are kept for the next up
kubeconfig  print the kubeconfig's path
images      build what changed, bring it into the cluster; prints the path of a Helm values file
prepare     make beforehand what takes long: liboqs, Kubernetes for the API tests, what the cluster and its images need
status      say what runs
clean       stop it and remove its state; caches stay
clean-cache remove the caches as well: the next up builds Kubernetes again
help        print this

The cluster is the one that QEE_KUBECONFIG names (images are then pushed to the prefix QEE_IMAGES), or kind where
Docker or Podman runs, or a single node on this machine (root needed). QEE_CLUSTER=kind|node overrules the choice.
Caches are in QEE_CACHE (~/.cache/qee), the node's state in QEE_STATE (/var/lib/qee-node).
"""
COMMANDS = [line.split()[0] for line in HELP.split("\n\n")[0].splitlines()]


def main(command: str) -> None:
    if command == "help":
        print(HELP, end="")
        return
    chosen = cluster()
    if command == "up":
        chosen.up()
        say(kubectl(chosen.kubeconfig, "get", "nodes", "--output=wide").rstrip())
    if command in {"up", "kubeconfig"}:
        print(chosen.kubeconfig)
    elif command == "images":
        chosen.up()
        print(images.write_values(chosen.images(), chosen.name))
    elif command == "prepare":
        liboqs.provide()
        binaries.kubernetes()
        binaries.clients()
        chosen.prepare()
    elif command == "status":
        print(chosen.status())
    elif command == "down":
        chosen.down()
    else:
        chosen.clean()
        if command == "clean-cache":
            leftovers.unmount_below(cache.root() / "containers")  # of image builds that were killed
            cache.clear()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m e2e.cluster", epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    try:
        main(parser.parse_args().command)
    except ClusterError as failure:
        say(f"error: {failure}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("Interrupted. Run `python -m e2e.cluster down` to stop what was started.")
        sys.exit(130)
