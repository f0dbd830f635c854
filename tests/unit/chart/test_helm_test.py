"""The script of `helm test`: when it declines, and what its policy allows. e2e runs the whole of it."""

import importlib.util
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
import yaml
from e2e.chart import CHART
from tests import signed

from qee.api.trust import QuantumTrustPolicy

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("helm_test", CHART / "files/helm_test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def policy(name: str, **spec: Any) -> dict[str, Any]:
    return signed.policy({"ada": signed.key()}, name, **spec)


def test_another_policy_that_enforces_here_is_in_the_way(script: ModuleType) -> None:
    here = policy("team", namespaces={"names": ["qee-system"]})

    told = script.in_the_way([here, policy("all")], "qee-system", "qee-test")

    assert "QuantumTrustPolicy all, team also governs namespace qee-system" in told
    assert "helmTest.namespace" in told


def test_policies_elsewhere_or_that_only_tell_or_its_own_are_not(script: ModuleType) -> None:
    others = [
        policy("elsewhere", namespaces={"names": ["team-a"]}),
        policy("telling", mode="Warn"),
        policy("qee-test", namespaces={"names": ["qee-system"]}),
    ]

    assert script.in_the_way(others, "qee-system", "qee-test") == ""


def test_its_policy_is_held_to_one_backend_and_one_hour(script: ModuleType) -> None:
    shown = yaml.safe_dump(policy("whatever", namespaces={"names": ["qee-system"]}))

    found = QuantumTrustPolicy.model_validate(script.trust(shown, "qee-test", "aer", NOW))

    (key,) = found.spec.keys
    assert found.metadata.name == "qee-test"
    assert key.constraints is not None
    assert key.constraints.backends == ["aer"]
    assert key.not_after is not None
    assert (key.not_after - NOW).total_seconds() == 3600
