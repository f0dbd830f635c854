"""Which cluster and namespace a command talks to."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from qee.cli import options
from qee.cli.problem import Problem
from qee.kube.port import Port

DEFAULT_KUBECONFIG = "~/.kube/config"


@dataclass(frozen=True)
class Cluster:
    """An open connection. `namespace` is the one that was named, else the context's."""

    port: Port
    namespace: str
    namespace_named: bool = False
    """The namespace was given by --namespace, so a manifest that names another one is a mistake."""


@dataclass(frozen=True)
class Target:
    """What --namespace, --context and --kubeconfig say; None where they are not given."""

    namespace: options.Namespace = None
    context: options.Context = None
    kubeconfig: options.Kubeconfig = None

    def over(self, other: "Target") -> "Target":
        """This one's answers, and the other's where this one has none."""
        return Target(
            self.namespace or other.namespace, self.context or other.context, self.kubeconfig or other.kubeconfig
        )

    def own_namespace(self) -> str:
        """The namespace that was named, else the context's. Asks no cluster. Raises Problem."""
        from qee.kube.client import default_namespace

        if self.namespace:
            return self.namespace
        with _kubeconfig(self.kubeconfig) as kubeconfig:
            return default_namespace(kubeconfig, self.context)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Cluster]:
        """Connect as kubectl would: kubeconfig first, then the pod's service account."""
        from qee import __version__
        from qee.kube.client import connect

        with _kubeconfig(self.kubeconfig) as kubeconfig:
            namespace = self.own_namespace()
            port = await connect(kubeconfig, self.context, user_agent=f"qee/{__version__}")
        try:
            yield Cluster(port, namespace, self.namespace is not None)
        finally:
            await port.close()


@contextmanager
def _kubeconfig(path: str | None) -> Iterator[str | None]:
    """That one, or the one that kubectl would take; None: that of the pod. Raises Problem for one that is unusable."""
    from kubernetes.aio.config import ConfigException
    from yaml import YAMLError

    if path is None and (path := os.environ.get("KUBECONFIG") or None) is None:
        path = DEFAULT_KUBECONFIG if Path(DEFAULT_KUBECONFIG).expanduser().exists() else None
    try:
        yield path
    except (ConfigException, OSError, YAMLError, KeyError, TypeError, ValueError) as error:
        why = "it is no kubeconfig"  # the error's own text may quote the file, which holds secrets
        if isinstance(error, ConfigException):
            why = str(error)
        elif isinstance(error, OSError):
            why = error.strerror or type(error).__name__
        raise Problem(
            f"kubeconfig {path or DEFAULT_KUBECONFIG} cannot be used: {why}; check --kubeconfig and --context"
        ) from error
