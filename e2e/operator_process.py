"""An operator as a process on this machine, outside the cluster: to be killed, cut off and started again."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster.apiserver import free_ports
from e2e.cluster.cache import CHECKOUT

# A container that a busy node fails to make at first is made in the end, and no test waits for one that is not.
PATIENCE = {"queued": 2.0, "missing": 4.0, "image": 6.0, "configuration": 60.0, "unstarted": 6.0, "linger": 6.0}


class OperatorProcess:
    """`start` returns when it watches. `settings` are keys of the settings file, over short waits for tests.

    `script` runs in place of `python -m qee.app`: a wrapper that plants a fault. `checkout`: whose operator it is, run
    by that checkout's Python.
    """

    def __init__(
        self,
        kubeconfig: Path,
        images: Mapping[str, str],
        script: Path | None = None,
        settings: Mapping[str, Any] | None = None,
        checkout: Path = CHECKOUT,
    ) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="qee-operator-")
        self._kubeconfig = kubeconfig
        python = sys.executable if checkout == CHECKOUT else str(checkout / ".venv/bin/python")
        self._command = [python, *([str(script)] if script else ["-m", "qee.app"])]
        self._source = checkout / "operator"
        self._settings = {
            "runner": {"images": dict(images)},
            "patience": PATIENCE,
            "resyncSeconds": 5,
            "verification": {"withoutPolicy": "Allow"},
            **(settings or {}),
        }
        self.log = Path(self._directory.name) / "operator.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *, wait: bool = True) -> "OperatorProcess":
        self.port, self.metrics_port = free_ports(2)
        path = Path(self._directory.name) / "settings.yaml"
        path.write_text(yaml.safe_dump({**self._settings, "port": self.port, "metricsPort": self.metrics_port}))
        environment = {**os.environ, "KUBECONFIG": str(self._kubeconfig), "PYTHONPATH": str(self._source)}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "--config", str(path), "--log-format", "text"],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds: float = 240) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"the operator ended:\n{self.log.read_text()[-4000:]}")
            with contextlib.suppress(urllib.error.URLError, OSError), self.get("/readyz") as answer:
                if answer.status == 200:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"the operator is not ready:\n{self.log.read_text()[-4000:]}")

    def get(self, path: str, port: int | None = None, seconds: float = 30) -> Any:
        return urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}{path}", timeout=seconds)

    def metrics(self) -> str:
        text: str = self.get("/metrics", self.metrics_port).read().decode()
        return text

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is released."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self.wait()

    def kill_now(self) -> None:
        """SIGKILL without waiting for the end, from within a request of that very process."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)  # none to another process of that number, once it has ended

    def stop(self) -> int:
        """SIGTERM, as the kubelet stops a pod; the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        return self.wait()

    def wait(self, seconds: float = 120) -> int:
        assert self._process is not None
        return self._process.wait(seconds)

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> "OperatorProcess":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._directory.cleanup()
