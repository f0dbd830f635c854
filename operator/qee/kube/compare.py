"""Whether a live child is the one QEE would create. Anyone in the namespace may create a Job with our owner reference.

Compared are the runner container, the volumes it mounts, the service account and what pods share with their node.
Sidecars that a mesh injects, tolerations, node selectors and Kueue's fields are other people's business.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from qee.api.names import INDEX_ENV, INDEX_LABEL, LABEL_QUEUE_NAME, RUNNER_CONTAINER

# LimitRanges and the AlwaysPullImages plugin rewrite these on pods; neither decides which code runs on which bytes.
REWRITTEN_BY_ADMISSION = ("resources", "imagePullPolicy")
SHARED_WITH_NODE = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")
# The Job controller adds the index to every container of an Indexed Job's pods: from the label, and from the annotation
# before the feature PodIndexLabel (Kubernetes 1.28).
INDEX_SOURCES = tuple(
    {"apiVersion": "v1", "fieldPath": f"metadata.{where}['{INDEX_LABEL}']"} for where in ("labels", "annotations")
)


def child_differs(expected: Mapping[str, Any], live: Mapping[str, Any]) -> str | None:
    """The first difference between the Job we would create and the live one, as a field path; None if there is none."""
    owners = [o for o in live["metadata"].get("ownerReferences") or [] if o.get("controller")]
    if _named(expected["metadata"]["ownerReferences"]) != _named(owners):
        return "metadata.ownerReferences"
    pairs = ((expected, live, ""), (expected["spec"]["template"], live["spec"]["template"], "spec.template."))
    for mine, theirs, where in pairs:
        found = (theirs.get("metadata") or {}).get("labels") or {}
        if any(found.get(key) != value for key, value in mine["metadata"]["labels"].items()):
            return f"{where}metadata.labels"  # pods without them are neither seen nor cut off from the network
    for field in ("completionMode", "completions"):
        if expected["spec"][field] != live["spec"].get(field):
            return f"spec.{field}"
    queued = LABEL_QUEUE_NAME in (live["metadata"].get("labels") or {})  # Kueue may admit fewer pods at a time
    if not queued and expected["spec"]["parallelism"] != live["spec"].get("parallelism"):
        return "spec.parallelism"
    path = pod_differs(expected["spec"]["template"]["spec"], live["spec"]["template"]["spec"])
    return f"spec.template.{path}" if path else None


def _named(owners: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(owner.get(field) for field in ("apiVersion", "kind", "name", "uid")) for owner in owners]


def pod_differs(expected: Mapping[str, Any], live: Mapping[str, Any]) -> str | None:
    """The first difference between two pod specs in what decides which code runs on which bytes; None if none."""
    if live.get("serviceAccountName", "default") != expected.get("serviceAccountName", "default"):
        return "spec.serviceAccountName"
    if live.get("automountServiceAccountToken", True) != expected.get("automountServiceAccountToken", True):
        return "spec.automountServiceAccountToken"
    for field in SHARED_WITH_NODE:
        if live.get(field, False) != expected.get(field, False):
            return f"spec.{field}"
    mine, theirs = _runner(expected), _runner(live)
    if theirs is None or mine is None:
        return f"spec.containers[{RUNNER_CONTAINER}]"
    for field in sorted(mine.keys() | theirs.keys()):
        if mine.get(field) != theirs.get(field):
            return f"spec.containers[{RUNNER_CONTAINER}].{field}"
    volumes = {v["name"]: v for v in live.get("volumes") or []}
    for volume in expected.get("volumes") or []:
        if volumes.get(volume["name"]) != volume:
            return f"spec.volumes[{volume['name']}]"
    return None


def _runner(pod_spec: Mapping[str, Any]) -> dict[str, Any] | None:
    """The runner container without what Kubernetes itself adds to it or rewrites."""
    found = [c for c in pod_spec.get("containers") or [] if c["name"] == RUNNER_CONTAINER]
    if len(found) != 1:
        return None
    container = {k: v for k, v in found[0].items() if k not in REWRITTEN_BY_ADMISSION}
    container["env"] = [e for e in container.get("env") or [] if not _is_index(e)]
    if not container["env"]:
        del container["env"]
    return container


def _is_index(variable: Mapping[str, Any]) -> bool:
    source = variable.get("valueFrom") or {}
    return variable.get("name") == INDEX_ENV and source in [{"fieldRef": field} for field in INDEX_SOURCES]
