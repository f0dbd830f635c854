"""`qee key`: keys for signing jobs, as files."""

import base64
from collections.abc import Sequence
from pathlib import Path

from qee.api import names
from qee.cli import exits
from qee.cli.files import write
from qee.cli.forms import KeyForm
from qee.cli.problem import Problem
from qee.cli.sign import secret
from qee.cli.sign.options import PolicyOptions
from qee.cli.sign.secret import Passphrase
from qee.cli.terminal import note, out
from qee.cli.yaml_text import dumped
from qee.signing.algorithms import CNSA_ALGORITHM, DEFAULT_ALGORITHM
from qee.signing.keys import PrivateKey, PublicKey

PRIVATE_MODE = 0o600
PUBLIC_MODE = 0o644
NEW_PASSPHRASE = Passphrase(variable="QEE_KEY_NEW_PASSPHRASE", prefix="--new-passphrase")


def generate(file: str, algorithm: str | None, cnsa: bool, passphrase: Passphrase, encrypted: bool, force: bool) -> int:
    if cnsa and algorithm not in (None, CNSA_ALGORITHM):
        raise Problem(f"--algorithm {algorithm}: --cnsa is {CNSA_ALGORITHM}; leave one of them out")
    chosen = CNSA_ALGORITHM if cnsa else algorithm or DEFAULT_ALGORITHM
    for path in (file, f"{file}.pub"):
        if Path(path).exists() and not force:
            raise Problem(f"--out {path}: is there already; give another name, or --force to replace it")
    word = passphrase.read(f"Passphrase for {file}", twice=True) if encrypted else None
    key = PrivateKey.generate(chosen)
    write(file, key.pem(word), mode=PRIVATE_MODE, replace=force, what="--out")
    write(f"{file}.pub", key.public.pem().encode(), mode=PUBLIC_MODE, replace=force, what="--out")
    note(f"{chosen}: private key in {file}{'' if encrypted else ' (not encrypted)'}, public key in {file}.pub")
    out(key.public.key_id)
    return exits.OK


def show(files: Sequence[str], passphrase: Passphrase, public: bool, policy: PolicyOptions) -> int:
    if policy.wanted and not (policy.namespaces and policy.holders):
        raise Problem("--policy: give --namespace, whose jobs it is about, and --holder, who holds the key")
    if not policy.wanted and (policy.namespaces or policy.holders or policy.name or policy.threshold):
        raise Problem("--namespace, --holder, --threshold and --name are for --policy; add it, or leave them out")
    keys = [_public_part(file, passphrase) for file in files]
    if policy.wanted:
        out(_policy(files, keys, policy))
        return exits.OK
    for file, key in zip(files, keys, strict=True):
        if public:
            out(key.pem().rstrip("\n"))
            continue
        category = key.algorithm.nist_category
        note(file) if len(files) > 1 else None
        out(
            f"algorithm: {key.algorithm.name}" + (f" (NIST category {category})" if category else " (not quantum-safe)")
        )
        out(f"key id:    {key.key_id}")
    return exits.OK


def _policy(files: Sequence[str], keys: Sequence[PublicKey], options: PolicyOptions) -> str:
    holders = options.holders or []
    if len(holders) != len(files):
        raise Problem(f"--holder: {len(holders)} given for {len(files)} keys; give one for each, in their order")
    if len({key.key_id for key in keys}) != len(keys):
        raise Problem("FILE: the same key is given twice; leave one out")
    if options.threshold is not None and options.threshold > len(keys):
        raise Problem(f"--threshold {options.threshold}: there are {len(keys)} keys; give {len(keys)} or less")
    called = [_policy_name(file) for file in files]
    if len(set(called)) != len(called):
        called = [f"{name}-{number}" for number, name in enumerate(called, 1)]
    name = options.name or called[0]
    if len(keys) == 1:
        called = [name]
    named = list(zip(called, holders, keys, strict=True))
    return manifest(named, options.namespaces or [], name, options.threshold)


def convert(
    file: str,
    to: str,
    passphrase: Passphrase,
    new_passphrase: Passphrase,
    *,
    form: KeyForm,
    public: bool,
    encrypted: bool,
    force: bool,
) -> int:
    data = secret.read_file(file, "FILE")
    if public or b"PUBLIC KEY" in secret.as_pem(data, file):
        pem, mode = _public_part(file, passphrase).pem().encode(), PUBLIC_MODE
    else:
        key = secret.private_key(data, file, passphrase)
        secret.warn_of_readers(file)
        word = new_passphrase.read(f"New passphrase for {to}", twice=True) if encrypted else None
        pem, mode = key.pem(word), PRIVATE_MODE
    write(to, pem if form is KeyForm.PEM else _der(pem), mode=mode, replace=force, what="--out")
    return exits.OK


def manifest(
    keys: Sequence[tuple[str, str, PublicKey]], namespaces: Sequence[str], name: str, threshold: int | None = None
) -> str:
    """A QuantumTrustPolicy to be applied as it is or added to. `keys`: name, holder, key. Raises Problem."""
    from pydantic import ValidationError

    from qee.api.explain import explain
    from qee.api.trust import QuantumTrustPolicy

    entries = [
        {"name": called, "algorithm": key.algorithm.name, "holder": holder, "publicKey": key.pem()}
        for called, holder, key in keys
    ]
    families = {key.algorithm.family.value for _, _, key in keys}
    rule: dict[str, object] = {"name": name, "keys": [called for called, _, _ in keys]}
    rule |= {} if threshold is None else {"threshold": threshold}
    rule |= {} if "lattice" in families else {"require": sorted(families)}
    policy = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_TRUST_POLICY,
        "metadata": {"name": name},
        "spec": {"namespaces": {"names": list(namespaces)}, "mode": "Enforce", "keys": entries, "rules": [rule]},
    }
    try:
        QuantumTrustPolicy.model_validate(policy)
    except ValidationError as error:
        raise Problem("--policy: this makes no QuantumTrustPolicy", details=explain(error)) from None
    return dumped(policy).rstrip("\n")


def _public_part(file: str, passphrase: Passphrase) -> PublicKey:
    data = secret.read_file(file, "FILE")
    if b"PUBLIC KEY" in secret.as_pem(data, file):
        return secret.public_key(data, file)
    key = secret.private_key(data, file, passphrase)
    secret.warn_of_readers(file)
    return key.public


def _policy_name(file: str) -> str:
    return Path(file).name.split(".")[0].lower().replace("_", "-")


def _der(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(line for line in pem.splitlines() if not line.startswith(b"-----")))
