"""The fixture that other API tests stand on."""

import json

from e2e.cluster.apiserver import ApiServer


def audited(apiserver: ApiServer, name: str) -> list[dict]:
    events = map(json.loads, apiserver.audit_log.read_text().splitlines())
    return [event for event in events if event["objectRef"].get("name") == name]


def test_a_write_shows_in_the_audit_log_with_its_user_agent(apiserver: ApiServer, namespace: str) -> None:
    apiserver.kubectl("create", "configmap", "noted", "--namespace", namespace)
    apiserver.kubectl("get", "configmap", "noted", "--namespace", namespace)
    (event,) = audited(apiserver, "noted")
    assert (event["verb"], event["level"], event["stage"]) == ("create", "Metadata", "ResponseComplete")
    assert event["userAgent"].startswith("kubectl/v1.35")


def test_objects_outlive_a_restart_and_the_kubeconfig_stays_good(apiserver: ApiServer, namespace: str) -> None:
    kubeconfig = apiserver.kubeconfig.read_text()
    apiserver.restart()
    assert apiserver.kubeconfig.read_text() == kubeconfig
    assert apiserver.kubectl("get", "namespace", namespace, "-o", "name").strip() == f"namespace/{namespace}"
