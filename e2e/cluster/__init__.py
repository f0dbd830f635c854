"""The project's local Kubernetes cluster: `python -m e2e.cluster help`.

A cluster that `QEE_KUBECONFIG` names, or kind where Docker or Podman runs, or a single node made here of real
Kubernetes binaries. Tests and the demo get theirs from `e2e.cluster.choice.cluster()`.
"""

import os

# Debian installs containerd's runc, nft and debootstrap where `su`, cron and many CI systems do not look.
os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
