"""The admission server over HTTP: what it answers to whatever is sent, and what it counts."""

import asyncio
import json
import logging
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from tests import builders, signed
from tests.unit.webhook.reviews import body, facts

from qee.signing.libraries import Suite
from qee.webhook import server as server_module
from qee.webhook.metrics import Metrics
from qee.webhook.review import Facts
from qee.webhook.server import MAX_BODY, Admission

ADA = signed.key("ada")
POLICY = signed.policy({"ada": ADA})


def admission(known: Facts | None, suite: Suite | None = None) -> tuple[Admission, Metrics]:
    metrics = Metrics()
    return Admission(lambda: known, lambda: "QuantumTrustPolicies", suite or signed.SUITE, metrics), metrics


async def post(asked: Admission, data: Any, path: str = "/validate") -> tuple[int, dict[str, Any]]:
    async with TestClient(TestServer(asked.app())) as client:
        answer = await client.post(path, data=data)
        text = await answer.text()
        return answer.status, json.loads(text)["response"] if answer.status == 200 else {}


def counted(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


async def test_a_review_is_answered_and_counted():
    asked, metrics = admission(facts(POLICY))
    status, response = await post(asked, body("CREATE", signed.sign_job(builders.job(), ADA)))
    assert (status, response["allowed"]) == (200, True)
    labels = {"operation": "CREATE", "allowed": "true", "reason": "SignatureVerified"}
    assert counted(metrics, "qee_admission_reviews_total", **labels) == 1
    assert counted(metrics, "qee_admission_duration_seconds_count") == 1


async def test_what_is_not_known_yet_is_refused():
    asked, _ = admission(None)
    status, response = await post(asked, body("CREATE", signed.sign_job(builders.job(), ADA)))
    assert (status, response["allowed"], response["status"]["code"]) == (200, False, 503)
    assert "QuantumTrustPolicies" in response["status"]["message"]


async def test_an_exception_is_a_refusal():
    def fails() -> Facts:
        raise RuntimeError("boom")

    asked = Admission(fails, str, signed.SUITE, Metrics())
    status, response = await post(asked, body("CREATE", signed.sign_job(builders.job(), ADA)))
    assert (status, response["allowed"], response["status"]["code"]) == (200, False, 500)
    assert "boom" not in response["status"]["message"]


async def test_libraries_that_disagree_are_a_refusal():
    asked, _ = admission(facts(POLICY), Suite({"one": lambda *_: True, "other": lambda *_: False}))
    _, response = await post(asked, body("CREATE", signed.sign_job(builders.job(), ADA)))
    assert response["status"]["reason"] == "LibrariesDisagree"


@pytest.mark.parametrize("obj", [{"spec": []}, {"spec": {"backendRef": {"name": []}}}, {"spec": "x"}, {}])
async def test_an_object_of_another_shape_is_a_refusal(obj: dict[str, Any]):
    asked, _ = admission(facts(POLICY))
    annotated = {"metadata": {"namespace": "default", "annotations": {"qee.dev/signature": "x"}}, **obj}
    status, response = await post(asked, body("CREATE", annotated))
    assert (status, response["allowed"]) == (200, False)


async def test_no_other_path_or_method_is_answered():
    asked, metrics = admission(facts(POLICY))
    data = body("CREATE", signed.sign_job(builders.job(), ADA))
    for path in ("/", "/validate/", "/validate/x", "/mutate", "/healthz"):
        assert (await post(asked, data, path))[0] == 404
    async with TestClient(TestServer(asked.app())) as client:
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            assert (await client.request(method, "/validate", data=data)).status == 405
    assert not next(iter(metrics.reviews.collect())).samples


async def test_what_is_no_review_gets_400_and_is_never_allowed():
    asked, metrics = admission(facts(POLICY))
    assert (await post(asked, b"{}"))[0] == 400
    assert counted(metrics, "qee_admission_malformed_total") == 1


async def test_a_body_that_is_too_large_is_refused():
    asked, _ = admission(facts(POLICY))
    assert (await post(asked, b" " * (MAX_BODY + 1)))[0] == 413


async def test_a_body_that_does_not_arrive_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server_module, "READ_SECONDS", 0.05)
    asked, _ = admission(facts(POLICY))

    async def slowly() -> Any:
        yield b"{"
        await asyncio.sleep(0.5)

    assert (await post(asked, slowly()))[0] == 408


async def test_broken_glass_is_logged_and_counted_but_a_dry_run_is_not_counted(caplog: pytest.LogCaptureFixture):
    eve = signed.key("eve")
    asked, metrics = admission(facts(signed.policy({"ada": ADA, "eve": eve}, breakGlass={"keys": ["eve"]})))
    job = signed.sign_job(builders.job(), eve, reason="pager 17")
    with caplog.at_level(logging.WARNING):
        await post(asked, body("CREATE", job, dryRun=True))
        assert counted(metrics, "qee_admission_break_glass_total") == 0
        await post(asked, body("CREATE", job))
    assert counted(metrics, "qee_admission_break_glass_total") == 1
    assert any("BREAK GLASS" in line and "pager 17" in line and "default/bell" in line for line in caplog.messages)
