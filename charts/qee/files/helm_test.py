"""`helm test`: signs a Bell job with a throwaway key, has a trust policy for that key while it lasts, and runs the job.

Run in the operator's image, with the `qee` command's own parts.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import yaml

from qee.kube.client import connect
from qee.kube.port import ApiError, NotFound, Object, Port
from qee.kube.resources import JOBS, TRUST_POLICIES

HEARD_SECONDS = 30.0  # for operator and webhook to hear of the policy
KEY_LIFE = timedelta(hours=1)  # what is left behind by a killed test admits nothing for long


def qee(*words: str) -> str:
    """The command's stdout; its stderr goes where ours goes. Ends the test where it fails."""
    command = [sys.executable, "-m", "qee.cli.main", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - the words are ours
    if done.returncode:
        sys.exit(f"qee {words[0]}: exit status {done.returncode}")
    return done.stdout


def in_the_way(policies: Iterable[Mapping[str, Any]], namespace: str, own: str) -> str:
    """What to tell where another policy wants jobs of the namespace signed by other keys; empty where none does."""
    found = []
    for policy in policies:
        spec = policy.get("spec") or {}
        governed = spec.get("namespaces") or {}
        governs = governed.get("all") or namespace in (governed.get("names") or [])
        if governs and spec.get("mode", "Enforce") == "Enforce" and policy["metadata"]["name"] != own:
            found.append(policy["metadata"]["name"])
    if not found:
        return ""
    return (
        f"QuantumTrustPolicy {', '.join(sorted(found))} also governs namespace {namespace}, and knows no throwaway key."
        " Let the test run in a namespace that no policy of mode Enforce governs (value helmTest.namespace), or, where"
        " a policy governs all of them, sign examples/bell.yaml with one of its keys and apply that instead."
    )


def trust(text: str, name: str, backend: str, now: datetime) -> Object:
    """The policy that `qee key show --policy` printed, held to this test's needs."""
    policy: Object = yaml.safe_load(text)
    policy["metadata"] = {"name": name, "labels": {"app.kubernetes.io/managed-by": "helm-test"}}
    for key in policy["spec"]["keys"]:
        key["notAfter"] = f"{now + KEY_LIFE:%Y-%m-%dT%H:%M:%SZ}"
        key["constraints"] = {"backends": [backend]}
    return policy


async def forget(port: Port, name: str) -> None:
    try:
        found = await port.get(TRUST_POLICIES, None, name)
        await port.delete(TRUST_POLICIES, None, name, uid=found["metadata"]["uid"])
    except NotFound:
        pass


async def heard(port: Port, name: str) -> None:
    """Returns when the operator has read the policy."""
    end = time.monotonic() + HEARD_SECONDS
    while time.monotonic() < end:
        status = (await port.get(TRUST_POLICIES, None, name)).get("status") or {}
        ready = [each for each in status.get("conditions") or [] if each.get("type") == "Ready"]
        if ready and ready[0]["status"] == "True":
            return
        await asyncio.sleep(0.5)
    sys.exit(f"QuantumTrustPolicy {name} is not Ready after {HEARD_SECONDS:.0f} s: does the operator run?")


async def admitted(port: Port, namespace: str, job: Object) -> None:
    """Stores the job. Replicas of the webhook may hear of the policy a moment after the operator."""
    end = time.monotonic() + HEARD_SECONDS
    while True:
        try:
            await port.create(JOBS, namespace, job, strict=True)
            return
        except ApiError as error:
            if time.monotonic() > end:
                sys.exit(f"the job was refused: {error}")
        await asyncio.sleep(1)


def key_and_policy(options: argparse.Namespace, key: str) -> Object:
    """Makes the key, and the policy that trusts it."""
    qee("key", "generate", "--out", key, "--no-passphrase", "--algorithm", "ML-DSA-65", "--force")
    shown = qee("key", "show", f"{key}.pub", "--policy", "--namespace", options.namespace, "--holder", "helm-test")
    return trust(shown, options.policy, options.backend, datetime.now(UTC))


def signed_job(options: argparse.Namespace, key: str) -> Object:
    """The job under a name that no other has: a signature covers the name."""
    job: Object = yaml.safe_load(Path(options.job).read_text())
    job["metadata"] = {"name": f"{options.policy}-{uuid.uuid4().hex[:6]}", "namespace": options.namespace}
    manifest, signed = Path(options.work, "bell.yaml"), Path(options.work, "signed.yaml")
    manifest.write_text(json.dumps(job))
    qee("sign", "--file", str(manifest), "--key", key, "--output", str(signed))
    found: Object = yaml.safe_load(signed.read_text())
    return found


async def test(port: Port, options: argparse.Namespace) -> None:
    policies = [each async for each in port.list(TRUST_POLICIES, None)]
    if problem := in_the_way(policies, options.namespace, options.policy):
        sys.exit(problem)
    key = f"{options.work}/test.key"
    policy = key_and_policy(options, key)
    await forget(port, options.policy)
    await port.create(TRUST_POLICIES, None, policy)
    try:
        await heard(port, options.policy)
        job = signed_job(options, key)
        await admitted(port, options.namespace, job)
        name, there = job["metadata"]["name"], ("--namespace", options.namespace)
        sys.stdout.write(qee("wait", name, *there, "--timeout", f"{options.timeout}s"))
        sys.stdout.write(qee("result", name, *there))
    finally:
        await forget(port, options.policy)


async def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for word in ("job", "namespace", "policy", "backend", "work"):
        parser.add_argument(f"--{word}", required=True)
    parser.add_argument("--timeout", type=int, required=True, help="seconds for the job to finish")
    options = parser.parse_args(arguments)
    port = await connect(user_agent="qee-helm-test")
    try:
        await test(port, options)
    finally:
        await port.close()


def _stop(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)  # by way of every `finally`


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    asyncio.run(main(sys.argv[1:]))
