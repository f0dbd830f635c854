"""The project's local Kubernetes cluster: `python -m e2e.cluster help`.

A cluster that `QEE_KUBECONFIG` names, or kind where Docker or Podman runs, or a single node made here of real
Kubernetes binaries. Tests and the demo get theirs from `e2e.cluster.choice.cluster()`.
"""
