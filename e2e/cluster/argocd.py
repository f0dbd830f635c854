"""Argo CD, built from source: its repository server and its controller as processes beside a cluster."""

import json
import platform
import re
import secrets
import shutil
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from e2e.cluster import binaries, debian
from e2e.cluster.apiserver import LOOPBACK, START_SECONDS, free_ports, own_directory
from e2e.cluster.cache import digest, entry
from e2e.cluster.clients import kubectl
from e2e.cluster.files import settle
from e2e.cluster.processes import Daemon, stop, wait
from e2e.cluster.steps import ClusterError, step

MODULE = Path(__file__).with_name("argo-cd")
NAME = "github.com/argoproj/argo-cd/v3"
# Not the package redis-server, which starts a Redis at once: redis-tools has the program too, under another name.
PACKAGES = {"git": "git", "redis-tools": "redis-check-rdb"}
CONTROLLER, REPOSITORIES = "argocd-application-controller", "argocd-repo-server"
# The controller shows metrics and a profiler on all addresses, and has no flag for it.
ALL_ADDRESSES, ONE_ADDRESS = ('"0.0.0.0:%d", metricsPort', f'"{LOOPBACK}:%d", metricsPort')
LISTENS = "controller/appcontroller.go"

NAMESPACE = "argocd"
ACCOUNT = "argocd-application-controller"
PART_OF = {"app.kubernetes.io/part-of": "argocd"}  # what Argo CD looks for its settings by
CRDS = [f"{kind}.argoproj.io" for kind in ("applications", "applicationsets", "appprojects")]
TOKEN_HOURS = 12

Object = dict[str, Any]


def version() -> str:
    """The version that go.mod pins, e.g. `v3.2.3`."""
    found = re.search(rf"^\s*(?:require )?{NAME} (v[\d.]+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ClusterError(f"{MODULE / 'go.mod'} does not require {NAME}: restore it from git.")
    return found[1]


@cache
def programs() -> Path:
    """The directory of Argo CD's one program under the names it goes by, and of its CRDs (`crds`)."""
    flags = ["-ldflags", f"-s -w -X {NAME}/common.version={version().removeprefix('v')}"]
    key = digest(MODULE, ALL_ADDRESSES, ONE_ADDRESS, *flags, platform.machine())
    return entry("argo-cd", key, lambda place: _build(place, flags))


def _build(place: Path, flags: list[str]) -> None:
    """From a copy of the source in which the metrics are on loopback."""
    with binaries.go_source(MODULE, NAME) as archive:
        archive.extractall(place)
    source = place / f"{NAME}@{version()}"
    listens = (source / LISTENS).read_text()
    if ALL_ADDRESSES not in listens:
        raise ClusterError(
            f"{LISTENS} of Argo CD {version()} has no {ALL_ADDRESSES}: see where its metrics listen now."
        )
    (source / LISTENS).write_text(listens.replace(ALL_ADDRESSES, ONE_ADDRESS))
    (place / "tools.mod").write_text(f"{(MODULE / 'go.mod').read_text()}\nreplace {NAME} => {source}\n")
    shutil.copy(MODULE / "go.sum", place / "tools.sum")
    what = f"Argo CD {version()}, about 6 minutes on two cores"
    binaries.go_build(MODULE, place, [f"-modfile={place / 'tools.mod'}", *flags], ["tool"], what, gigabytes=5)
    (source / "manifests/crds").rename(place / "crds")
    shutil.rmtree(place / NAME.partition("/")[0])
    for left in place.glob("tools.*"):
        left.unlink()
    (place / "cmd").rename(place / CONTROLLER)
    (place / REPOSITORIES).symlink_to(CONTROLLER)


class ArgoCD:
    """On free loopback ports, gone with the process that started it; `stop` also takes its objects off the cluster.

    It acts with one service account, ACCOUNT, which may read everything and write nothing: a test grants the rest, as
    an administrator would. It looks only at the kinds that this project has to do with.
    """

    def __init__(self, kubeconfig: Path, settings: Mapping[str, str]) -> None:
        """settings: entries of the ConfigMap argocd-cm, beside the ones that are always there."""
        self.kubeconfig = kubeconfig
        self._settings = settings
        self._directory = own_directory("argo-cd-run")
        self._own = self._directory / "kubeconfig"
        self.server = ""
        """The cluster's address: what an Application has as `destination.server`."""

    def start(self) -> "ArgoCD":
        debian.need(PACKAGES)
        made = programs()
        with step("Starting Argo CD"):
            self._install(made / "crds")
            redis, *daemons = self._daemons(made)
            redis.ensure()
            wait("Redis", lambda: _listens(self._ports[0]), [redis], START_SECONDS)
            for daemon in daemons:
                daemon.ensure()
            wait("Argo CD", lambda: all(map(_listens, self._ports)), [redis, *daemons], START_SECONDS)
        return self

    def stop(self) -> None:
        """May be called again, and finishes what it finds."""
        for name in (CONTROLLER, REPOSITORIES, "redis"):
            stop(self._directory, name)
        self._remove()
        shutil.rmtree(self._directory, ignore_errors=True)

    def kubectl(self, *words: str, input: str | None = None) -> str:
        return kubectl(self.kubeconfig, "--namespace", NAMESPACE, *words, input=input)

    def log(self) -> str:
        """What the controller wrote."""
        return (self._directory / f"{CONTROLLER}.log").read_text(errors="replace")

    def _install(self, crds: Path) -> None:
        self._remove()  # what a killed run left
        self.kubectl("create", "namespace", NAMESPACE)
        self.kubectl("apply", "--server-side", "--kustomize", str(crds))
        wait("Argo CD's CRDs", self._has_crds, [], START_SECONDS)
        self.kubectl("create", "serviceaccount", ACCOUNT)
        token = self.kubectl("create", "token", ACCOUNT, f"--duration={TOKEN_HOURS}h").strip()
        admin = json.loads(self.kubectl("config", "view", "--minify", "--raw", "--flatten", "--output=json"))
        cluster = admin["clusters"][0]["cluster"]
        self.server = cluster["server"]
        settle(self._own, json.dumps({**admin, "users": [{**admin["users"][0], "user": {"token": token}}]}))
        access = {"bearerToken": token, "tlsClientConfig": {"caData": cluster["certificate-authority-data"]}}
        self._apply(*_roles(), *_objects(self.server, access, self._settings))

    def _has_crds(self) -> bool:
        return set(CRDS) <= set(self.kubectl("api-resources", "--api-group=argoproj.io", "--output=name").split())

    def _apply(self, *objects: Object) -> None:
        self.kubectl("apply", "--filename=-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def _remove(self) -> None:
        """The CRDs first: with them go the Applications, while nobody looks at them; what they made stays."""
        self.kubectl("delete", "--ignore-not-found", "customresourcedefinitions", *CRDS)
        self.kubectl("delete", "--ignore-not-found", "clusterrole,clusterrolebinding", ACCOUNT)
        self.kubectl("delete", "--ignore-not-found", "namespace", NAMESPACE)

    def _daemons(self, made: Path) -> list[Daemon]:
        self._ports = free_ports(4)
        redis, repositories, metrics, more_metrics = self._ports
        password = secrets.token_hex()
        redis_server = self._directory / "redis-server"
        redis_server.symlink_to(str(shutil.which(PACKAGES["redis-tools"])))
        settle(
            self._directory / "redis.conf",
            f'bind {LOOPBACK}\nport {redis}\nrequirepass {password}\nsave ""\ndir {self._directory}\n',
        )
        (self._directory / "tmp").mkdir()
        # Clones go to TMPDIR; HOME is not the user's, whose git may have settings.
        settings = {
            "REDIS_PASSWORD": password,
            "ARGOCD_GPG_ENABLED": "false",
            "TMPDIR": str(self._directory / "tmp"),
            "HOME": str(self._directory),
        }

        def daemon(name: str, *flags: str) -> Daemon:
            argv = [str(made / name), f"--redis={LOOPBACK}:{redis}", *flags]
            return Daemon(name, argv, self._directory, tied=True, settings=settings)

        return [
            Daemon("redis", [str(redis_server), str(self._directory / "redis.conf")], self._directory, tied=True),
            daemon(
                REPOSITORIES,
                "--disable-tls",
                f"--address={LOOPBACK}",
                f"--port={repositories}",
                f"--metrics-address={LOOPBACK}",
                f"--metrics-port={metrics}",
            ),
            daemon(
                CONTROLLER,
                f"--kubeconfig={self._own}",
                f"--namespace={NAMESPACE}",
                f"--repo-server={LOOPBACK}:{repositories}",
                "--repo-server-plaintext",
                f"--metrics-port={more_metrics}",
                "--persist-resource-health",
            ),
        ]


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _roles() -> list[Object]:
    """Argo CD's own manifests give its controller every right there is; here tests say what it may write."""
    rbac = "rbac.authorization.k8s.io"
    subjects = [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}]

    def role(kind: str, *verbs: str) -> list[Object]:
        meta = {"name": ACCOUNT} if kind == "ClusterRole" else {"name": ACCOUNT, "namespace": NAMESPACE}
        head = {"apiVersion": f"{rbac}/v1", "metadata": meta}
        rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]
        reference = {"apiGroup": rbac, "kind": kind, "name": ACCOUNT}
        return [
            {**head, "kind": kind, "rules": rules},
            {**head, "kind": f"{kind}Binding", "roleRef": reference, "subjects": subjects},
        ]

    return role("ClusterRole", "get", "list", "watch") + role("Role", "*")


def _objects(server: str, access: Object, settings: Mapping[str, str]) -> list[Object]:
    """Argo CD's settings, the cluster that it syncs to, and a project that allows everything.

    The cluster has a Secret: the name that stands for Argo CD's own works in a pod only.
    """

    def config(name: str, data: Mapping[str, str]) -> Object:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(name, PART_OF), "data": data}

    def secret(name: str, labels: Mapping[str, str], data: Mapping[str, str]) -> Object:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": _meta(name, labels), "stringData": data}

    kinds = [
        {"apiGroups": ["qee.dev", "batch"], "kinds": ["*"], "clusters": ["*"]},
        {"apiGroups": [""], "kinds": ["ConfigMap"], "clusters": ["*"]},
    ]
    everywhere = {"namespace": "*", "server": "*"}
    return [
        config("argocd-cm", {"resource.inclusions": json.dumps(kinds), **settings}),
        config("argocd-rbac-cm", {}),
        secret("argocd-secret", PART_OF, {"server.secretkey": secrets.token_hex()}),
        secret(
            "cluster",
            {"argocd.argoproj.io/secret-type": "cluster"},
            {"name": "here", "server": server, "config": json.dumps(access)},
        ),
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": _meta("default", {}),
            "spec": {"sourceRepos": ["*"], "destinations": [everywhere]},
        },
    ]


def _meta(name: str, labels: Mapping[str, str]) -> Object:
    return {"name": name, "namespace": NAMESPACE, "labels": dict(labels)}
