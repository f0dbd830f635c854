"""The webhook away, slow, talking nonsense, not in the know, stopped and with certificates that change: whatever is
wrong with it, nothing unsigned is stored, and what needs no webhook goes on.
"""

import asyncio
import base64
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster.apiserver import LOOPBACK, free_ports
from tests import builders, signed
from tests.admission import NAME, AdmissionCluster, Webhook, configuration, wait_for

from qee.certs.authority import Pair, is_for, issue, new_authority
from qee.certs.keeper import Keeper
from qee.certs.settings import Settings as CertsSettings
from qee.kube.client import KubeClient, connect
from qee.kube.port import ApiError, NotFound, Object
from qee.kube.resources import CONFIG_MAPS, JOBS, SECRETS, WEBHOOK_CONFIGURATIONS
from qee.signing.keys import PrivateKey

ADA = signed.key("ada")
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[AdmissionCluster]:
    found = AdmissionCluster()
    try:
        found.apply(signed.policy({"ada": ADA}), builders.backend())
        wait_for("the policy is known", lambda: admitted(found))
        yield found
    finally:
        found.close()


@pytest.fixture
async def api(cluster: AdmissionCluster) -> AsyncIterator[KubeClient]:
    client = await connect(str(cluster.server.kubeconfig))
    yield client
    await client.close()


def admitted(cluster: AdmissionCluster, name: str = "probe") -> bool:
    """Whether a signed job passes a dry run."""

    async def asked() -> bool:
        client = await connect(str(cluster.server.kubeconfig))
        try:
            return not await refusal(client, cluster.sign(builders.job(name)))
        finally:
            await client.close()

    with ThreadPoolExecutor(1) as beside:  # also from within a test's own loop
        return beside.submit(lambda: asyncio.run(asked())).result()


async def refusal(api: KubeClient, job: Object) -> str:
    """What a dry run of a creation is refused with; empty: it is not."""
    try:
        await api._json("POST", JOBS.path("default"), {"dryRun": "All"}, body=job)
    except ApiError as error:
        return f"{error.status} {error.reason}: {error.message}"
    return ""


@contextmanager
def pointed_at(cluster: AdmissionCluster, url: str, bundle: bytes, timeout: int = 5) -> Iterator[None]:
    """The API server asks another webhook meanwhile."""
    own = configuration(cluster.webhook.url, cluster.webhook.authority.certificate_pem)
    cluster.apply(configuration(url, bundle, timeout))
    try:
        time.sleep(1)  # the API server hears of it by a watch
        yield
    finally:
        cluster.apply(own)
        wait_for("the webhook is asked again", lambda: admitted(cluster))


async def stored(cluster: AdmissionCluster, api: KubeClient, name: str) -> Object:
    job = builders.job(name)
    job["metadata"]["finalizers"] = ["qee.dev/test"]
    return await api.create(JOBS, "default", cluster.sign(job))


async def what_needs_no_webhook(api: KubeClient, job: Object) -> None:
    """Metadata, suspend, status, finalizers and deletion."""
    name, uid = job["metadata"]["name"], job["metadata"]["uid"]
    await api.patch(JOBS, "default", name, {"metadata": {"labels": {"argo": "x"}}})
    await api.patch(JOBS, "default", name, {"spec": {"suspend": True}})
    await api.patch_status(JOBS, "default", name, {"status": {"phase": "Suspended"}})
    await api.delete(JOBS, "default", name, uid=uid)
    await api.patch(JOBS, "default", name, {"metadata": {"finalizers": None}})
    with pytest.raises(NotFound):
        await api.get(JOBS, "default", name)


async def test_without_the_webhook_nothing_is_created_and_nothing_hangs(cluster: AdmissionCluster, api: KubeClient):
    job = await stored(cluster, api, "orphan")
    other = await stored(cluster, api, "resigned")
    assert cluster.webhook.stop() == 0
    try:
        for each in (builders.job("unsigned"), cluster.sign(builders.job("signed"))):
            with pytest.raises(ApiError) as refused:
                await api.create(JOBS, "default", each)
            assert refused.value.status == 500
            assert "failed calling webhook" in refused.value.message
        again = cluster.sign(builders.job("resigned"))
        with pytest.raises(ApiError, match="failed calling webhook"):
            await api.patch(
                JOBS, "default", "resigned", {"metadata": {"annotations": again["metadata"]["annotations"]}}
            )
        await what_needs_no_webhook(api, job)
        await what_needs_no_webhook(api, other)
    finally:
        cluster.webhook.start()
    await asyncio.to_thread(wait_for, "jobs are admitted again", lambda: admitted(cluster))


async def test_a_webhook_that_hangs_is_a_refusal_within_its_time(cluster: AdmissionCluster, api: KubeClient):
    job = await stored(cluster, api, "patient")
    cluster.webhook.send(signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(ApiError) as refused:
            await api.create(JOBS, "default", cluster.sign(builders.job("slow")))
        assert "failed calling webhook" in refused.value.message
        assert time.monotonic() - started < 8
        await what_needs_no_webhook(api, job)
    finally:
        cluster.webhook.send(signal.SIGCONT)
    await asyncio.to_thread(wait_for, "jobs are admitted again", lambda: admitted(cluster))


Reply = Callable[[bytes], tuple[int, bytes]]


@contextmanager
def stub(tmp_path: Path, reply: Reply) -> Iterator[tuple[str, bytes]]:
    """A TLS server that answers every POST with `reply`; its URL and authority."""
    now = datetime.now(UTC)
    authority = new_authority(now, 3 * DAY)
    pair = issue(authority, [LOOPBACK], now, DAY)
    both = tmp_path / "stub.pem"
    both.write_bytes(pair.certificate_pem + pair.key_pem)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://{LOOPBACK}:{server.server_port}/validate", authority.certificate_pem
    finally:
        server.shutdown()
        server.server_close()


def _answer(uid: str, **response: Any) -> bytes:
    body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": uid, **response}}
    return json.dumps(body).encode()


def _uid(request: bytes) -> str:
    return str(json.loads(request)["request"]["uid"])


NONSENSE: dict[str, Reply] = {
    "empty": lambda _: (200, b""),
    "no JSON": lambda _: (200, b"<html>allowed</html>"),
    "an empty object": lambda _: (200, b"{}"),
    "no response": lambda _: (200, b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}'),
    "another review's answer": lambda _: (200, _answer("00000000-0000-0000-0000-000000000000", allowed=True)),
    "allowed as text": lambda request: (200, _answer(_uid(request), allowed="yes")),
    "neither yes nor no": lambda request: (200, _answer(_uid(request))),
    "an allow under an error": lambda request: (500, _answer(_uid(request), allowed=True)),
    "an allow under not found": lambda request: (404, _answer(_uid(request), allowed=True)),
    "what was asked": lambda request: (200, request),
}


async def test_nonsense_is_a_refusal(cluster: AdmissionCluster, api: KubeClient, tmp_path: Path):
    current: list[Reply] = []
    with stub(tmp_path, lambda request: current[0](request)) as (url, bundle), pointed_at(cluster, url, bundle):
        current[:] = [lambda request: (200, _answer(_uid(request), allowed=True))]
        assert not await refusal(api, builders.job("x")), "the stub is asked, and a whole answer counts"
        for name, reply in NONSENSE.items():
            current[:] = [reply]
            assert await refusal(api, cluster.sign(builders.job("x"))), name


async def test_what_a_mutating_webhook_has_changed_is_judged_as_changed(
    cluster: AdmissionCluster, api: KubeClient, tmp_path: Path
):
    patches: list[list[Object]] = []

    def mutate(request: bytes) -> tuple[int, bytes]:
        patch = base64.b64encode(json.dumps(patches[0]).encode()).decode()
        return 200, _answer(_uid(request), allowed=True, patchType="JSONPatch", patch=patch)

    with stub(tmp_path, mutate) as (url, bundle):
        mutating = configuration(url, bundle)
        mutating |= {"kind": "MutatingWebhookConfiguration", "metadata": {"name": "mutating"}}
        cluster.apply(mutating)
        try:
            patches[:] = [[{"op": "replace", "path": "/spec/shots", "value": 7}]]
            async with asyncio.timeout(10):
                while not (told := await refusal(api, cluster.sign(builders.job("x")))):
                    await asyncio.sleep(0.1)
            assert told.startswith("403 SpecMismatch")
            assert "spec.shots: signed 100, found 7" in told
            patches[:] = [[{"op": "add", "path": "/metadata/labels", "value": {"sidecar.example.com/inject": "no"}}]]
            assert not await refusal(api, cluster.sign(builders.job("x")))
        finally:
            cluster.server.kubectl("delete", "mutatingwebhookconfiguration", "mutating")
    await asyncio.to_thread(wait_for, "nothing is changed any more", lambda: admitted(cluster))


async def test_another_path_is_not_an_answer(cluster: AdmissionCluster, api: KubeClient):
    webhook = cluster.webhook
    for path in ("/", "/validate/x", "/mutate", "/healthz"):
        url = f"https://{LOOPBACK}:{webhook.port}{path}"
        with pointed_at(cluster, url, webhook.authority.certificate_pem):
            assert "failed calling webhook" in await refusal(api, cluster.sign(builders.job("x"))), path


async def test_a_certificate_of_another_authority_is_a_refusal(cluster: AdmissionCluster, api: KubeClient):
    other = new_authority(datetime.now(UTC), DAY).certificate_pem
    with pointed_at(cluster, cluster.webhook.url, other):
        assert "certificate" in await refusal(api, cluster.sign(builders.job("x")))


async def test_a_webhook_that_knows_no_policies_admits_nothing(
    cluster: AdmissionCluster, api: KubeClient, tmp_path: Path
):
    """Its own way to the API server is cut; the API server's way to it is not."""
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(cluster.server.kubeconfig.read_text().replace(cluster.server.url, f"https://{LOOPBACK}:9"))

    class Cut:
        kubeconfig = nowhere

    lost = Webhook(Cut())  # type: ignore[arg-type]
    try:
        lost.start(ready=False)
        await asyncio.to_thread(wait_for, "it lives", lambda: lost.probe("healthz")[0] == 200)
        assert lost.probe("readyz")[0] == 503
        with pointed_at(cluster, lost.url, lost.authority.certificate_pem):
            told = await refusal(api, cluster.sign(builders.job("x")))
        assert told.startswith("503 WebhookNotSynced")
        assert "QuantumTrustPolicies" in told
    finally:
        lost.close()


async def test_the_api_server_goes_away_and_comes_back(cluster: AdmissionCluster, api: KubeClient):
    cluster.server.restart()  # not in another thread: the process ends with the thread that started it
    await asyncio.to_thread(wait_for, "jobs are admitted again", lambda: admitted(cluster))
    cluster.apply(signed.policy([signed.entry("ada", ADA, state="Revoked")], name="after"))
    try:
        await asyncio.to_thread(wait_for, "a policy that came later is known", lambda: not admitted(cluster))
    finally:
        cluster.server.kubectl("delete", "quantumtrustpolicy", "after")
    await asyncio.to_thread(wait_for, "jobs are admitted again", lambda: admitted(cluster))


async def test_stopping_loses_no_request(cluster: AdmissionCluster, api: KubeClient):
    """While the Service still sends requests they are answered, and the probe already says no more."""
    leaving = Webhook(cluster.server, drainSeconds=1.5).start()
    try:
        with pointed_at(cluster, leaving.url, leaving.authority.certificate_pem):
            job = cluster.sign(builders.job("x"))
            assert not await refusal(api, job)
            leaving.send(15)
            until = time.monotonic() + 1.2
            answered = 0
            while time.monotonic() < until:
                assert not await refusal(api, job)
                answered += 1
            assert answered > 3
            assert leaving.probe("readyz")[0] == 503
            assert leaving.process is not None
            assert await asyncio.to_thread(leaving.process.wait, 10) == 0
    finally:
        leaving.close()


def test_without_its_libraries_it_does_not_start(cluster: AdmissionCluster, tmp_path: Path):
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({"tlsDirectory": str(cluster.webhook.tls)}))
    env = {"PATH": "/usr/bin", "PYTHONPATH": "operator", "OQS_INSTALL_PATH": str(tmp_path), "HOME": str(tmp_path)}
    script = (
        "import sys, ctypes.util; ctypes.util.find_library = lambda name: None;"
        f"from qee.webhook.__main__ import main; main(['--config', {str(config)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "liboqs is not installed" in done.stderr
    assert not list(tmp_path.glob("_oqs*")), "it has not begun to build one"


def test_without_a_certificate_it_does_not_start(cluster: AdmissionCluster, tmp_path: Path):
    webhook = Webhook(cluster.server, tlsDirectory=str(tmp_path))
    try:
        webhook.start(ready=False)
        assert webhook.process is not None
        assert webhook.process.wait(20) == 1
        assert "tls.crt" in webhook.log
    finally:
        webhook.close()


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"", 400), (b"{}", 400), (b"[" * 100_000, 400), (b" " * (3 * 1024 * 1024 + 1), 413)],
    ids=["empty", "no review", "nested", "too large"],
)
def test_over_tls_whatever_is_no_review_gets_no_answer(cluster: AdmissionCluster, data: bytes, status: int):
    context = ssl.create_default_context(cadata=cluster.webhook.authority.certificate_pem.decode())
    request = urllib.request.Request(cluster.webhook.url, data=data, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, context=context, timeout=10)
    assert refused.value.code == status


def test_tls_1_2_is_not_spoken(cluster: AdmissionCluster):
    context = ssl.create_default_context(cadata=cluster.webhook.authority.certificate_pem.decode())
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(cluster.webhook.url, context=context, timeout=10)


async def test_the_key_exchange_is_hybrid_where_openssl_knows_how(cluster: AdmissionCluster, api: KubeClient):
    """The API server's own connections. Images have OpenSSL 3.5; with an older one the exchange is classical."""
    assert not await refusal(api, cluster.sign(builders.job("x")))
    groups = re.findall(r'qee_admission_tls_handshakes_total\{group="(.*)"\}', cluster.webhook.probe("metrics")[1])
    newest = "X25519MLKEM768" if ssl.OPENSSL_VERSION_INFO >= (3, 5) else "x25519"
    assert set(groups) == {newest}


async def test_the_certs_process_fills_what_is_empty_and_ends_when_told(cluster: AdmissionCluster, api: KubeClient):
    space = "qee-certs-alone"
    meta = {"name": "qee-result-pub", "namespace": space}
    secrets = [_empty(SECRETS, name, space) for name in ("qee-webhook-ca", "qee-webhook-tls", "qee-result-key")]
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}, *secrets, config_map)
    with certs_process(cluster, space) as (process, health):
        await asyncio.to_thread(wait_for, "it has done its work", lambda: _status(health) == 200)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 10) == 0
    tls = (await api.get(SECRETS, space, "qee-webhook-tls"))["data"]
    pair = Pair.read(base64.b64decode(tls["tls.crt"]), base64.b64decode(tls["tls.key"]))
    assert is_for(pair.certificate, [f"qee-webhook.{space}.svc", f"qee-webhook.{space}.svc.cluster.local"])
    assert not await refusal(api, cluster.sign(builders.job("x"))), "the authority that was trusted before still is"


async def test_the_certs_process_outlasts_an_api_server_that_is_away(cluster: AdmissionCluster, tmp_path: Path):
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(cluster.server.kubeconfig.read_text().replace(cluster.server.url, f"https://{LOOPBACK}:9"))
    with certs_process(cluster, "qee", kubeconfig=nowhere) as (process, health):
        await asyncio.to_thread(wait_for, "it answers", lambda: _status(health) == 503)
        await asyncio.sleep(3)
        assert process.poll() is None
        process.terminate()
        assert await asyncio.to_thread(process.wait, 10) == 0


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextmanager
def certs_process(
    cluster: AdmissionCluster, namespace: str, *, kubeconfig: Path | None = None, **settings: Any
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`python -m qee.certs`, and the URL that tells whether it has done its work."""
    (port,) = free_ports(1)
    file = cluster.webhook.tls.parent / "certs.yaml"
    file.write_text(json.dumps({"namespace": namespace, "host": LOOPBACK, "port": port, **settings}))
    env = {**os.environ, "PYTHONPATH": "operator", "KUBECONFIG": str(kubeconfig or cluster.server.kubeconfig)}
    process = subprocess.Popen([sys.executable, "-m", "qee.certs", "--config", str(file)], env=env)
    try:
        yield process, f"http://{LOOPBACK}:{port}/readyz"
    finally:
        process.kill()
        process.wait()


class Rotation:
    """The certs process with lifetimes of seconds against the real API server, and a kubelet that is a second late."""

    def __init__(self, api: KubeClient, webhook: Webhook, **settings: Any) -> None:
        self.api, self.webhook = api, webhook
        self.settings = CertsSettings(namespace="qee", addresses=[LOOPBACK], **settings)
        self.keeper = Keeper(api, self.settings)
        self.leaves: set[int] = set()
        self.authorities: set[str] = set()

    async def kubelet(self, lag: float) -> None:
        while True:
            secret = (await self.api.get(SECRETS, "qee", "qee-webhook-tls")).get("data") or {}
            if "tls.crt" in secret:
                pair = Pair.read(base64.b64decode(secret["tls.crt"]), base64.b64decode(secret["tls.key"]))
                await asyncio.sleep(lag)
                if pair.certificate.serial_number not in self.leaves:
                    self.leaves.add(pair.certificate.serial_number)
                    self.authorities.add(pair.certificate.issuer.rfc4514_string())
                    self.webhook.lay(pair)
            await asyncio.sleep(0.2)


async def handshake(api: KubeClient, webhook: Webhook) -> str:
    """What a new connection finds wrong that trusts caBundle as it is; empty: nothing. API servers keep theirs."""
    live = await api.get(WEBHOOK_CONFIGURATIONS, None, NAME)
    bundle = base64.b64decode(live["webhooks"][0]["clientConfig"]["caBundle"])
    context = ssl.create_default_context(cadata=bundle.decode())
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, webhook.port, ssl=context)
    except OSError as error:
        return str(error)
    writer.close()
    return ""


def _empty(resource: Any, name: str, namespace: str = "qee") -> Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta}


async def test_certificates_rotate_under_load_and_no_job_is_wrongly_judged(cluster: AdmissionCluster, api: KubeClient):
    """Two keepers at a time replace leaf and authority several times; each signed job passes, no other does."""
    secrets = [_empty(SECRETS, name) for name in ("qee-webhook-ca", "qee-webhook-tls", "qee-result-key")]
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "qee"}}
    cluster.apply(space, *secrets, _empty(CONFIG_MAPS, "qee-result-pub"))
    own = configuration(cluster.webhook.url, cluster.webhook.authority.certificate_pem)
    # What is served at first counts as an authority's that is to be replaced: it is in caBundle, and stays there.
    lifetimes = {"authority_seconds": 42, "leaf_seconds": 14, "settle_seconds": 1.0, "interval_seconds": 0.3}
    rotation = Rotation(api, cluster.webhook, **lifetimes)
    stop = asyncio.Event()
    keepers = [rotation.keeper, Keeper(api, rotation.settings)]
    work = [asyncio.create_task(keeper.run(stop)) for keeper in keepers]
    work.append(asyncio.create_task(rotation.kubelet(lag=1.0)))
    wrong: list[str] = []
    counts = {"signed": 0, "unsigned": 0}
    good, bad = cluster.sign(builders.job("x")), builders.job("x")
    until = time.monotonic() + 50
    try:
        while time.monotonic() < until:
            told = await refusal(api, good)
            counts["signed"] += 1
            if told:
                wrong.append(told)
            told = await refusal(api, bad)
            counts["unsigned"] += 1
            if not told.startswith("403 SignatureMissing"):
                wrong.append(told or "admitted unsigned")
            if told := await handshake(api, cluster.webhook):
                wrong.append(told)
            await asyncio.sleep(0.01)
    finally:
        stop.set()
        work[-1].cancel()
        ended = await asyncio.gather(*work, return_exceptions=True)
        now = datetime.now(UTC)
        cluster.webhook.lay(issue(cluster.webhook.authority, [LOOPBACK], now, DAY))
        cluster.apply(own)
    assert [each for each in ended[:2] if each is not None] == []
    assert not wrong, (len(wrong), wrong[:3])
    assert len(rotation.leaves) >= 4
    assert len(rotation.authorities) >= 2
    assert min(counts.values()) > 100
    published = (await api.get(CONFIG_MAPS, "qee", "qee-result-pub"))["data"]["result.pub"]
    secret = await api.get(SECRETS, "qee", "qee-result-key")
    key = PrivateKey.from_pem(base64.b64decode(secret["data"]["result.key"]))
    assert key.public.pem().strip() in published
    assert (await api.get(WEBHOOK_CONFIGURATIONS, None, NAME))["webhooks"][0]["failurePolicy"] == "Fail"
