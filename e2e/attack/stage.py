"""Where attacks are tried: QEE as its chart installs it, a tenant's namespace, a trust policy, a signed job to copy."""

import copy
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from e2e import chart, signing
from e2e.attack.outcome import NOT_STOPPED, Outcome, of_refusal
from e2e.cluster.clients import kubectl
from e2e.cluster.steps import ClusterError
from e2e.kubernetes import Job, Namespace, Object
from tests import signed

from qee.api import moments

TENANT = "mallory"  # may do in the namespace what the role `edit` allows, and name no backend
NOW = datetime.now(UTC)
KEYS = ("ada", "revoked", "retired", "limited", "emergency")


class Stage:
    """`keys` are those of the policy by name, and `mallory`, which nobody trusts."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.keys = {name: signed.key(name) for name in (*KEYS, TENANT)}
        self.audience = signing.cluster_id(kubeconfig)
        self.space = Namespace(kubeconfig, "qee-attack")
        self.other = Namespace(kubeconfig, "qee-attack")

    def __enter__(self) -> "Stage":
        for space in (self.space, self.other):
            space.create()
        self.trust()
        self._tenant()
        return self

    def __exit__(self, *_: object) -> None:
        for space in (self.space, self.other):
            space.close()
        kubectl(self.kubeconfig, "delete", "quantumtrustpolicy", self.space.name, "--ignore-not-found")

    def trust(self, **spec: Any) -> None:
        """The trust policy of both namespaces, with these fields changed."""
        changed = spec.pop("keys", {})
        states: dict[str, Object] = {
            "revoked": {"state": "Revoked"},
            "retired": {"state": "VerifyOnly", "verifyOnlySince": moments.write(NOW - timedelta(days=1))},
            "limited": {"constraints": {"backends": ["another-backend"], "maxShots": 10}},
            **changed,
        }
        entries = [signed.entry(name, self.keys[name], **states.get(name, {})) for name in KEYS]
        fields = {
            "namespaces": {"names": [self.space.name, self.other.name]},
            "breakGlass": {"keys": ["emergency"]},
            **spec,
        }
        body = signed.policy(entries, self.space.name, **fields)
        kubectl(self.kubeconfig, "apply", "--filename=-", input=json.dumps(body))

    def _tenant(self) -> None:
        words = ("create", "rolebinding", TENANT, "--clusterrole=edit", f"--user={TENANT}")
        self.space.kubectl(*words)

    def job(self, **spec: Any) -> Object:
        """An unsigned manifest under a name of its own."""
        return self.space.job(f"a{uuid.uuid4().hex[:8]}", **spec)

    def sign(self, manifest: Object, by: str = "ada", **statement: Any) -> Object:
        return signed.sign_job(manifest, self.keys[by], **{"audiences": [self.audience], **statement})

    def tried(self, obj: Object, *words: str, verb: str = "create") -> Outcome:
        """What becomes of an attempt to write the object."""
        return self.command(verb, "--filename=-", *words, input=json.dumps(obj))

    def command(self, *words: str, input: str | None = None) -> Outcome:
        """What becomes of a kubectl command that ought to be refused, in the tenant's namespace unless it names one."""
        namespace = () if any(word.startswith("--namespace") for word in words) else (f"--namespace={self.space.name}",)
        try:
            return Outcome(NOT_STOPPED, kubectl(self.kubeconfig, *words, *namespace, input=input))
        except ClusterError as error:
            return of_refusal(error)

    def stored(self, **spec: Any) -> Job:
        """A signed job that was admitted; suspended unless `spec` says otherwise."""
        manifest = self.sign(self.job(**{"suspend": True, **spec}))
        self.space.apply(manifest)
        return self.space.quantum_job(manifest["metadata"]["name"])

    def settled(self, name: str, phase: str) -> Job:
        return self.space.in_phase(phase, name)[name]

    def moved(self, manifest: Object, name: str = "", namespace: str = "") -> Object:
        """The same object, signature included, elsewhere."""
        copied = copy.deepcopy(manifest)
        copied["metadata"]["name"] = name or copied["metadata"]["name"]
        copied["metadata"]["namespace"] = namespace or copied["metadata"]["namespace"]
        return copied

    def operator_account(self) -> str:
        return f"--as=system:serviceaccount:{chart.NAMESPACE}:{chart.OPERATOR}"
