"""`python -m qee.webhook` on loopback, for an API server on loopback."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from e2e.cluster import liboqs, pki
from e2e.cluster.apiserver import LOOPBACK, free_ports
from e2e.cluster.cache import CHECKOUT
from qee.api import names
from qee.api.match_conditions import match_conditions
from qee.kube.port import Object

READY_SECONDS = 60


class Webhook:
    """One process, ready on entry and gone on exit."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig
        self._directory = Path(tempfile.mkdtemp(prefix="qee-webhook-"))
        self._port, self._health = free_ports(2)

    def __enter__(self) -> "Webhook":
        pki.create(self._directory / "pki", [LOOPBACK], {})
        for made, served in (("server.crt", "tls.crt"), ("server.key", "tls.key")):
            shutil.copyfile(self._directory / "pki" / made, self._directory / served)
        settings = {
            "tlsDirectory": str(self._directory),
            "host": LOOPBACK,
            "port": self._port,
            "healthPort": self._health,
            "drainSeconds": 0,
        }
        path = self._directory / "settings.yaml"
        path.write_text(json.dumps(settings))
        liboqs.provide()
        environment = {**os.environ, "KUBECONFIG": str(self._kubeconfig), "PYTHONPATH": str(CHECKOUT / "operator")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "qee.webhook", "--config", str(path)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def log(self) -> Path:
        return self._directory / "webhook.log"

    @property
    def pid(self) -> int:
        return self._process.pid

    def configuration(self, namespace: str) -> Object:
        """What makes the API server ask for the jobs of one namespace, and of no other."""
        authority = (self._directory / "pki/ca.crt").read_bytes()
        asked = {
            "name": f"{names.PLURAL_JOB}.{names.GROUP}",
            "clientConfig": {
                "url": f"https://{LOOPBACK}:{self._port}/validate",
                "caBundle": base64.b64encode(authority).decode(),
            },
            "rules": [
                {
                    "apiGroups": [names.GROUP],
                    "apiVersions": [names.VERSION],
                    "resources": [names.PLURAL_JOB],
                    "operations": ["CREATE", "UPDATE"],
                }
            ],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "matchConditions": match_conditions(),
            "matchPolicy": "Equivalent",
            "failurePolicy": "Fail",
            "timeoutSeconds": 5,
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        return {"metadata": {"name": "qee-bench"}, "webhooks": [asked]}

    def reviews(self) -> int:
        """AdmissionReviews answered so far."""
        return round(self._sum("qee_admission_reviews_total"))

    def mean_ms(self) -> float:
        """From a whole AdmissionReview to its answer, on average of all so far."""
        answered = self._sum("qee_admission_duration_seconds_count")
        return 1000 * self._sum("qee_admission_duration_seconds_sum") / answered

    def _sum(self, sample: str) -> float:
        families = text_string_to_metric_families(self._get("/metrics"))
        return sum(each.value for family in families for each in family.samples if each.name == sample)

    def _get(self, path: str) -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{LOOPBACK}:{self._health}{path}", timeout=5) as answer:
            text: str = answer.read().decode()
        return text

    def _wait(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                self._get("/readyz")
                return
            time.sleep(0.05)
        raise RuntimeError(f"the webhook is not ready:\n{self.log.read_text()[-4000:]}")
