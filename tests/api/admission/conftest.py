"""The chart's admission policies on a real API server with controllers. The webhook is away: the second lock holds."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e.chart import NAMESPACE, OPERATOR, render
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.steps import ClusterError
from tests import builders, signed

Object = dict[str, Any]
HERE = Path(__file__).parent
TENANT = "mallory"  # may do in the namespace what the role `admin` allows
OPERATOR_ACCOUNT = f"system:serviceaccount:{NAMESPACE}:{OPERATOR}"
CONNECTOR = f"system:serviceaccount:{NAMESPACE}:{OPERATOR.removesuffix('-operator')}-connector-one"
OTHER_CONNECTOR = f"system:serviceaccount:{NAMESPACE}:{OPERATOR.removesuffix('-operator')}-connector-two"
VALUES = {
    "connectors": [
        {"name": "one", "provider": "ibm", "backends": ["fez"]},
        {"name": "two", "provider": "ibm", "backends": ["torino"]},
    ],
    "images": {"runners": {"aer": {"tag": "1"}, "cirq": {"tag": "1"}}},
}
APPLIED = (
    *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "QuantumBackend"),
    *("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
)


class Place:
    """A namespace of its own. Every command may name who runs it; the default is a cluster admin."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.namespace = f"test-{uuid.uuid4().hex[:8]}"
        server.kubectl("create", "namespace", self.namespace)
        self.run("create", "rolebinding", TENANT, "--clusterrole=admin", f"--user={TENANT}")

    def run(self, *words: str, by: str | None = None, input: Object | None = None) -> str:
        account = (f"--as={by}",) if by else ()
        text = json.dumps(input) if input is not None else None
        return self.server.kubectl(*words, *account, f"--namespace={self.namespace}", input=text)

    def create(self, obj: Object, by: str | None = None) -> Object:
        found: Object = json.loads(self.run("create", "--filename=-", "--output=json", by=by, input=obj))
        return found

    def patch(self, kind: str, name: str, patch: Object, *words: str, by: str | None = None) -> str:
        return self.run("patch", kind, name, "--type=merge", f"--patch={json.dumps(patch)}", *words, by=by)

    def refused(self, attempt: Callable[[], object], whole: bool = False) -> str:
        """The message of the refusal, which must be a policy's. whole: with the API server's own words before it."""
        with pytest.raises(ClusterError) as told:
            attempt()
        text = str(told.value)
        assert "ValidatingAdmissionPolicy" in text, text
        assert "denied request: " in text, text
        return text if whole else text.partition("denied request: ")[2]

    def may_use(self, user: str, *backends: str) -> None:
        name = f"use-{uuid.uuid4().hex[:6]}"
        rule = {"apiGroups": ["qee.dev"], "resources": ["quantumbackends"], "verbs": ["use"]}
        # `kubectl create role` knows no verb `use`.
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}}
        self.create({**role, "rules": [{**rule, "resourceNames": list(backends)}]})
        self.run("create", "rolebinding", name, f"--role={name}", f"--user={user}")

    def job(self, name: str = "bell", signature: bool = True, **spec: Any) -> Object:
        manifest = builders.job(name, self.namespace, **spec)
        if signature:  # any: whether it is a good one is the webhook's question
            manifest["metadata"]["annotations"] = {"qee.dev/signature": "c2lnbmVk"}
        return manifest


def trust(server: ApiServer, name: str, **spec: Any) -> None:
    server.kubectl("apply", "--filename=-", input=json.dumps(signed.policy({"ada": signed.key()}, name, **spec)))


def until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Policies and their parameters reach the API server by watches of its own."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.2)


def reads_statuses(server: ApiServer) -> None:
    """kubectl reads before it patches, which the operator does not. This is the test's, not the chart's."""
    resources = "--resource=quantumjobs.qee.dev/status,quantumtrustpolicies.qee.dev/status"
    server.kubectl("create", "clusterrole", "reads-statuses", "--verb=get", resources)
    words = ("reads-statuses", "--clusterrole=reads-statuses", f"--user={OPERATOR_ACCOUNT}")
    server.kubectl("create", "clusterrolebinding", *words)


def stops(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ClusterError:
        return True
    return False


@pytest.fixture(scope="package")
def bare() -> Iterator[ApiServer]:
    """With definitions and without policies: whatever is stored here predates them."""
    server = ApiServer(controllers=True)
    try:
        server.start()
        server.kubectl("apply", "--server-side", "--filename", str(CHECKOUT / "crds"))
        server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        server.kubectl("create", "namespace", NAMESPACE)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="package")
def old(bare: ApiServer) -> Place:
    """A place with a job, a child, a pod and a task from before the policies."""
    place = Place(bare)
    place.create(place.job("old", signature=False))
    return place


@pytest.fixture(scope="package")
def locked(bare: ApiServer, old: Place) -> ApiServer:
    """All of the chart but its processes. One QuantumTrustPolicy is there, for a namespace that nobody uses."""
    trust(bare, "elsewhere", namespaces={"names": ["elsewhere"]})
    objects = [each for each in render(VALUES) if each["kind"] in APPLIED and "annotations" not in each["metadata"]]
    everything = {"apiVersion": "v1", "kind": "List", "items": objects}
    bare.kubectl("apply", "--server-side", "--filename=-", input=json.dumps(everything))
    reads_statuses(bare)
    patch = ("patch", "quantumjob", "old", f"--namespace={old.namespace}", "--subresource=status", "--dry-run=server")
    body = '--patch={"status":{"phase":"Failed"}}'
    until(lambda: stops(lambda: bare.kubectl(*patch, "--type=merge", body)), "the policies")
    return bare


@pytest.fixture
def place(locked: ApiServer) -> Place:
    return Place(locked)
