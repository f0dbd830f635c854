"""The operator's rights: what the chart grants, against what the API server's audit log saw it do.

`python -m e2e.rbac AUDIT_LOG` compares the log of a whole test run with the default installation.
"""

import argparse
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e.chart import NAMESPACE, OPERATOR, render

READS = frozenset({"get", "list", "watch"})
EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource; a subresource is written as in a rule: `quantumjobs/status`."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}"


# Granted, and not to be seen in a log.
UNSEEN = {
    # Asked of the authorizer by the admission plugin OwnerReferencesPermissionEnforcement; never requested.
    Right("qee.dev", "quantumjobs/finalizers", "update"),
}


def granted(objects: Iterable[Mapping[str, Any]], account: str = OPERATOR) -> dict[str | None, set[Right]]:
    """The rights of a service account by namespace (None: everywhere), of the rendered objects of a chart."""
    found = list(objects)
    roles = {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]): o for o in found if "rules" in o}
    rights: dict[str | None, set[Right]] = {}
    for binding in found:
        if not any(s.get("name") == account and s["kind"] == "ServiceAccount" for s in binding.get("subjects", [])):
            continue
        namespace, reference = binding["metadata"].get("namespace"), binding["roleRef"]
        home = namespace if reference["kind"] == "Role" else None
        role = roles[reference["kind"], home, reference["name"]]
        rights.setdefault(namespace, set()).update(_rights(role["rules"]))
    return rights


def _rights(rules: Iterable[Mapping[str, Any]]) -> Iterator[Right]:
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield from (Right(group, resource, verb) for verb in rule["verbs"])


@dataclass
class Seen:
    """What an audit log tells of one user. reads: whether the log has anyone's reads at all; many leave them out."""

    used: set[Right]
    denied: set[Right]
    reads: bool


@dataclass(frozen=True)
class Span:
    """From begin to end."""

    begin: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.begin <= moment <= self.end


def seen(audit_log: Path, user: str, since: datetime = EVER, apart_from: Collection[Span] = ()) -> Seen:
    """Reads an audit log of JSON lines (audit.k8s.io/v1). A last line that is still being written does not count.

    What came before `since` or within a span of `apart_from` does not count either.
    """
    result = Seen(set(), set(), False)
    with audit_log.open() as lines:
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            received = datetime.fromisoformat(event["requestReceivedTimestamp"])
            if received < since or any(received in span for span in apart_from):
                continue
            result.reads = result.reads or event["verb"] in READS
            target = event.get("objectRef")
            if event["user"]["username"] != user or target is None:
                continue
            resource = "/".join(part for part in (target["resource"], target.get("subresource")) if part)
            right = Right(target.get("apiGroup", ""), resource, event["verb"])
            forbidden = event.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid"
            (result.denied if forbidden else result.used).add(right)
    return result


def differences(rights: Iterable[Right], log: Seen) -> tuple[set[Right], set[Right]]:
    """(missing, unused). A log without reads cannot show which of them are unused."""
    unused = {right for right in rights if log.reads or right.verb not in READS} - log.used - UNSEEN
    return log.denied, unused


def main(audit_log: Path) -> None:
    log = seen(audit_log, f"system:serviceaccount:{NAMESPACE}:{OPERATOR}")
    missing, unused = differences(set().union(*granted(render()).values()), log)
    for title, rights in (("missing", missing), ("unused", unused)):
        print(f"{title}: {', '.join(map(str, sorted(rights))) or 'none'}")
    if not log.reads:
        print(f"{audit_log} holds no reads: whether those are used is not known.")
    sys.exit(1 if missing or unused else 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m e2e.rbac", description=__doc__)
    parser.add_argument("audit_log", type=Path)
    main(parser.parse_args().audit_log)
