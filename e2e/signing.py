"""Throwaway keys on a real cluster: made in memory, trusted by a policy, gone with the run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests import signed

from e2e.cluster.clients import kubectl
from e2e.kubernetes import Namespace
from qee.api import names

Object = dict[str, Any]


def cluster_id(kubeconfig: Path) -> str:
    """The audience of signatures for the cluster: the UID of its namespace kube-system."""
    return kubectl(kubeconfig, "get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}")


class Signer:
    """One throwaway key that a cluster trusts in some namespaces, for signing whatever a test applies there."""

    def __init__(self, kubeconfig: Path, name: str, namespaces: Sequence[str]) -> None:
        self.key = signed.key(name)
        self._kubeconfig = kubeconfig
        self._audience = cluster_id(kubeconfig)
        self.policy = signed.policy({name: self.key}, name, namespaces={"names": list(namespaces)})

    def install(self) -> None:
        kubectl(self._kubeconfig, "apply", "--filename=-", input=json.dumps(self.policy))

    def trusted_in(self, space: Namespace) -> None:
        """Returns once the webhook, which follows the policies on its own, lets a job through that this key signed."""
        asked = json.dumps(self.sign(space.job("trusted")))

        def look() -> str:
            return space.kubectl("create", "--dry-run=server", "--filename=-", input=asked)

        space.until(look, "the webhook to trust the key")

    def remove(self) -> None:
        name = self.policy["metadata"]["name"]
        kubectl(self._kubeconfig, "delete", names.PLURAL_TRUST_POLICY, name, "--ignore-not-found")

    def sign(self, manifest: Object, **statement: Any) -> Object:
        return signed.sign_job(manifest, self.key, audiences=[self._audience], **statement)
