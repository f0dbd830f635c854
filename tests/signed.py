"""Signed jobs and trust policies for tests. Keys are throwaway: made in this process, the same for the same name.

ada = signed.key("ada")
job = signed.sign_job(builders.job(), ada)
policy = signed.policy({"ada": ada})
verdict = verify(signed.question(job, policy), signed.SUITE)
"""

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import rfc8785
from e2e.cluster import liboqs
from e2e.cluster.steps import ClusterError

from qee.api import names
from qee.kube.port import Object
from qee.signing import dsse
from qee.signing.algorithms import DEFAULT_ALGORITHM, JOB_CONTEXT
from qee.signing.keys import PrivateKey, PublicKey
from qee.signing.libraries import Suite, by_cryptography, by_liboqs
from qee.signing.policy import TrustPolicy
from qee.signing.profiles.job import PAYLOAD_TYPE, project, references
from qee.signing.statement import statement
from qee.signing.verify import Question

CLUSTER = "4f0e1c7a-0000-4000-8000-5a11ab1ec0de"  # UID of the namespace kube-system
HOUR = timedelta(hours=1)


@cache
def _missing() -> str:
    """Why there is no liboqs, after one try to build it; empty where there is one."""
    try:
        liboqs.provide()
    except ClusterError as problem:
        return str(problem)
    return ""


def provide_liboqs() -> None:
    """For this process and its children. Where it cannot be had the test fails, and says why."""
    if why := _missing():
        pytest.fail(f"needs liboqs: {why}", pytrace=False)


@cache
def suite() -> Suite:
    """Both libraries, tried once for all tests of the process."""
    provide_liboqs()
    return Suite.required()


class _AtFirstUse(Suite):
    def verify(self, *question: Any) -> bool:
        return suite().verify(*question)


SUITE = _AtFirstUse({"cryptography": by_cryptography, "liboqs": by_liboqs})
"""Both libraries; liboqs is looked for, or built, once a signature is verified."""


@cache
def key(name: str = "ada", algorithm: str = DEFAULT_ALGORITHM) -> PrivateKey:
    """The key of that name and algorithm; the name only tells keys apart."""
    return PrivateKey.generate(algorithm)


def sign_job(
    job: Object,
    keys: PrivateKey | Iterable[PrivateKey],
    *,
    audiences: Iterable[str] = (CLUSTER,),
    now: datetime | None = None,
    validity: timedelta = HOUR,
    not_before: datetime | None = None,
    reason: str | None = None,
    context: bytes = JOB_CONTEXT,
    change: Callable[[dict[str, Any]], object] | None = None,
) -> Object:
    """A copy of the manifest with the signature annotation, as `qee sign` would make it.

    now: when it is signed (default: now). `change` may alter the statement, as plain values, before it is signed.
    """
    signers = [keys] if isinstance(keys, PrivateKey) else list(keys)
    stated = statement(
        project(job),
        references(job),
        audiences=list(audiences),
        key_ids=[signer.public.key_id for signer in signers],
        now=now or datetime.now(UTC),
        validity=validity,
        not_before=not_before,
        reason=reason,
    )
    payload = stated.to_bytes()
    if change is not None:
        value = statement_of(payload)
        change(value)
        payload = rfc8785.dumps(value)
    return with_envelope(job, envelope(payload, signers, context=context))


def envelope(
    payload: bytes,
    keys: Iterable[PrivateKey],
    payload_type: str = PAYLOAD_TYPE,
    context: bytes = JOB_CONTEXT,
) -> dsse.Envelope:
    """The payload signed by each key."""
    signers = [(key.public.key_id, lambda message, key=key: key.sign(message, context)) for key in keys]
    return dsse.sign(payload_type, payload, signers)


def with_envelope(job: Object, envelope: dsse.Envelope | str) -> Object:
    """A copy of the manifest with that envelope, or with that text in its place."""
    text = envelope if isinstance(envelope, str) else envelope.encode()
    carrying = copy.deepcopy(job)
    carrying["metadata"].setdefault("annotations", {})[names.ANNOTATION_SIGNATURE] = text
    return carrying


def envelope_of(job: Object) -> dsse.Envelope:
    return dsse.Envelope.decode(job["metadata"]["annotations"][names.ANNOTATION_SIGNATURE])


def statement_of(payload: bytes) -> dict[str, Any]:
    """A statement's bytes as plain values."""
    value: dict[str, Any] = json.loads(payload)
    return value


def entry(name: str, key: PrivateKey | PublicKey, **fields: Any) -> Object:
    """An entry of spec.keys. Its holder is called like the key, unless `holder` says otherwise."""
    public = key.public if isinstance(key, PrivateKey) else key
    return {"name": name, "publicKey": public.pem(), "algorithm": public.algorithm.name, "holder": name, **fields}


def rule(*keys: str, name: str = "rule", **fields: Any) -> Object:
    return {"name": name, "keys": list(keys), **fields}


def policy(keys: Mapping[str, PrivateKey | PublicKey] | list[Object], name: str = "trust", **spec: Any) -> Object:
    """A QuantumTrustPolicy for all namespaces, in which any one key suffices; `spec` fields in camelCase replace.

    keys: by name, or as entries that `entry` made.
    """
    entries = [entry(each, key) for each, key in keys.items()] if isinstance(keys, Mapping) else keys
    emergency = (spec.get("breakGlass") or {}).get("keys", [])
    daily = [each["name"] for each in entries if each["name"] not in emergency]
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_TRUST_POLICY,
        "metadata": {"name": name},
        "spec": {"namespaces": {"all": True}, "keys": entries, "rules": [rule(*daily)], **spec},
    }


def question(job: Object, *policies: Object, created: datetime | None = None, **fields: Any) -> Question:
    """May the job run under these policies in the cluster CLUSTER? created: default: now."""
    return Question(
        obj=job,
        policies=[TrustPolicy.of(each) for each in policies],
        cluster=fields.pop("cluster", CLUSTER),
        created=created or datetime.now(UTC),
        **fields,
    )
