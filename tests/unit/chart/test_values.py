"""The chart's values: which are refused, and that each is documented."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from charts import values_table
from e2e.chart import CHART, NO_CLUSTER, render
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.clients import helm
from e2e.cluster.steps import ClusterError


def test_helm_lints_the_chart_without_a_warning() -> None:
    assert "0 chart(s) failed" in helm(NO_CLUSTER, "lint", "--strict", str(CHART))


def test_the_charts_version_is_the_projects() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert (chart["version"], chart["appVersion"]) == (project, project)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("imagePullPolicy", "Always"),
        ("images.operator.name", "x"),
        ("images.operator", "qee-operator:1"),
        ("images.runners.braket", {"repository": "x"}),
        ("images.operator.digest", "sha256:short"),
        ("images.pullPolicy", "Sometimes"),
        ("operator.replicas", 2),
        ("operator.resources.limit", {}),
        ("operator.logLevel", "loud"),
        ("settings.workers", 0),
        ("settings.worker", 4),
        ("settings.patience.queue", 4),
        ("settings.resyncSeconds", "10m"),
        ("runner.image", "x"),
        ("backends.aer.limits.maxQubit", 4),
        ("backends.aer.provider", "qulacs"),
        ("backends.aer.allowedNamespaces", {"every": True}),
        ("backends.Other", {"provider": "aer", "allowedNamespaces": {"all": True}}),
        ("watchNamespaces", "team-a"),
        ("watchNamespaces", ["Team_A"]),
        ("rbac.clusterAdmin", True),
        ("networkPolicies.operator.apiServerPorts", []),
        ("metrics.serviceMonitor.every", "1s"),
        ("helmTest.image", "x"),
        ("helmTest.namespace", "Team"),
        ("admission.enable", True),
        ("admission.replicas", 0),
        ("admission.withoutPolicy", "Warn"),
        ("admission.certificates.provider", "vault"),
        ("admission.certificates.issuerRef", {"name": "x", "kind": "Secret"}),
        ("admission.policies.enable", True),
        ("admission.policies.operators", ['"] || true || ["']),
        ("admission.policies.connectors", "ibm"),
        ("admission.jobController.users", []),
        ("results.signed", True),
        ("rbac.backendUsers", [{"namespace": "a"}]),
        ("rbac.backendUsers", [{"namespace": "a", "backends": [], "subjects": [{"kind": "User", "name": "x"}]}]),
    ],
)
def test_a_value_that_the_chart_does_not_know_is_refused(path: str, value: Any) -> None:
    nested: Any = value
    for key in reversed(path.split(".")):
        nested = {key: nested}

    with pytest.raises(ClusterError, match="values don't meet the specifications of the schema"):
        render(nested)


def test_a_parent_chart_may_set_global_values() -> None:
    assert render({"global": {"team": "a"}}) == render()


def test_the_readme_tells_what_values_yaml_says() -> None:
    assert (CHART / "README.md").read_text() == values_table.page()


def leaves(values: Any, path: str = "") -> Iterator[str]:
    """Dotted path of each scalar, list and empty map."""
    if not isinstance(values, dict) or not values:
        yield path
        return
    for key, value in values.items():
        yield from leaves(value, f"{path}.{key}" if path else key)


def test_each_value_is_described() -> None:
    text = (CHART / "values.yaml").read_text()
    described = {path for path, _ in values_table.described(text)}

    left = [leaf for leaf in leaves(yaml.safe_load(text)) if not any(is_at_or_under(leaf, path) for path in described)]

    assert left == []


def is_at_or_under(leaf: str, path: str) -> bool:
    # What is said of `backends` does not describe the fields of each.
    return leaf == path or (leaf.startswith(f"{path}.") and path != "backends")
