"""A Git repository on this machine, and an Application of Argo CD that brings it to a cluster."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from e2e.cluster.argocd import ArgoCD
from e2e.kubernetes import PATIENT, Object

WHO = ("-c", "user.name=e2e", "-c", "user.email=e2e@example.com", "-c", "commit.gpgsign=false")
REFRESH = "argocd.argoproj.io/refresh"


class Repository:
    """One branch, whose directory `jobs` holds one file for each object."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._git("init", "--quiet", "--initial-branch=main")
        (directory / "jobs").mkdir()

    @property
    def url(self) -> str:
        return f"file://{self.directory}"

    def commit(self, *objects: Object) -> str:
        """Adds the objects, in place of files of the same names; the commit."""
        for each in objects:
            (self.directory / f"jobs/{each['metadata']['name']}.json").write_text(json.dumps(each, indent=1))
        self._git("add", "--all")
        self._git(*WHO, "commit", "--quiet", "--allow-empty", "--message=jobs")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(self.directory), *words], check=True, capture_output=True, text=True
        ).stdout


class Application:
    """What Argo CD thinks of a repository's objects in one namespace."""

    def __init__(self, argo: ArgoCD, manifest: Object) -> None:
        self._argo = argo
        self._manifest = manifest
        self.name = str(manifest["metadata"]["name"])

    def set_options(self, options: list[str]) -> None:
        """Other options of synchronisation than the manifest's; before `create`."""
        self._manifest["spec"]["syncPolicy"] = {**self._manifest["spec"]["syncPolicy"], "syncOptions": options}

    def create(self) -> None:
        self._argo.kubectl("create", "--filename=-", input=json.dumps(self._manifest))

    def delete(self) -> None:
        """What it brought to the cluster stays."""
        self._argo.kubectl("delete", "application", self.name, "--ignore-not-found")

    def read(self) -> Object:
        found: Object = json.loads(self._argo.kubectl("get", "application", self.name, "--output=json"))
        return found

    def refresh(self, *, hard: bool = False) -> Object:
        """The Application once Argo CD has compared it anew with the newest commit; `hard`: manifests are made anew."""
        before = self.read().get("status", {}).get("reconciledAt", "")
        while before == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()):
            time.sleep(0.1)  # reconciledAt has whole seconds
        kind = "hard" if hard else "normal"
        self._argo.kubectl("annotate", "application", self.name, f"{REFRESH}={kind}", "--overwrite")

        def compared(raw: Object) -> bool:
            waits = REFRESH in raw["metadata"].get("annotations", {})
            return not waits and raw.get("status", {}).get("reconciledAt", "") > before

        return self.until(compared, "a comparison")

    def until(self, true: Callable[[Object], Any], what: str, seconds: float = PATIENT) -> Object:
        """The Application once that holds."""
        end = time.monotonic() + seconds
        while not true(raw := self.read()):
            if time.monotonic() > end:
                status = json.dumps(raw.get("status"), indent=1)
                raise TimeoutError(f"waited {seconds:g} s in vain for {what}: {status}\n{self._argo.log()[-4000:]}")
            time.sleep(0.3)
        return raw

    def synced(self, commit: str) -> Object:
        """The Application once an operation has brought this commit to the cluster."""

        def look(raw: Object) -> bool:
            operation = raw.get("status", {}).get("operationState", {})
            done = operation.get("phase") == "Succeeded" and operation.get("syncResult", {}).get("revision") == commit
            return done and raw["status"]["sync"] == {**raw["status"]["sync"], "status": "Synced", "revision": commit}

        return self.until(look, f"commit {commit} to be Synced")

    def refused(self, commit: str, name: str) -> str:
        """Why the object of that commit could not be applied. Argo CD may go on trying."""

        def look(raw: Object) -> Any:
            result = raw.get("status", {}).get("operationState", {}).get("syncResult", {})
            for each in result.get("resources", []):
                if (result["revision"], each["name"], each["status"]) == (commit, name, "SyncFailed"):
                    return each["message"]
            return None

        return str(look(self.until(look, f"{name} of {commit} to be refused")))

    def healthy(self, name: str, status: str) -> str:
        """The message of the object's health, once it has this status."""

        def look(raw: Object) -> Any:
            for each in raw.get("status", {}).get("resources", []):
                health = each.get("health", {})
                if each["name"] == name and health.get("status") == status:
                    return health
            return None

        return str(look(self.until(look, f"{name} to be {status}")).get("message", ""))
