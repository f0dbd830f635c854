"""The operator may do what its code does, and nothing else."""

import ast
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from e2e.chart import NAMESPACE, render
from e2e.rbac import Right, Span, differences, granted, seen

from qee.controller.jobs.reads import RESOURCES
from qee.core.job.plan import Read
from qee.kube import resources
from qee.kube.port import Resource

SOURCE = Path(resources.__file__).parents[1]
# The packages that the operator process runs; the CLI acts with its user's rights.
PACKAGES = ("controller", "observe")
# Method of the port -> verb and subresource of the request that it makes.
REQUESTS = {
    "get": ("get", None),
    "list": ("list", None),
    "create": ("create", None),
    "patch": ("patch", None),
    "patch_status": ("patch", "status"),
    "delete": ("delete", None),
    "delete_collection": ("deletecollection", None),
    "watch": ("watch", None),
}
# Constants of resources that are reached in the operator's own namespace only.
AT_HOME = {"LEASES", "LEDGER_ENTRIES"}
# Made by libraries, so not to be found as a call of the port.
BY_LIBRARIES = {
    # qee.app: Kopf lists and watches these.
    *(Right("qee.dev", "quantumjobs", verb) for verb in ("list", "watch")),
    *(Right("qee.dev", "quantumtrustpolicies", verb) for verb in ("list", "watch")),
    *(Right("qee.dev", "quantumtasks", verb) for verb in ("list", "watch")),
    *(Right("qee.dev", "quantumbackends", verb) for verb in ("list", "watch")),
    *(Right("batch", "jobs", verb) for verb in ("list", "watch")),
    *(Right("", "pods", verb) for verb in ("list", "watch")),
    # Asked by the admission plugin OwnerReferencesPermissionEnforcement when a child blocks its owner's deletion.
    Right("qee.dev", "quantumjobs/finalizers", "update"),
}
# qee.kube.leader: kubernetes.aio.leaderelection.resourcelock.leaselock, and a patch as it is released.
BY_LIBRARIES_AT_HOME = {Right("coordination.k8s.io", "leases", verb) for verb in ("get", "create", "update", "patch")}
# Of the cluster's own kinds, which no Role reaches; and the UID of kube-system, which names the cluster.
CLUSTER_WIDE = {
    *(Right("qee.dev", "quantumbackends", verb) for verb in ("get", "list", "watch", "patch")),
    *(Right("qee.dev", "quantumtrustpolicies", verb) for verb in ("list", "watch")),
    Right("qee.dev", "quantumtrustpolicies/status", "patch"),
    Right("", "namespaces", "get"),
}


# Functions of other modules that hand their parameter `resource` on, with the method of the port that they call.
OF_THE_KIT = {"write_status": "patch_status"}
# The verbs of qee.controller.jobs.reads, which are called with what is read; its own requests are theirs.
READS = {"one": "get", "all": "list"}
DELETED = ("CHILDREN", "JOBS")  # by the plans that there are; a further stage may name others
CONSTANTS = {resource: name for name, resource in vars(resources).items() if isinstance(resource, Resource)}


def requests(source: str) -> Iterator[tuple[str, str]]:
    """(method, name of the resource's constant) of each call of the port in a module.

    A function that hands its parameter `resource` on counts where it is called. Anything else must fail the test, not
    pass unseen.
    """
    tree = ast.parse(source)
    passed_on = dict(OF_THE_KIT)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    for function in ast.walk(tree):
        if not isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and (method := port_method(node)) and method not in ("log", "follow_log"):
                name = first_name(node)
                if name in {argument.arg for argument in function.args.args}:
                    passed_on[function.name] = method
                elif name == "resource" and "OF_KIND[child.kind]" in source:
                    yield from ((method, each) for each in DELETED)
                else:
                    yield method, name
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr in passed_on:
            yield passed_on[call.func.attr], first_name(call)
        if call.func.attr in READS and ast.unparse(call.args[0]).startswith("Read."):
            kind = Read[ast.unparse(call.args[0]).removeprefix("Read.")]
            yield READS[call.func.attr], CONSTANTS[RESOURCES[kind]]


def port_method(call: ast.Call) -> str | None:
    if not isinstance(call.func, ast.Attribute):
        return None
    owner = call.func.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    if call.args and ast.unparse(call.args[0]) == "RESOURCES[kind]":
        return None
    return call.func.attr if name in ("port", "_port") and call.func.attr != "close" else None


def first_name(call: ast.Call) -> str:
    assert call.args, ast.unparse(call)
    assert isinstance(call.args[0], ast.Name), ast.unparse(call)
    return call.args[0].id


def rights_of_code() -> dict[str | None, set[Right]]:
    """What the code asks for: everywhere (None), and in the operator's own namespace."""
    found: dict[str | None, set[Right]] = {None: set(BY_LIBRARIES), NAMESPACE: set(BY_LIBRARIES_AT_HOME)}
    for package in PACKAGES:
        for path in (SOURCE / package).rglob("*.py"):
            source = path.read_text()
            for method, constant in requests(source):
                resource = getattr(resources, constant)
                assert isinstance(resource, Resource), f"{path.name}: {constant}"
                verb, subresource = REQUESTS[method]
                right = Right(resource.group, "/".join(filter(None, (resource.plural, subresource))), verb)
                found[NAMESPACE if constant in AT_HOME else None].add(right)
            if "port.log(" in source or "port.follow_log(" in source:
                found[None].add(Right("", "pods/log", "get"))
    return found


def test_the_chart_grants_what_the_code_asks_for_and_nothing_else() -> None:
    assert granted(render()) == rights_of_code()


def test_a_call_of_the_port_through_a_helper_is_found() -> None:
    source = """
async def _delete(self, resource, name):
    await self._port.delete(resource, name)
async def expire(self):
    await self._delete(JOBS, "a")
    await self._port.get(PODS, "b")
"""

    assert set(requests(source)) == {("delete", "JOBS"), ("get", "PODS")}


def test_the_lease_and_the_ledger_alone_are_in_the_operators_own_namespace() -> None:
    rights = granted(render())

    assert {right.resource for right in rights[NAMESPACE]} == {"leases", "configmaps"}
    assert Right("", "configmaps", "delete") in rights[NAMESPACE] - rights[None]
    assert rights.keys() == {None, NAMESPACE}


def test_an_existing_lease_is_named_in_the_rule() -> None:
    rules = [rule for o in render() for rule in o.get("rules") or [] if "leases" in rule["resources"]]

    assert [rule["verbs"] for rule in rules if "resourceNames" not in rule] == [["create"]]


def test_with_watched_namespaces_only_what_is_the_clusters_is_read_in_the_whole_cluster() -> None:
    everywhere = granted(render())[None]

    rights = granted(render({"watchNamespaces": ["team-a", "team-b"]}))

    assert rights.keys() == {None, NAMESPACE, "team-a", "team-b"}
    assert rights[None] == CLUSTER_WIDE
    assert rights["team-a"] == rights["team-b"] == everywhere - CLUSTER_WIDE | {Right("", "namespaces", "get")}


def test_a_watched_namespace_can_read_its_own_labels_only() -> None:
    roles = [o for o in render({"watchNamespaces": ["team-a"]}) if o["metadata"].get("namespace") == "team-a"]

    named = [r["resourceNames"] for o in roles for r in o.get("rules", []) if "namespaces" in r["resources"]]
    assert named == [["team-a"]]


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": ["team-a"]}, {"rbac": {"userRoles": False}}])
def test_no_role_of_the_chart_names_secrets_wildcards_or_ways_to_more_rights(values: dict[str, object]) -> None:
    for role in (o for o in render(values) if "rules" in o):
        for rule in role["rules"]:
            words = {word.split("/")[-1] for key in ("apiGroups", "resources", "verbs") for word in rule[key]}
            if role["metadata"]["name"] == "qee-certs":  # three Secrets by name: test_admission.py
                words -= {"secrets"} if rule.get("resourceNames") else set()
            assert not words & {"secrets", "*", "escalate", "bind", "impersonate", "exec", "attach", "portforward"}
            assert not {"pods", "deployments"} & set(rule["resources"]) or not {"create", "patch"} & set(rule["verbs"])


def test_without_runners_policies_the_operator_may_not_create_any() -> None:
    rights = granted(render({"networkPolicies": {"runners": {"enabled": False}}}))

    assert not [right for right in set().union(*rights.values()) if right.resource == "networkpolicies"]


def test_users_roles_reach_jobs_and_never_their_status() -> None:
    roles = {o["metadata"]["name"]: o for o in render() if o["kind"] == "ClusterRole"}
    edit = roles["qee-edit"]

    assert edit["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-edit"] == "true"
    assert "rbac.authorization.k8s.io/aggregate-to-view" not in edit["metadata"]["labels"]
    assert roles["qee-view"]["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    assert [rule["resources"] for rule in edit["rules"]] == [["quantumjobs"]]
    assert [rule["verbs"] for rule in roles["qee-view"]["rules"]] == [["get", "list", "watch"]]


def entry(
    verb: str, resource: str, user: str = "operator", decision: str = "allow", second: int = 0, **target: str
) -> str:
    return json.dumps(
        {
            "requestReceivedTimestamp": f"2026-11-22T10:00:{second:02}.000000Z",
            "verb": verb,
            "user": {"username": user},
            "objectRef": {"resource": resource, **target},
            "annotations": {"authorization.k8s.io/decision": decision},
        }
    )


def test_an_audit_log_shows_missing_and_unused_rights(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    lines = [
        entry("create", "jobs", apiGroup="batch"),
        entry("patch", "quantumjobs", subresource="status", apiGroup="qee.dev"),
        entry("delete", "secrets", decision="forbid"),
        entry("delete", "pods", user="somebody"),
        entry("create", "pods")[:30],
    ]
    log.write_text("\n".join(lines))
    rights = {
        Right("batch", "jobs", "create"),
        Right("qee.dev", "quantumjobs/status", "patch"),
        Right("", "pods", "delete"),
        Right("", "pods", "list"),
    }

    found = seen(log, "operator")

    assert differences(rights, found) == ({Right("", "secrets", "delete")}, {Right("", "pods", "delete")})


def test_reads_are_judged_where_the_log_has_reads(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(entry("get", "pods", user="somebody"))

    _, unused = differences({Right("", "pods", "list")}, seen(log, "operator"))

    assert unused == {Right("", "pods", "list")}


def test_a_log_is_read_from_a_moment_on_and_around_spans(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    refused = [entry("get", f"kind{second}", decision="forbid", second=second) for second in range(6)]
    log.write_text("\n".join(refused))
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)

    found = seen(
        log, "operator", at + timedelta(seconds=1), [Span(at + timedelta(seconds=2), at + timedelta(seconds=4))]
    )

    assert sorted(right.resource for right in found.denied) == ["kind1", "kind5"]
