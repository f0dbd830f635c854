"""`qee verify`: what the webhook and the operator would say of signed manifests, check by check."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from qee.api import names
from qee.api.backend import is_cloud
from qee.cli import exits
from qee.cli.connection import Target
from qee.cli.forms import VerdictForm
from qee.cli.jobs import moment
from qee.cli.problem import Problem
from qee.cli.sign import secret, signable
from qee.cli.sign.signing import namespace_of
from qee.cli.sign.suite import installed_suite
from qee.cli.terminal import coloured, draws, note, out, printable, printable_json
from qee.kube.cluster import cluster_uid
from qee.kube.port import Object
from qee.kube.resources import BACKENDS, TRUST_POLICIES
from qee.signing.dsse import Envelope, EnvelopeProblem
from qee.signing.libraries import Suite
from qee.signing.policy import TrustPolicy
from qee.signing.statement import Statement, StatementProblem
from qee.signing.verdict import Check
from qee.signing.verify import Question, annotation, self_consistent, verify

NO_POLICY = "(no policy)"


@dataclass(frozen=True)
class Ground:
    """What jobs are verified against. Without policies only what a signature says of itself is looked at."""

    policies: Sequence[TrustPolicy] | None = None
    cluster: str | None = None
    """None: the audience is not checked."""
    cloud: frozenset[str] = field(default_factory=frozenset)
    """Names of cloud backends."""


@dataclass(frozen=True)
class Finding:
    """What was found of one job. `views`: policy, mode, checks and signers, as JSON shows them."""

    job: str
    allowed: bool
    reason: str
    message: str
    views: list[dict[str, Any]]


async def check(
    target: Target,
    files: Sequence[str],
    policies: Sequence[str],
    cluster: str | None,
    at: datetime | None,
    no_cluster: bool,
    skip_others: bool,
    form: VerdictForm,
) -> int:
    if not files:
        raise Problem("there is nothing to verify; give -f FILE, or - for stdin")
    texts = [signable.read(file, lenient=skip_others) for file in files]
    ground = await _ground(target, policies, cluster, no_cluster, [job.value for text in texts for job in text.jobs])
    suite = installed_suite()
    findings = [(text.origin, _finding(target, job.value, ground, at, suite)) for text in texts for job in text.jobs]
    passed = all(finding.allowed for _, finding in findings)
    libraries = ", ".join(suite.lattice)
    if form is VerdictForm.JSON:
        out(printable_json(json.dumps(_document(findings, ground, list(suite.lattice)), indent=2)))
        return exits.OK if passed else exits.FAILED
    for origin, finding in findings:
        for line in _lines(origin, finding):
            out(line)
    note(f"checked by {libraries}" + ("" if len(suite.lattice) > 1 else "; the cluster asks liboqs as well"))
    note(f"audience of the cluster: {printable(ground.cluster)}" if ground.cluster else "audience: not checked")
    if ground.policies is None:
        note("no policy: the signatures themselves were not checked, for it is policies that hold the keys")
    return exits.OK if passed else exits.FAILED


async def _ground(
    target: Target, files: Sequence[str], cluster: str | None, no_cluster: bool, jobs: Sequence[Object]
) -> Ground:
    policies = [TrustPolicy.of(each) for file in files for each in _policies(file)] if files else None
    if no_cluster:
        return Ground(policies, cluster)
    async with target.open() as live:
        uid = cluster or await cluster_uid(live.port)
        if policies is None:
            policies = [TrustPolicy.of(each) async for each in live.port.list(TRUST_POLICIES)]
        backends = {each["metadata"]["name"]: each async for each in live.port.list(BACKENDS)} if jobs else {}
    cloud = frozenset(name for name, each in backends.items() if is_cloud(each))
    return Ground(policies, uid, cloud)


def _policies(path: str) -> Iterator[Object]:
    import yaml

    try:
        found = list(yaml.safe_load_all(secret.read_file(path, "--policy")))
    except yaml.YAMLError:
        raise Problem(f"--policy {path}: not YAML; give QuantumTrustPolicies") from None
    items = [item for each in found if isinstance(each, dict) for item in each.get("items") or [each]]
    policies = [each for each in items if isinstance(each, dict) and each.get("kind") == names.KIND_TRUST_POLICY]
    if not policies:
        raise Problem(f"--policy {path}: holds no QuantumTrustPolicy; `qee key show --policy` makes one")
    yield from policies


def _finding(target: Target, job: Object, ground: Ground, at: datetime | None, suite: Suite) -> Finding:
    meta = job["metadata"]
    if not meta.get("namespace"):
        job = signable.with_annotation(job, None, namespace_of(target))
        meta = job["metadata"]
    backend = ((job.get("spec") or {}).get("backendRef") or {}).get("name")
    question = Question(
        obj=job,
        policies=ground.policies or [],
        cluster=ground.cluster or next(iter(_audiences(job)), ""),
        created=at or moment(meta.get("creationTimestamp")) or datetime.now(UTC),
        cloud=backend in ground.cloud,
    )
    name = f"{meta['namespace']}/{meta.get('name', '')}"
    if ground.policies is None:
        checks = self_consistent(question, suite)
        failed = next((check for check in checks if not check.passed), None)
        view = {"policy": NO_POLICY, "mode": "", "signers": [], "checks": [_check(check) for check in checks]}
        if failed is None:
            return Finding(name, True, "", "what the signature says fits the job", [view])
        message = f"{failed.message}. {failed.reason.remedy}"
        return Finding(name, False, str(failed.reason), message, [view])
    verdict = verify(question, suite)
    views = [
        {
            "policy": view.policy,
            "mode": view.mode,
            "signers": list(view.signers),
            "checks": [_check(check) for check in view.checks],
        }
        for view in verdict.policies
    ]
    return Finding(name, verdict.allowed, str(verdict.reason), verdict.message, views)


def _check(check: Check) -> dict[str, Any]:
    shown: dict[str, Any] = {"check": check.what, "passed": check.passed, "message": check.message}
    return shown if check.passed else {**shown, "reason": str(check.reason), "remedy": check.reason.remedy}


def _audiences(job: Object) -> Sequence[str]:
    try:
        return Statement.from_bytes(Envelope.decode(annotation(job) or "").payload).audiences
    except (EnvelopeProblem, StatementProblem):
        return []


def _lines(origin: str, finding: Finding) -> Iterator[str]:
    yield f"{printable(origin)}: QuantumJob {printable(finding.job)}"
    yes, no = _marks()
    for view in finding.views:
        mode = f" ({view['mode']})" if view["mode"] else ""
        yield f"  policy {printable(view['policy'])}{mode}"
        for check in view["checks"]:
            yield f"    {yes if check['passed'] else no} {check['check']}: {printable(check['message'])}"
            if not check["passed"]:
                yield f"      {check['reason']}: {check['remedy']}"
    word = coloured("passes", "green") if finding.allowed else coloured("refused", "red")
    yield f"  {word}: {f'{finding.reason}: ' if finding.reason else ''}{printable(finding.message)}"


def _marks() -> tuple[str, str]:
    return (coloured("✓", "green"), coloured("✗", "red")) if draws(sys.stdout, "✓✗") else ("ok ", "NOT")


def _document(findings: Sequence[tuple[str, Finding]], ground: Ground, libraries: list[str]) -> dict[str, Any]:
    return {
        "passed": all(finding.allowed for _, finding in findings),
        "cluster": ground.cluster,
        "libraries": libraries,
        "signaturesChecked": ground.policies is not None,
        "jobs": [
            {
                "file": origin,
                "job": finding.job,
                "allowed": finding.allowed,
                "reason": finding.reason,
                "message": finding.message,
                "policies": finding.views,
            }
            for origin, finding in findings
        ],
    }
