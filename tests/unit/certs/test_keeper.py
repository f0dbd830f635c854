"""Certificates and keys kept in a cluster: nothing is doubled, nothing is lost, and no served certificate is ever
without an authority that the API server trusts, wherever the process is killed.
"""

import base64
import logging
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.fakes.port import FakeApiServer

from qee.certs.authority import Pair, covered, expired, read_bundle
from qee.certs.keeper import Keeper
from qee.certs.settings import Settings
from qee.kube.port import ApiError, Conflict, Object, Resource
from qee.kube.resources import CONFIG_MAPS, SECRETS, WEBHOOK_CONFIGURATIONS
from qee.signing.keys import PrivateKey

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Killed(BaseException):
    """The process is gone, with this write done or not."""


class Cluster:
    """The objects as the chart makes them, a clock, and the process that keeps them."""

    def __init__(self, **settings: Any) -> None:
        self.now = START
        self.server = FakeApiServer(lambda: self.now)
        self.server.add_namespace("qee")
        for name in ("qee-webhook-ca", "qee-webhook-tls", "qee-result-key"):
            self.server.put(SECRETS, {**_named(SECRETS, name), "type": "Opaque"})
        self.server.put(CONFIG_MAPS, _named(CONFIG_MAPS, "qee-result-pub"))
        webhook = {"name": "quantumjobs.qee.dev", "clientConfig": {"service": {"name": "qee-webhook"}}}
        configuration = {**_named(WEBHOOK_CONFIGURATIONS, "qee-webhook"), "webhooks": [webhook]}
        del configuration["metadata"]["namespace"]
        self.server.put(WEBHOOK_CONFIGURATIONS, configuration)
        self.settings = Settings(namespace="qee", **settings)
        self.keeper = self.started()

    def started(self) -> Keeper:
        """A process that has just begun."""
        keeper = Keeper(self.server, self.settings, now=lambda: self.now)
        keeper.certificates._clock = lambda: self.now.timestamp()
        return keeper

    def object(self, resource: Resource, name: str) -> Object:
        found = self.server.find(resource, "qee" if resource.namespaced else None, name)
        assert found is not None
        return found

    def secret(self, name: str, key: str) -> bytes:
        return base64.b64decode((self.object(SECRETS, name).get("data") or {}).get(key, ""))

    @property
    def leaf(self) -> Pair | None:
        pem = self.secret("qee-webhook-tls", "tls.crt")
        return Pair.read(pem, self.secret("qee-webhook-tls", "tls.key")) if pem else None

    @property
    def authority(self) -> Pair:
        return Pair.read(self.secret("qee-webhook-ca", "ca.crt"), self.secret("qee-webhook-ca", "ca.key"))

    @property
    def trusted(self) -> list[Any]:
        (webhook,) = self.object(WEBHOOK_CONFIGURATIONS, "qee-webhook")["webhooks"]
        assert webhook["name"] == "quantumjobs.qee.dev"
        assert webhook["clientConfig"]["service"] == {"name": "qee-webhook"}
        return read_bundle(base64.b64decode(webhook["clientConfig"].get("caBundle", "")))

    @property
    def published(self) -> str:
        return str((self.object(CONFIG_MAPS, "qee-result-pub").get("data") or {}).get("result.pub", ""))

    @property
    def result_key(self) -> PrivateKey:
        return PrivateKey.from_pem(self.secret("qee-result-key", "result.key"))

    def writes(self) -> list[str]:
        return [str(name) for verb, _, _, name, _ in self.server.requests if verb == "patch"]


def _named(resource: Resource, name: str) -> Object:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": name, "namespace": "qee"},
    }


def always_covered(cluster: Cluster) -> None:
    """After each write: a certificate that may be served is trusted, and a key that may sign is published."""

    def check(*_: Any) -> None:
        leaf = cluster.leaf
        if leaf is not None and not expired(leaf.certificate, cluster.now):
            assert covered(leaf.certificate, cluster.trusted, cluster.now)
        if cluster.secret("qee-result-key", "result.key"):
            assert cluster.result_key.public.pem().strip() in cluster.published

    cluster.server.after.append(check)


async def test_empty_objects_are_filled_once():
    cluster = Cluster()
    always_covered(cluster)
    assert await cluster.keeper.round()
    order = ["qee-webhook-ca", "qee-webhook", "qee-webhook-tls", "qee-result-pub", "qee-result-key"]
    assert cluster.writes() == order
    assert cluster.leaf
    assert covered(cluster.leaf.certificate, [cluster.authority.certificate], cluster.now)
    assert cluster.result_key.public.algorithm.name == "ML-DSA-65"
    for _ in range(3):
        cluster.now += DAY
        assert await cluster.keeper.round()
        assert await cluster.started().round()
    assert cluster.writes() == order


async def test_three_years_pass_without_a_gap():
    cluster = Cluster()
    always_covered(cluster)
    await cluster.keeper.round()
    leaves, authorities = set(), set()
    end = cluster.now + 1100 * DAY
    while cluster.now < end:
        cluster.now += DAY
        assert await cluster.keeper.round()
        await cluster.keeper.round()
        assert cluster.leaf
        leaves.add(cluster.leaf.certificate.serial_number)
        authorities.add(cluster.authority.certificate.serial_number)
        # The kubelet may be days late: what was served a week ago would still do.
        assert cluster.leaf.certificate.not_valid_after_utc - cluster.now > 9 * DAY
        assert covered(cluster.leaf.certificate, cluster.trusted, cluster.now)
        assert len(cluster.trusted) <= 2
    assert len(leaves) == pytest.approx(1100 / 20, abs=3)
    assert len(authorities) == pytest.approx(1100 / 243, abs=1)
    assert cluster.published.count("BEGIN PUBLIC KEY") == 1


async def test_a_new_authority_signs_only_after_api_servers_had_time_to_hear_of_it():
    cluster = Cluster(authority_seconds=3000, leaf_seconds=1000, settle_seconds=60)
    await cluster.keeper.round()
    first = cluster.leaf
    assert first
    cluster.now = START + timedelta(seconds=1999)  # it has expired
    await cluster.keeper.round()
    second = cluster.leaf
    assert second
    cluster.now = START + timedelta(seconds=2700)  # authority due, leaf due, leaf not expired
    assert not expired(second.certificate, cluster.now)
    await cluster.keeper.round()
    assert len(cluster.trusted) == 2
    assert cluster.leaf == second
    cluster.now += timedelta(seconds=59)
    await cluster.started().round()  # a process that began anew waits anew
    await cluster.keeper.round()
    assert cluster.leaf == second
    cluster.now += timedelta(seconds=1)
    await cluster.keeper.round()
    assert cluster.leaf
    assert covered(cluster.leaf.certificate, [cluster.authority.certificate], cluster.now)
    assert cluster.leaf != second


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", range(5))
async def test_killed_at_any_write_the_next_process_goes_on(at: int, done: bool):
    cluster = Cluster()
    always_covered(cluster)
    left = iter(range(at + 1))

    def kill(verb: str, *_: Any) -> None:
        if verb == "patch" and next(left, None) is not None and left.__length_hint__() == 0:
            raise Killed

    hooks = cluster.server.after if done else cluster.server.before
    hooks.append(kill)
    with pytest.raises(Killed):
        await cluster.keeper.round()
    hooks.remove(kill)
    authority = cluster.secret("qee-webhook-ca", "ca.crt")
    assert await cluster.started().round()
    assert cluster.leaf
    assert covered(cluster.leaf.certificate, cluster.trusted, cluster.now)
    assert not authority or authority == cluster.secret("qee-webhook-ca", "ca.crt")
    assert cluster.result_key.public.pem().strip() in cluster.published


@pytest.mark.parametrize("seed", range(6))
async def test_killed_and_doubled_at_random_for_months(seed: int):
    """Two processes take turns, each killed now and then at a write; rotations are asked for; conflicts happen."""
    cluster = Cluster(authority_seconds=90 * 24 * 3600, leaf_seconds=20 * 24 * 3600, settle_seconds=3600)
    always_covered(cluster)
    chance = random.Random(seed)

    def fate(verb: str, *_: Any) -> None:
        if verb != "patch":
            return
        match chance.choice(["", "", "", "killed", "conflict", "unreachable"]):
            case "killed":
                raise Killed
            case "conflict":
                raise Conflict(409, "Conflict", "changed")
            case "unreachable":
                raise ApiError(0, "Unreachable", "gone")

    cluster.server.before.append(fate)
    cluster.server.after.append(fate)
    keepers = [cluster.started(), cluster.started()]
    used: set[str] = set()
    for day in range(240):
        cluster.now += DAY
        if day % 50 == 7:
            secret = cluster.object(SECRETS, "qee-result-key")
            secret["metadata"]["annotations"] = {
                **secret["metadata"].get("annotations", {}),
                "qee.dev/rotate": str(day),
            }
            cluster.server.put(SECRETS, secret)
        for _ in range(4):
            turn = chance.randrange(2)
            try:
                await keepers[turn].round()
            except Killed:
                keepers[turn] = cluster.started()
        if cluster.secret("qee-result-key", "result.key"):
            used.add(cluster.result_key.public.pem().strip())
    assert len(used) >= 4
    assert all(pem in cluster.published for pem in used)


async def test_two_processes_that_read_the_same_write_once():
    cluster = Cluster()
    other = cluster.started()
    met = False

    async def race() -> None:
        await other.round()

    def meanwhile(verb: str, resource: Resource, name: str | None) -> None:
        nonlocal met
        if verb == "patch" and not met:
            met = True
            secret = cluster.object(SECRETS, "qee-webhook-ca")
            cluster.server.put(SECRETS, {**secret, "metadata": {**secret["metadata"], "labels": {"x": "y"}}})

    cluster.server.before.append(meanwhile)
    assert not await cluster.keeper.round()
    assert not cluster.secret("qee-webhook-ca", "ca.crt")
    await race()
    assert await cluster.keeper.round()
    assert [name for name in cluster.writes() if name == "qee-webhook-tls"] == ["qee-webhook-tls"]


async def test_a_ca_bundle_that_was_wiped_is_written_again():
    cluster = Cluster()
    await cluster.keeper.round()
    leaf = cluster.leaf
    configuration = cluster.object(WEBHOOK_CONFIGURATIONS, "qee-webhook")
    del configuration["webhooks"][0]["clientConfig"]["caBundle"]
    cluster.server.put(WEBHOOK_CONFIGURATIONS, configuration)
    await cluster.keeper.round()
    assert cluster.trusted == [cluster.authority.certificate]
    assert cluster.leaf == leaf


async def test_an_authority_that_was_lost_is_replaced_beside_the_old_one():
    cluster = Cluster()
    await cluster.keeper.round()
    always_covered(cluster)
    leaf = cluster.leaf
    cluster.server.put(SECRETS, {**cluster.object(SECRETS, "qee-webhook-ca"), "data": {}})
    await cluster.keeper.round()
    assert len(cluster.trusted) == 2
    assert cluster.leaf == leaf


async def test_a_certificate_for_other_names_is_replaced():
    cluster = Cluster()
    await cluster.keeper.round()
    cluster.settings = Settings(namespace="qee", addresses=["10.0.0.9"])
    await cluster.started().round()
    assert cluster.leaf
    assert "10.0.0.9" in str(cluster.leaf.certificate.extensions)


async def test_the_result_key_is_replaced_when_asked_and_only_then():
    cluster = Cluster()
    always_covered(cluster)
    await cluster.keeper.round()
    first = cluster.result_key.public
    secret = cluster.object(SECRETS, "qee-result-key")
    secret["metadata"]["annotations"] = {"qee.dev/rotate": "2026-02"}
    cluster.server.put(SECRETS, secret)
    await cluster.keeper.round()
    second = cluster.result_key.public
    assert second != first
    for _ in range(3):
        await cluster.keeper.round()
        await cluster.started().round()
    assert cluster.result_key.public == second
    assert [key.pem().strip() in cluster.published for key in (first, second)] == [True, True]
    assert cluster.published.count("BEGIN PUBLIC KEY") == 2


async def test_a_result_key_that_cannot_be_read_is_left_alone_and_told_without_its_text(
    caplog: pytest.LogCaptureFixture,
):
    cluster = Cluster()
    await cluster.keeper.round()
    secret = cluster.object(SECRETS, "qee-result-key")
    secret["data"]["result.key"] = base64.b64encode(b"-----BEGIN PRIVATE KEY-----\nsecretish").decode()
    cluster.server.put(SECRETS, secret)
    with caplog.at_level(logging.INFO):
        assert not await cluster.keeper.round()
    assert "result.key" in caplog.text
    assert "secretish" not in caplog.text
    assert cluster.secret("qee-result-key", "result.key").endswith(b"secretish")


async def test_with_cert_manager_only_the_result_key_is_kept():
    cluster = Cluster(provider="cert-manager")
    assert await cluster.keeper.round()
    assert cluster.writes() == ["qee-result-pub", "qee-result-key"]


async def test_unsigned_results_need_no_key():
    cluster = Cluster(result_key=False)
    assert await cluster.keeper.round()
    assert not cluster.secret("qee-result-key", "result.key")


async def test_what_is_missing_keeps_nothing_else_waiting():
    cluster = Cluster()
    cluster.server.remove(SECRETS, "qee", "qee-webhook-ca")
    assert not await cluster.keeper.round()
    assert not cluster.keeper.converged
    assert cluster.secret("qee-result-key", "result.key")
    cluster.server.put(SECRETS, _named(SECRETS, "qee-webhook-ca"))
    assert await cluster.keeper.round()
    assert cluster.keeper.converged


async def test_no_private_key_is_ever_logged(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        cluster = Cluster()
        await cluster.keeper.round()
    assert "PRIVATE" not in caplog.text
