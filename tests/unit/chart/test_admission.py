"""What the chart installs for signed admission: webhook, certificates, keys, policies, and who may what."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.chart import NAMESPACE, OPERATOR, render
from e2e.cluster.steps import ClusterError
from e2e.rbac import Right, granted

from qee.certs import result_key
from qee.certs.settings import Settings as CertsSettings
from qee.controller.settings import Settings as OperatorSettings
from qee.schema.match_conditions import match_conditions
from qee.webhook.settings import Settings as WebhookSettings

Object = dict[str, Any]
CERT_MANAGER = {"admission": {"certificates": {"provider": "cert-manager"}}}
OFF = {"admission": {"enabled": False}}
NOTHING = {"admission": {"enabled": False}, "results": {"sign": False}}
VARIANTS = {"self": {}, "cert-manager": CERT_MANAGER, "off": OFF, "nothing": NOTHING}


def named(objects: list[Object], kind: str, name: str) -> Object:
    (found,) = [o for o in objects if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return found


def kinds(objects: list[Object], *kinds: str) -> set[str]:
    return {o["metadata"]["name"] for o in objects if o["kind"] in kinds}


def load(model: Any, objects: list[Object], name: str, key: str, tmp_path: Path) -> Any:
    file = tmp_path / key
    file.write_text(named(objects, "ConfigMap", name)["data"][key])
    return model.load(file)


def mounted(pod: Object) -> dict[str, str]:
    """mountPath of each volume by name."""
    return {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}


@pytest.mark.parametrize("without", ["Deny", "Allow"])
def test_webhook_and_operator_read_the_same_answer_for_ungoverned_namespaces(without: str, tmp_path: Path) -> None:
    objects = render({"admission": {"withoutPolicy": without}})

    webhook = load(WebhookSettings, objects, "qee-webhook", "webhook.yaml", tmp_path)
    operator = load(OperatorSettings, objects, "qee-settings", "settings.yaml", tmp_path)
    assert webhook.without_policy == operator.verification.without_policy == without


def test_the_webhook_listens_and_looks_where_the_chart_says(tmp_path: Path) -> None:
    objects = render()
    settings = load(WebhookSettings, objects, "qee-webhook", "webhook.yaml", tmp_path)
    pod = named(objects, "Deployment", "qee-webhook")["spec"]["template"]["spec"]
    ports = {port["name"]: port["containerPort"] for port in pod["containers"][0]["ports"]}
    (volume,) = [each for each in pod["volumes"] if "secret" in each]

    assert ports == {"https": settings.port, "metrics": settings.health_port}
    assert mounted(pod)["tls"] == str(settings.tls_directory)
    assert [item["key"] for item in volume["secret"]["items"]] == ["tls.crt", "tls.key"]
    assert "optional" not in volume["secret"]


@pytest.mark.parametrize(("values", "provider", "signs"), [({}, "self", True), (CERT_MANAGER, "cert-manager", True)])
def test_the_certs_process_reads_what_the_chart_writes(
    values: Object, provider: str, signs: bool, tmp_path: Path
) -> None:
    settings = load(CertsSettings, render(values), "qee-certs", "certs.yaml", tmp_path)

    assert (settings.provider, settings.result_key, settings.namespace) == (provider, signs, NAMESPACE)
    assert settings.webhook == "qee-webhook"


def test_who_keeps_nothing_is_not_installed() -> None:
    only_certificates = render({"results": {"sign": False}})

    assert "qee-certs" not in kinds(render(NOTHING), "Deployment", "Role", "ClusterRole")
    assert "qee-certs" not in kinds(render({**CERT_MANAGER, "results": {"sign": False}}), "Deployment")
    assert kinds(render(OFF), "Deployment") == {"qee-operator", "qee-certs"}
    assert kinds(only_certificates, "Secret") == {"qee-webhook-ca", "qee-webhook-tls"}


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_upgrades_take_away_nothing_that_the_certs_process_has_written(values: Object) -> None:
    objects = render(values)
    written = [o for o in objects if o["kind"] == "Secret" or o["metadata"]["name"] == result_key.CONFIG_MAP]

    assert all(not {"data", "stringData", "immutable"} & each.keys() for each in written)
    for configuration in (o for o in objects if o["kind"] == "ValidatingWebhookConfiguration"):
        assert all("caBundle" not in webhook["clientConfig"] for webhook in configuration["webhooks"])


def test_only_the_key_of_results_outlives_the_release() -> None:
    kept = {
        o["metadata"]["name"]
        for o in render()
        if o["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"
    }

    assert kept == {result_key.SECRET, result_key.CONFIG_MAP}


def test_the_operator_signs_with_the_key_that_the_certs_process_makes(tmp_path: Path) -> None:
    objects = render()
    pod = named(objects, "Deployment", OPERATOR)["spec"]["template"]["spec"]
    (volume,) = [each for each in pod["volumes"] if "secret" in each]
    settings = load(OperatorSettings, objects, "qee-settings", "settings.yaml", tmp_path)

    assert volume["secret"]["secretName"] == result_key.SECRET
    assert volume["secret"]["items"] == [{"key": result_key.PRIVATE, "path": result_key.PRIVATE}]
    assert str(settings.result_key) == f"{mounted(pod)['result-key']}/{result_key.PRIVATE}"
    assert settings.ledger_namespace == NAMESPACE


def test_without_signed_results_the_operator_waits_for_no_key(tmp_path: Path) -> None:
    objects = render({"results": {"sign": False}})

    pod = named(objects, "Deployment", OPERATOR)["spec"]["template"]["spec"]
    assert not [each for each in pod["volumes"] if "secret" in each]
    assert load(OperatorSettings, objects, "qee-settings", "settings.yaml", tmp_path).result_key is None


def test_the_webhook_is_asked_as_designed() -> None:
    (webhook,) = named(render(), "ValidatingWebhookConfiguration", "qee-webhook")["webhooks"]

    assert webhook["failurePolicy"] == "Fail"
    assert webhook["sideEffects"] == "None"
    assert webhook["timeoutSeconds"] == 5
    assert webhook["matchPolicy"] == "Equivalent"
    assert not {"namespaceSelector", "objectSelector"} & webhook.keys()
    assert webhook["matchConditions"] == match_conditions()
    (rule,) = webhook["rules"]
    assert (rule["operations"], rule["resources"]) == (["CREATE", "UPDATE"], ["quantumjobs"])
    assert webhook["clientConfig"]["service"]["path"] == "/validate"


def test_replicas_spread_and_drains_take_one_at_a_time() -> None:
    objects = render({"admission": {"replicas": 3}})
    spec = named(objects, "Deployment", "qee-webhook")["spec"]

    assert spec["replicas"] == 3
    spread = spec["template"]["spec"]["topologySpreadConstraints"]
    assert {each["whenUnsatisfiable"] for each in spread} == {"ScheduleAnyway"}
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert named(objects, "PodDisruptionBudget", "qee-webhook")["spec"]["maxUnavailable"] == 1


def test_cert_manager_makes_the_certificate_and_the_chart_no_secret() -> None:
    objects = render(CERT_MANAGER)
    configuration = named(objects, "ValidatingWebhookConfiguration", "qee-webhook")
    certificate = named(objects, "Certificate", "qee-webhook")

    assert configuration["metadata"]["annotations"] == {
        "cert-manager.io/inject-ca-from": f"{NAMESPACE}/{certificate['metadata']['name']}"
    }
    assert certificate["spec"]["secretName"] == "qee-webhook-tls"
    assert certificate["spec"]["dnsNames"][0] == f"qee-webhook.{NAMESPACE}.svc"
    assert kinds(objects, "Issuer") == {"qee-webhook", "qee-webhook-self"}
    assert kinds(objects, "Secret") == {result_key.SECRET}
    assert "qee-certs" not in kinds(objects, "ClusterRole")


def test_an_issuer_of_ones_own_replaces_the_charts() -> None:
    issuer = {"kind": "ClusterIssuer", "name": "corporate"}
    objects = render({"admission": {"certificates": {"provider": "cert-manager", "issuerRef": issuer}}})

    assert kinds(objects, "Issuer") == set()
    assert kinds(objects, "Certificate") == {"qee-webhook"}
    assert named(objects, "Certificate", "qee-webhook")["spec"]["issuerRef"] == issuer


def test_only_listed_addresses_reach_the_webhook_and_those_with_a_certificate(tmp_path: Path) -> None:
    certificates = {"authorityConfigMap": "api-server-ca", "names": ["api-server"]}
    objects = render({"admission": {"clients": ["10.0.0.0/28", "fd00::/64"], "clientCertificates": certificates}})
    settings = load(WebhookSettings, objects, "qee-webhook", "webhook.yaml", tmp_path)
    pod = named(objects, "Deployment", "qee-webhook")["spec"]["template"]["spec"]
    (volume,) = [each for each in pod["volumes"] if "configMap" in each and each["name"] == "clients"]
    (rule,) = named(objects, "NetworkPolicy", "qee-webhook")["spec"]["ingress"]

    assert [str(each) for each in settings.clients] == ["10.0.0.0/28", "fd00::/64"]
    assert rule["from"] == [{"ipBlock": {"cidr": str(each)}} for each in settings.clients]
    assert volume["configMap"]["name"] == "api-server-ca"
    assert settings.client_ca is not None
    assert str(settings.client_ca.parent) == mounted(pod)["clients"]
    assert settings.client_ca.name in [item["path"] for item in volume["configMap"]["items"]]
    assert settings.client_names == ["api-server"]


def test_anybody_reaches_the_webhook_unless_values_say_otherwise(tmp_path: Path) -> None:
    objects = render()
    settings = load(WebhookSettings, objects, "qee-webhook", "webhook.yaml", tmp_path)
    (rule,) = named(objects, "NetworkPolicy", "qee-webhook")["spec"]["ingress"]
    assert (settings.clients, settings.client_ca, settings.client_names) == ([], None, [])
    assert "from" not in rule


def test_names_of_certificates_that_nobody_asks_for_are_refused() -> None:
    with pytest.raises(ClusterError, match="names needs authorityConfigMap"):
        render({"admission": {"clientCertificates": {"names": ["api-server"]}}})


def test_the_webhook_reads_policies_backends_and_one_namespace() -> None:
    rights = granted(render(), "qee-webhook")
    role = named(render(), "ClusterRole", "qee-webhook")

    reads = [
        Right("qee.dev", plural, verb)
        for plural in ("quantumtrustpolicies", "quantumbackends")
        for verb in ("get", "list", "watch")
    ]
    assert rights == {None: {*reads, Right("", "namespaces", "get")}}
    assert [rule.get("resourceNames") for rule in role["rules"]] == [None, ["kube-system"]]


def test_the_certs_process_reaches_named_objects_only() -> None:
    objects = render()
    rights = granted(objects, "qee-certs")
    roles = [named(objects, kind, "qee-certs") for kind in ("Role", "ClusterRole")]

    assert {right.verb for found in rights.values() for right in found} == {"get", "patch"}
    assert rights[None] == {
        Right("admissionregistration.k8s.io", "validatingwebhookconfigurations", verb) for verb in ("get", "patch")
    }
    assert {name for role in roles for rule in role["rules"] for name in rule["resourceNames"]} == {
        *("qee-webhook-ca", "qee-webhook-tls", "qee-webhook", result_key.SECRET, result_key.CONFIG_MAP)
    }


@pytest.mark.parametrize("account", [OPERATOR, "qee-webhook"])
def test_operator_and_webhook_may_read_no_secret(account: str) -> None:
    assert not [
        right for found in granted(render(), account).values() for right in found if right.resource == "secrets"
    ]


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_each_policy_fails_closed_is_bound_and_says_whom_it_forbids(values: Object) -> None:
    objects = render(values)
    policies = [o for o in objects if o["kind"] == "ValidatingAdmissionPolicy"]

    bound = {o["spec"]["policyName"] for o in objects if o["kind"] == "ValidatingAdmissionPolicyBinding"}
    assert {o["metadata"]["name"] for o in policies} == bound
    assert bool(policies) is ("enabled" not in values.get("admission", {}))
    for policy in policies:
        assert policy["spec"]["failurePolicy"] == "Fail"
        for validation in policy["spec"]["validations"]:
            assert validation["reason"] == "Forbidden"
            assert validation["message"]


def test_policies_can_be_left_to_somebody_else() -> None:
    objects = render({"admission": {"policies": {"enabled": False}}})

    assert not kinds(objects, "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    assert "qee-webhook" in kinds(objects, "ValidatingWebhookConfiguration")


def test_values_reach_the_policies() -> None:
    other = "system:serviceaccount:other:qee-operator"
    admission = {
        "policies": {"operators": [other]},
        "jobController": {"users": ["the-controller"]},
    }
    connector = {"name": "one", "provider": "ibm", "backends": ["fez", "torino"]}
    images = {"runners": {"aer": {"tag": "9"}}, "connectors": {"ibm": {"tag": "8"}}}
    objects = render({"admission": admission, "images": images, "connectors": [connector]})

    def rules(name: str) -> str:
        return str(named(objects, "ValidatingAdmissionPolicy", f"qee-{name}")["spec"])

    assert all(other in rules(name) for name in ("status", "tasks", "child-jobs"))
    assert '{"system:serviceaccount:qee-system:qee-connector-one":["fez","torino"]}' in rules("task-status")
    assert "qee-connector-ibm:8" in rules("operator-jobs")
    assert '["the-controller"]' in rules("child-pods")
    assert "qee-runner-aer:9" in rules("operator-jobs")


def test_users_of_backends_are_named_by_namespace() -> None:
    ann, bob = ({"kind": "User", "name": name} for name in ("ann", "bob"))
    grants = [{"namespace": "a", "backends": ["aer"], "subjects": [ann]}, {"namespace": "b", "subjects": [bob]}]
    objects = render({"rbac": {"backendUsers": grants}})

    first, second = (named(objects, "Role", f"qee-use-{number}") for number in (0, 1))
    rule = {"apiGroups": ["qee.dev"], "resources": ["quantumbackends"], "verbs": ["use"]}
    assert first["rules"] == [{**rule, "resourceNames": ["aer"]}]
    assert second["rules"] == [rule]
    assert named(objects, "RoleBinding", "qee-use-0")["subjects"] == [ann]
    assert first["metadata"]["namespace"] == "a"


def test_api_servers_reach_the_webhook_and_scrapes_all_processes() -> None:
    objects = render()

    (rule,) = named(objects, "NetworkPolicy", "qee-webhook")["spec"]["ingress"]
    assert rule == {"ports": [{"protocol": "TCP", "port": "https"}]}
    for name in ("qee-metrics", "qee-webhook", "qee-certs"):
        service = named(objects, "Service", name)
        assert "metrics" in [port["name"] for port in service["spec"]["ports"]]
    assert "qee-webhook" not in kinds(render(OFF), "NetworkPolicy")


def test_the_rights_of_the_helm_test_go_with_it() -> None:
    hooks = [o for o in render() if o["metadata"].get("annotations", {}).get("helm.sh/hook") == "test"]

    for each in hooks:
        assert "hook-succeeded" in each["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
    rights = granted(hooks, "qee-test")
    assert {right.verb for right in rights[None] if right.resource == "quantumtrustpolicies"} == {
        *("list", "create", "get", "delete")
    }
    named_only = [r for o in hooks for r in o.get("rules", []) if "delete" in r["verbs"]]
    assert [rule["resourceNames"] for rule in named_only] == [["qee-test"]]


def test_settings_that_change_restart_their_process_alone() -> None:
    def stamps(values: Object) -> dict[str, str]:
        found = [o for o in render(values) if o["kind"] == "Deployment"]
        return {
            o["metadata"]["name"]: o["spec"]["template"]["metadata"]["annotations"]["qee.dev/settings-sha256"]
            for o in found
        }

    before, after = stamps({}), stamps({"results": {"sign": False}})
    assert {name for name in before if before[name] != after[name]} == {"qee-operator", "qee-certs"}


def test_the_chart_looks_nothing_up_in_the_cluster() -> None:
    """Argo CD and `helm template` render without one."""
    templates = Path(__file__).parents[3] / "charts/qee/templates"

    assert [path.name for path in templates.rglob("*") if path.is_file() and "lookup " in path.read_text()] == []


def test_the_helm_tests_job_has_no_name_of_its_own() -> None:
    """A signature covers the name, so the script gives it one."""
    job = yaml.safe_load(named(render(), "ConfigMap", "qee-test")["data"]["bell.yaml"])

    assert "metadata" not in job
