"""What the chart installs, as the real Helm renders it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.chart import NAMESPACE, OPERATOR, render
from e2e.cluster.steps import ClusterError

from qee.api.backend import QuantumBackend
from qee.app import GRACE_SECONDS
from qee.controller.settings import Settings

VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "some namespaces": {"watchNamespaces": ["team-a", "team-b"]},
    "cert-manager": {"admission": {"certificates": {"provider": "cert-manager"}}},
    "without admission": {"admission": {"enabled": False, "withoutPolicy": "Allow"}, "results": {"sign": False}},
    "everything set": {
        "commonLabels": {"team": "quantum"},
        "images": {
            "registry": "registry.example.com:5000/team/",
            "pullPolicy": "Always",
            "pullSecrets": [{"name": "pull"}],
            "operator": {"digest": "sha256:" + "a" * 64},
            "runners": {"aer": {"tag": "1.2"}},
        },
        "operator": {
            "podLabels": {"a": "b"},
            "podAnnotations": {"c": "d"},
            "nodeSelector": {"e": "f"},
            "tolerations": [{"key": "g", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {}},
            "priorityClassName": "high",
        },
        "settings": {
            "workers": 4,
            "resyncSeconds": 86400,
            "childRetentionSeconds": 10000000,
            "patience": {"queued": 0.5},
        },
        "runner": {
            "cpuRequest": 2,
            "nodeSelector": {"h": "i"},
            "tolerations": [{"key": "j", "effect": "NoSchedule", "operator": "Equal", "value": "k"}],
            "priorityClassName": "low",
        },
        "serviceAccount": {"annotations": {"l": "m"}},
        "rbac": {
            "backendReaders": [{"kind": "Group", "name": "all"}],
            "backendUsers": [
                {"namespace": "team-a", "backends": ["aer"], "subjects": [{"kind": "User", "name": "ann"}]},
                {"namespace": "team-a", "subjects": [{"kind": "User", "name": "bob"}]},
            ],
        },
        "admission": {
            "replicas": 3,
            "certificates": {
                "provider": "cert-manager",
                "issuerRef": {"kind": "ClusterIssuer", "name": "corporate"},
                "resources": {"limits": {"memory": "1Gi"}},
            },
            "policies": {"operators": ["system:serviceaccount:other:qee-operator"]},
            "jobController": {"users": ["someone"]},
            "resources": {"limits": {"memory": "2Gi"}},
            "podLabels": {"r": "s"},
            "podAnnotations": {"t": "u"},
            "nodeSelector": {"v": "w"},
            "tolerations": [{"key": "x", "operator": "Exists"}],
            "affinity": {"podAntiAffinity": {}},
            "priorityClassName": "highest",
        },
        "helmTest": {"namespace": "team-b"},
        "networkPolicies": {"operator": {"apiServerCidrs": ["10.0.0.1/32"]}},
        "metrics": {"service": {"annotations": {"n": "o"}}, "serviceMonitor": {"enabled": True, "labels": {"p": "q"}}},
    },
}


def one(objects: list[dict[str, Any]], kind: str, name: str | None = None) -> dict[str, Any]:
    (found,) = [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]
    return found


def pods(objects: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for each in objects:
        if each["kind"] == "Pod":
            yield each["spec"]
        elif each["kind"] == "Deployment":
            yield each["spec"]["template"]["spec"]


def violations(pod: Mapping[str, Any]) -> list[str]:
    """What the restricted Pod Security Standard forbids (kubernetes.io, Pod Security Standards)."""
    shared = pod.get("securityContext", {})
    found = [field for field in ("hostNetwork", "hostPID", "hostIPC") if pod.get(field)]
    found += [
        f"volume {volume['name']}"
        for volume in pod.get("volumes", [])
        if not volume.keys() - {"name"} <= {"configMap", "emptyDir", "projected", "secret", "downwardAPI"}
    ]
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        own = container.get("securityContext", {})
        merged = {**shared, **own}
        wanted = {
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "runAsNonRoot": merged.get("runAsNonRoot") is True,
            "runAsUser": merged.get("runAsUser") != 0,
            "seccompProfile": merged.get("seccompProfile", {}).get("type") in ("RuntimeDefault", "Localhost"),
            "capabilities": own.get("capabilities") == {"drop": ["ALL"]},
            "privileged": not own.get("privileged"),
            "hostPort": not any("hostPort" in port for port in container.get("ports", [])),
        }
        found += [f"{container['name']}: {rule}" for rule, kept in wanted.items() if not kept]
    return found


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_every_pod_passes_the_restricted_pod_security_standard(values: dict[str, Any]) -> None:
    found = list(pods(render(values)))

    wanted = {"operator", "qee", "webhook", "certs"} if values != VARIANTS["without admission"] else {"operator", "qee"}
    assert {container["name"] for pod in found for container in pod["containers"]} == wanted
    assert [problem for pod in found for problem in violations(pod)] == []
    for pod in found:
        assert all(container["securityContext"]["readOnlyRootFilesystem"] for container in pod["containers"])


def test_the_checker_sees_what_is_not_restricted() -> None:
    bad = {
        "hostPID": True,
        "volumes": [{"name": "v", "hostPath": {}}],
        "containers": [{"name": "c", "securityContext": {"privileged": True}}],
    }

    assert violations(bad) == [
        "hostPID",
        "volume v",
        "c: allowPrivilegeEscalation",
        "c: runAsNonRoot",
        "c: seccompProfile",
        "c: capabilities",
        "c: privileged",
    ]


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_the_operator_reads_the_settings_that_the_chart_writes(values: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(one(render(values), "ConfigMap", "qee-settings")["data"]["settings.yaml"])

    settings = Settings.load(file)

    assert settings.lease_namespace == NAMESPACE
    assert settings.namespaces == values.get("watchNamespaces", [])


def test_values_reach_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(one(render(VARIANTS["everything set"]), "ConfigMap", "qee-settings")["data"]["settings.yaml"])

    settings = Settings.load(file)

    assert settings.runner.images == {
        "aer": "registry.example.com:5000/team/qee-runner-aer:1.2",
        "cirq": "registry.example.com:5000/team/qee-runner-cirq:0.1.0",
    }
    assert settings.runner.pod_extras() == {
        "imagePullSecrets": [{"name": "pull"}],
        "nodeSelector": {"h": "i"},
        "tolerations": [{"key": "j", "effect": "NoSchedule", "operator": "Equal", "value": "k"}],
        "priorityClassName": "low",
    }
    assert (settings.workers, settings.resync_seconds, settings.child_retention_seconds) == (4, 86400, 10000000)
    assert (settings.patience.queued, settings.patience.missing) == (0.5, 120)
    assert (settings.runner.cpu_request, settings.runner.pull_policy) == ("2", "Always")


def test_the_charts_defaults_are_the_settings_own(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(one(render(), "ConfigMap", "qee-settings")["data"]["settings.yaml"])

    own = {"lease_namespace", "ledger_namespace", "result_key"}  # what only an installation knows
    written = Settings.load(file).model_dump(exclude=own)

    assert written == Settings.model_validate({"runner": {"images": written["runner"]["images"]}}).model_dump(
        exclude=own
    )


def test_changed_settings_change_the_pod() -> None:
    def stamp(values: dict[str, Any]) -> str:
        template = one(render(values), "Deployment", OPERATOR)["spec"]["template"]
        return str(template["metadata"]["annotations"]["qee.dev/settings-sha256"])

    assert stamp({}) == stamp({"operator": {"logLevel": "debug"}})
    assert stamp({}) != stamp({"settings": {"workers": 3}})


def test_the_operator_is_given_more_time_to_stop_than_it_takes() -> None:
    deployment = one(render(), "Deployment", OPERATOR)["spec"]

    assert deployment["template"]["spec"]["terminationGracePeriodSeconds"] > GRACE_SECONDS
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})


def test_probes_ask_the_ports_that_the_settings_name() -> None:
    objects = render()
    (container,) = one(objects, "Deployment", OPERATOR)["spec"]["template"]["spec"]["containers"]
    settings = yaml.safe_load(one(objects, "ConfigMap", "qee-settings")["data"]["settings.yaml"])
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}

    assert ports == {"health": settings["port"], "metrics": settings["metricsPort"]}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "health"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}
    assert one(objects, "Service", "qee-metrics")["spec"]["ports"][0]["targetPort"] == "metrics"


def test_the_lease_of_the_rule_is_the_one_that_the_operator_takes() -> None:
    rules = [rule for o in render() for rule in o.get("rules") or [] if "leases" in rule["resources"]]

    assert [rule["resourceNames"] for rule in rules if "resourceNames" in rule] == [["qee-operator"]]


def test_the_default_backends_are_what_the_api_takes() -> None:
    found = {o["metadata"]["name"]: QuantumBackend.model_validate(o) for o in render() if o["kind"] == "QuantumBackend"}

    assert {name: str(backend.spec.provider) for name, backend in found.items()} == {"aer": "aer", "cirq": "cirq"}


def test_backends_can_be_limited_left_out_and_added() -> None:
    small = {
        "enabled": True,
        "provider": "aer",
        "limits": {"maxShots": 10000000},
        "allowedNamespaces": {"names": ["a"]},
    }

    objects = render({"backends": {"cirq": {"enabled": False}, "aer": {"limits": {"maxQubits": 20}}, "small": small}})

    found = {
        o["metadata"]["name"]: QuantumBackend.model_validate(o).spec for o in objects if o["kind"] == "QuantumBackend"
    }
    assert found.keys() == {"aer", "small"}
    assert found["aer"].limits is not None
    assert (found["aer"].limits.max_qubits, found["aer"].limits.memory) == (20, "8Gi")
    assert found["small"].limits is not None
    assert found["small"].limits.max_shots == 10000000


def test_naming_namespaces_for_a_backend_replaces_the_default_of_all() -> None:
    objects = render({"backends": {"aer": {"allowedNamespaces": {"names": ["team-a"]}}}})

    backend = QuantumBackend.model_validate(one(objects, "QuantumBackend", "aer"))
    assert backend.spec.allowed_namespaces.names == ["team-a"]


def test_a_digest_wins_over_the_tag() -> None:
    objects = render({"images": {"operator": {"tag": "1", "digest": "sha256:" + "a" * 64}}})

    (container,) = one(objects, "Deployment", OPERATOR)["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "qee-operator@sha256:" + "a" * 64


def test_only_the_operators_metrics_are_open_and_only_the_api_server_is_in_reach() -> None:
    objects = render({"networkPolicies": {"operator": {"apiServerCidrs": ["10.0.0.1/32"], "apiServerPorts": [443]}}})
    default, metrics = (one(objects, "NetworkPolicy", name)["spec"] for name in ("qee", "qee-metrics"))

    assert default["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in default
    assert default["egress"] == [
        {"ports": [{"protocol": "TCP", "port": 443}], "to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}
    ]
    assert metrics["ingress"][0]["ports"] == [{"protocol": "TCP", "port": "metrics"}]
    assert "qee-metrics" not in [
        o["metadata"]["name"]
        for o in render({"networkPolicies": {"operator": {"metricsFrom": []}}})
        if o["kind"] == "NetworkPolicy"
    ]


def test_the_helm_test_runs_its_job_where_the_operator_looks() -> None:
    def places(values: dict[str, Any]) -> tuple[str, str, str]:
        hooks = [o for o in render(values) if "helm.sh/hook" in o["metadata"].get("annotations", {})]
        (argument,) = [a for a in one(hooks, "Pod")["spec"]["containers"][0]["args"] if a.startswith("--namespace=")]
        return *(one(hooks, kind)["metadata"]["namespace"] for kind in ("Pod", "Role")), argument.partition("=")[2]

    assert places({}) == (NAMESPACE, NAMESPACE, NAMESPACE)
    assert places({"watchNamespaces": ["team-a", NAMESPACE]}) == (NAMESPACE, NAMESPACE, NAMESPACE)
    assert places({"watchNamespaces": ["team-a"]}) == (NAMESPACE, "team-a", "team-a")


def test_a_cluster_without_the_crds_is_refused_with_the_remedy() -> None:
    connected = ("--api-versions", "v1/Namespace")
    kinds = ("QuantumJob", "QuantumBackend", "QuantumTrustPolicy")
    all_of_them = [word for kind in kinds for word in ("--api-versions", f"qee.dev/v1alpha1/{kind}")]

    with pytest.raises(ClusterError, match="helm upgrade --install qee-crds"):
        render({}, *connected)
    assert render({}, *connected, *all_of_them)
    assert render({"requireCrds": False}, *connected)


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ClusterError, match=r"set metrics\.service\.enabled to true"):
        render({"metrics": {"service": {"enabled": False}, "serviceMonitor": {"enabled": True}}})
    with pytest.raises(ClusterError, match=r"serviceAccount\.name"):
        render({"serviceAccount": {"create": False}})


def test_names_stay_within_63_characters_and_two_releases_apart() -> None:
    long = render(release="a" * 53)
    other = render({"backends": {"aer": {"enabled": False}, "cirq": {"enabled": False}}}, release="second")

    free = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")  # 253 characters
    assert max(len(o["metadata"]["name"]) for o in long if o["kind"] not in free) <= 63
    names = {(o["kind"], o["metadata"]["name"]) for o in render()}
    both = names & {(o["kind"], o["metadata"]["name"]) for o in other}
    assert both == {("Secret", "qee-result-key"), ("ConfigMap", "qee-result-pub")}  # each in a namespace of its own
