"""The webhook as a process on loopback, registered with a real API server, for tests."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from e2e.cluster.apiserver import LOOPBACK, ApiServer, free_ports
from tests import signed

from qee.api import names
from qee.certs.authority import Pair, issue, new_authority
from qee.kube.port import Object
from qee.schema.match_conditions import match_conditions

CHECKOUT = Path(__file__).parents[1]
NAME, HOOK = "qee-webhook", "quantumjobs.qee.dev"
SECONDS = 20.0


def wait_for(what: str, condition: Callable[[], Any], seconds: float = SECONDS) -> None:
    """Look again and again; AssertionError where it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def configuration(url: str, bundle: bytes = b"", timeout: int = 5) -> Object:
    """As the chart makes it, but for the URL in place of a Service."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": NAME},
        "webhooks": [
            {
                "name": HOOK,
                "clientConfig": {"url": url, **({"caBundle": base64.b64encode(bundle).decode()} if bundle else {})},
                "rules": [
                    {
                        "apiGroups": [names.GROUP],
                        "apiVersions": [names.VERSION],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": [names.PLURAL_JOB],
                        "scope": "Namespaced",
                    }
                ],
                "failurePolicy": "Fail",
                "matchPolicy": "Equivalent",
                "sideEffects": "None",
                "timeoutSeconds": timeout,
                "admissionReviewVersions": ["v1"],
                "matchConditions": match_conditions(),
            }
        ],
    }


class Webhook:
    """`python -m qee.webhook` with a certificate of its own.

    Settings in camelCase are added to its file. `log` is what it has written.
    """

    def __init__(self, server: ApiServer, log_level: str = "debug", **settings: Any) -> None:
        self._server = server
        self._log_level = log_level
        self._directory = tempfile.TemporaryDirectory(prefix="qee-webhook-")
        self.port, self.health_port = free_ports(2)
        self.tls = Path(self._directory.name, "tls")
        self.tls.mkdir()
        now = datetime.now(UTC)
        self.authority = new_authority(now, timedelta(days=3))
        self.lay(issue(self.authority, [LOOPBACK], now, timedelta(days=1)))
        self._settings = {
            "tlsDirectory": str(self.tls),
            "host": LOOPBACK,
            "port": self.port,
            "healthPort": self.health_port,
            "drainSeconds": 0,
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}/validate"

    @property
    def log(self) -> str:
        return Path(self._directory.name, "log").read_text()

    def lay(self, pair: Pair) -> None:
        """Give it another certificate; the key first, so that for a moment the two do not match."""
        for name, data in (("tls.key", pair.key_pem), ("tls.crt", pair.certificate_pem)):
            fresh = self.tls / f".{name}"
            fresh.write_bytes(data)
            fresh.rename(self.tls / name)

    def start(self, *, ready: bool = True) -> "Webhook":
        config = Path(self._directory.name, "config.yaml")
        config.write_text(yaml.safe_dump(self._settings))
        command = [sys.executable, "-m", "qee.webhook", "--config", str(config), "--log-level", self._log_level]
        env = {**os.environ, "PYTHONPATH": str(CHECKOUT / "operator"), "KUBECONFIG": str(self._server.kubeconfig)}
        with Path(self._directory.name, "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        try:
            if ready:
                wait_for("the webhook is ready", self.ready)
        except AssertionError:
            self.close()
            raise
        return self

    def ready(self) -> bool:
        """Raises AssertionError with the log where the process has ended."""
        if self.process is None or self.process.poll() is not None:
            raise AssertionError(self.log)
        return self.probe("readyz")[0] == 200

    def probe(self, path: str) -> tuple[int, str]:
        """Status and text of a health endpoint; status 0: no answer."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.health_port}/{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def reviews(self, **labels: str) -> int:
        """How many AdmissionReviews were answered, with these labels."""
        total = 0.0
        for line in self.probe("metrics")[1].splitlines():
            found = re.fullmatch(r"qee_admission_reviews_total\{(.*)\} (.*)", line)
            if found and labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', found[1])).items():
                total += float(found[2])
        return int(total)

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(number)
        return self.process.wait(timeout=SECONDS)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop(signal.SIGKILL)
        self._directory.cleanup()


class AdmissionCluster:
    """An API server with the CRDs, whose QuantumJobs a webhook admits."""

    def __init__(self, **settings: Any) -> None:
        self.server = ApiServer().start()
        crds = CHECKOUT / "crds"
        self.server.kubectl("apply", "--server-side", "-f", str(crds))
        self.server.kubectl("wait", "--for=condition=Established", "-f", str(crds), "--timeout=30s")
        self.uid = self.server.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
        self.webhook = Webhook(self.server, **settings).start()
        self.apply(configuration(self.webhook.url, self.webhook.authority.certificate_pem))

    def apply(self, *objects: Object) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.server.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=json.dumps(listed))

    def sign(self, job: Object, *keys: Any, **fields: Any) -> Object:
        """Signed for this cluster, by ada unless told otherwise."""
        return signed.sign_job(job, keys or (signed.key("ada"),), **{"audiences": [self.uid], **fields})

    def close(self) -> None:
        self.webhook.close()
        self.server.stop()
