"""A certificate authority for one cluster, made with openssl, and kubeconfigs of its clients."""

import base64
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from e2e.cluster.steps import run

DAYS = "3650"
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def create(directory: Path, addresses: Sequence[str], clients: Mapping[str, str]) -> None:
    """Fills `directory`, unless it is there: ca, server, sa (service accounts' key) and a key pair per client.

    addresses: IP addresses of the API server and etcd; `localhost` and the in-cluster names are added.
    clients:   file name -> X.509 subject, e.g. {"admin": "/O=system:masters/CN=admin"}
    """
    if directory.is_dir():
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".pki-", dir=directory.parent))
    try:
        ca = ["req", "-x509", *EC, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=qee-cluster-ca", "-days", DAYS]
        # Python 3.13 refuses a CA without keyUsage.
        _openssl(made, *ca, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        names = [*(f"IP:{address}" for address in addresses), "DNS:localhost", "DNS:kubernetes.default.svc"]
        # clientAuth too: etcd's gRPC gateway dials etcd itself with this certificate.
        usage = f"subjectAltName={','.join(names)}\nextendedKeyUsage=serverAuth,clientAuth"
        _sign(made, "server", "/CN=kube-apiserver", usage)
        for name, subject in clients.items():
            _sign(made, name, subject, "extendedKeyUsage=clientAuth")
        _openssl(made, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sa.key")
        _openssl(made, "ec", "-in", "sa.key", "-pubout", "-out", "sa.pub")
        made.rename(directory)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _sign(directory: Path, name: str, subject: str, extensions: str) -> None:
    (directory / "ext").write_text(extensions)
    _openssl(directory, "req", *EC, "-keyout", f"{name}.key", "-out", "csr", "-subj", subject)
    ca = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS]
    _openssl(directory, "x509", "-req", "-in", "csr", *ca, "-out", f"{name}.crt", "-extfile", "ext")


def _openssl(directory: Path, *words: str) -> None:
    run(["openssl", *words], why="Making the cluster's certificates", remedy="Install openssl.", cwd=directory)


def kubeconfig(pki: Path, client: str, server: str) -> str:
    """A kubeconfig (JSON, which is YAML) for `client` with everything inside, so that it can be copied anywhere."""

    def inline(name: str) -> str:
        return base64.b64encode((pki / name).read_bytes()).decode()

    cluster = {"server": server, "certificate-authority-data": inline("ca.crt")}
    user = {"client-certificate-data": inline(f"{client}.crt"), "client-key-data": inline(f"{client}.key")}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "qee", "cluster": cluster}],
            "users": [{"name": client, "user": user}],
            "contexts": [{"name": "qee", "context": {"cluster": "qee", "user": client}}],
            "current-context": "qee",
        },
        indent=1,
    )
