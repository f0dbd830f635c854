"""What a runner's pod may do: nothing but compute. Looked at from inside, with the template of a real child."""

import json
from typing import Any

import pytest

from e2e.cluster.choice import Cluster
from e2e.jobs import queued
from e2e.kubernetes import Namespace, Object
from e2e.operator_process import OperatorProcess

# Runs in the pod. Every entry is what happened: "ok", or the name of the error.
PROBE = """
import json, os, socket, subprocess, sys
from pathlib import Path
from qee.runner import sandbox

API = os.environ["KUBERNETES_SERVICE_HOST"]

def told(act):
    try:
        act()
        return "ok"
    except OSError as error:
        return type(error).__name__

def connect():
    with socket.create_connection((API, 443), timeout=30):
        pass

def send():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"x", (API, 53))

def fork_and_connect():
    code = f"import socket; socket.create_connection(({API!r}, 443), timeout=30)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if "PermissionError" in child.stderr:
        raise PermissionError

found = {"connect before": told(connect)}
found["filter"] = sandbox.deny_network(True)
found["connect"] = told(connect)
found["datagram"] = told(send)
found["IPv6"] = told(lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close())
found["netlink"] = told(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close())
found["child process"] = told(fork_and_connect)
found["unix"] = told(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close())
found["write /"] = told(lambda: Path("/x").write_text("x"))
found["write code"] = told(lambda: Path(sandbox.__file__).write_text("x"))
found["write input"] = told(lambda: Path("/qee/input/run.json").write_text("x"))
found["write /tmp"] = told(lambda: Path("/tmp/x").write_text("x"))
found["become root"] = told(lambda: os.setuid(0))
found["user"] = os.getuid()
found["token"] = Path("/var/run/secrets/kubernetes.io/serviceaccount/token").exists()
found["environment"] = sorted(name for name in os.environ if "SERVICE" in name or "TOKEN" in name)
capabilities = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")]
found["capabilities"] = int(capabilities[0].split()[1], 16)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def template(node: Cluster, runner_images: dict[str, str], namespace: Namespace) -> Object:
    """The pod template of a real child."""
    with OperatorProcess(node.kubeconfig, runner_images, settings={"namespaces": [namespace.name]}):
        namespace.apply(queued(namespace, "template"))
        job = namespace.in_phase("Queued", "template")["template"]
        found: Object = namespace.get("job", job.child)["spec"]["template"]
    return found


@pytest.fixture(scope="module")
def seen(template: Object, namespace: Namespace) -> dict[str, Any]:
    """What the probe saw in a pod of that template, with another command and other resources."""
    (container,) = template["spec"]["containers"]
    probe = {**container, "command": ["python", "-c", PROBE], "args": [], "resources": {}}
    spec = {**template["spec"], "containers": [probe]}
    namespace.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": spec})
    phases = ("Succeeded", "Failed")
    namespace.until(lambda: namespace.get("pod", "probe")["status"]["phase"] in phases, "the probe to end")
    said = namespace.kubectl("logs", "probe")
    assert said.startswith("{"), said
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def test_the_network_is_there_until_the_runner_denies_it_to_itself(seen: dict[str, Any]) -> None:
    assert seen["connect before"] == "ok"
    assert seen["filter"] == "seccomp"


@pytest.mark.parametrize("way", ["connect", "datagram", "IPv6", "netlink", "child process"])
def test_no_socket_but_a_unix_socket_can_be_opened(seen: dict[str, Any], way: str) -> None:
    assert seen[way] == "PermissionError"
    assert seen["unix"] == "ok"


@pytest.mark.parametrize("place", ["write /", "write code", "write input"])
def test_nothing_can_be_written_but_tmp(seen: dict[str, Any], place: str) -> None:
    assert seen[place] in ("OSError", "PermissionError")
    assert seen["write /tmp"] == "ok"


def test_no_token_and_no_service_is_in_sight(seen: dict[str, Any]) -> None:
    assert seen["token"] is False
    # The kubelet names the API server's Service to every pod, service links or not.
    assert all(name.startswith("KUBERNETES_") for name in seen["environment"])


def test_the_runner_is_an_ordinary_user_without_capabilities(seen: dict[str, Any]) -> None:
    assert seen["user"] == 65532
    assert seen["capabilities"] == 0
    assert seen["become root"] == "PermissionError"


def test_the_template_mounts_its_input_and_tmp_and_nothing_else(template: Object) -> None:
    spec = template["spec"]

    assert spec["automountServiceAccountToken"] is False
    assert {next(key for key in volume if key != "name") for volume in spec["volumes"]} == {"configMap", "emptyDir"}
    assert len(spec["volumes"]) == 2
    assert "initContainers" not in spec
    assert not spec.get("hostNetwork")
    (container,) = spec["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
