"""Webhook, operator and connector count the same backends as cloud, where a signature admits one job only."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from tests import builders, signed
from tests.cluster_simulation import SETTINGS
from tests.fakes.port import FakeApiServer

from qee.api.backend import Provider, is_cloud
from qee.api.names import ENGINES
from qee.controller.jobs.verification import Trust, Verifier
from qee.kube.cluster import NAMED_AFTER
from qee.kube.resources import BACKENDS, NAMESPACES, TRUST_POLICIES
from qee.signing.libraries import Suite
from qee.signing.policy import TrustPolicy
from qee.webhook.knowledge import Knowledge
from qee.webhook.review import Request, answer
from qee.webhook.settings import Settings as WebhookSettings

ADA = signed.key("ada")
POLICY = signed.policy({"ada": ADA}, cloud="OneShot", simulators="Window")
PROVIDERS = get_args(Provider)


def backend(provider: str | None) -> dict[str, Any]:
    found = builders.backend("there")
    found["spec"] = {} if provider is None else {"provider": provider}
    return found


async def as_the_webhook_sees_it(found: dict[str, Any] | None, job: dict[str, Any], suite: Suite) -> bool:
    server = FakeApiServer()
    server.put(TRUST_POLICIES, POLICY)
    server.put(NAMESPACES, {"metadata": {"name": NAMED_AFTER, "uid": signed.CLUSTER}})
    if found is not None:
        server.put(BACKENDS, found)
    knowledge = Knowledge(server, WebhookSettings(tls_directory=Path("unused")))
    work = asyncio.create_task(knowledge.run())
    async with asyncio.timeout(10):
        while (facts := knowledge.facts()) is None:
            await asyncio.sleep(0.005)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    said = answer(Request("u", "CREATE", "default", job, None), facts, suite, datetime.now(UTC))
    assert said.allowed
    return said.audit["one-shot"] == "true"


def as_the_operator_sees_it(found: dict[str, Any] | None, job: dict[str, Any], suite: Suite) -> bool:
    trust = Trust([TrustPolicy.of(POLICY)], signed.CLUSTER, frozenset())
    verdict = Verifier(FakeApiServer(), SETTINGS, suite).verdict(job, datetime.now(UTC), trust, found)
    assert verdict.allowed
    return verdict.one_shot


@pytest.mark.parametrize("provider", [*PROVIDERS, "unheard-of", "AER", "", None, "absent"])
async def test_webhook_and_operator_agree_and_what_is_not_known_counts_as_cloud(provider: str | None):
    found = None if provider == "absent" else backend(provider)
    job = signed.sign_job(builders.job(backendRef={"name": "there"}), ADA)
    suite = signed.SUITE
    assert await as_the_webhook_sees_it(found, job, suite) is (provider not in ENGINES)
    assert as_the_operator_sees_it(found, job, suite) is (provider not in ENGINES)


def test_the_simulators_are_two_and_every_other_provider_is_a_cloud():
    assert {provider for provider in PROVIDERS if not is_cloud(backend(provider))} == {"aer", "cirq"}
