"""How long verifying takes: the bare call of each library, and the whole of what webhook and operator do for a job."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import yaml
from tests import signed

from e2e.bench.statistics import percentile
from e2e.bench.workloads import BELL
from e2e.cluster import liboqs
from e2e.cluster.cache import CHECKOUT
from qee.kube.port import Object
from qee.signing import libraries
from qee.signing.algorithms import ALGORITHMS, JOB_CONTEXT, Family
from qee.signing.verify import verify

ROUNDS = 500
WARM_UP = 20
STATEMENT = 1024  # bytes; what is signed of a job of one circuit
INLINE = 128 * 1024  # characters; the most inline source that a job may have


def measured() -> dict[str, Any]:
    """Milliseconds, as {"library": {library: {algorithm: ...}}, "job": {job: ...}} of p50 and p95."""
    liboqs.provide()
    suite = libraries.Suite.required()
    return {
        "library": {"cryptography": _library(libraries.by_cryptography), "liboqs": _library(libraries.by_liboqs)},
        "job": {"bell": _job(_example("bell"), suite), "inline_128_kib": _job(_large(), suite)},
    }


def _library(check: libraries.Check) -> dict[str, dict[str, float]]:
    """The public key is read anew each time, as QEE does; liboqs is for ML-DSA alone."""
    names = [n for n, a in ALGORITHMS.items() if check is libraries.by_cryptography or a.family is Family.LATTICE]
    message, found = bytes(STATEMENT), {}
    for name in names:
        key = signed.key("bench", name)
        question = (ALGORITHMS[name], key.public.raw, message, key.sign(message, JOB_CONTEXT), JOB_CONTEXT)
        found[name] = _timed(partial(check, *question))
    return found


def _job(manifest: Object, suite: libraries.Suite) -> dict[str, float]:
    """Signed with the default algorithm, under one policy with one key."""
    key = signed.key("bench")
    question = signed.question(signed.sign_job(manifest, key), signed.policy({"bench": key}), created=_now())
    return _timed(lambda: verify(question, suite).allowed)


def _timed(call: Callable[[], bool]) -> dict[str, float]:
    times = []
    for index in range(-WARM_UP, ROUNDS):
        begin = time.perf_counter()
        valid = call()
        spent = time.perf_counter() - begin
        if not valid:
            raise RuntimeError("a valid signature is refused")
        if index >= 0:
            times.append(1000 * spent)
    return {"p50": percentile(times, 0.5), "p95": percentile(times, 0.95)}


def _example(name: str) -> Object:
    manifest: Object = yaml.safe_load((CHECKOUT / f"examples/{name}.yaml").read_text())
    manifest["metadata"]["namespace"] = "default"
    return manifest


def _large() -> Object:
    """The example with as much source as a job may have, in short lines as circuits are."""
    manifest = _example("bell")
    gate = "cx q[0], q[1];\n"
    source = BELL + gate * ((INLINE - len(BELL)) // len(gate))
    manifest["spec"]["circuits"][0]["source"] = source
    return manifest


def _now() -> datetime:
    return datetime.now(UTC)
