"""AdmissionReview in, answer out. Pure: what is known of the cluster, and the time, are arguments.

Allowed without a look at the signature is only what changes nothing that was signed. No account is exempt.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from qee.api import names
from qee.documents.canonical import DocumentError, check_structure, check_unicode
from qee.signing.libraries import Suite
from qee.signing.policy import TrustPolicy
from qee.signing.verdict import Verdict
from qee.signing.verify import Question, unchanged, verify

API_VERSION, KIND = "admission.k8s.io/v1", "AdmissionReview"
MAX_WARNING = 256  # characters; the API server may cut longer ones
MAX_AUDIT = 1024
MAX_MESSAGE = 2048
MAX_UID = 128
MAX_MEMBERS = 100_000  # of all objects together; a job of 300 circuits, old and new, has a tenth
MAX_PARSED_BYTES = 64 * 1024 * 1024
_TEXTS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)

NOT_SYNCED, FAILED = "WebhookNotSynced", "WebhookFailed"
UNCHANGED, DELETING = "Unchanged", "Deleting"


class Malformed(ValueError):
    """The body is no AdmissionReview of a QuantumJob."""


@dataclass(frozen=True)
class Request:
    """The part of an AdmissionRequest that decides. `obj` is None for DELETE, `old` for CREATE."""

    uid: str
    operation: Literal["CREATE", "UPDATE", "DELETE"]
    namespace: str
    obj: Mapping[str, Any] | None
    old: Mapping[str, Any] | None
    user: str = ""
    dry_run: bool = False

    @property
    def name(self) -> str:
        return str(((self.obj or self.old or {}).get("metadata") or {}).get("name") or "")


@dataclass(frozen=True)
class Facts:
    """What the webhook knows of its cluster. `simulators`: QuantumBackends that are; all others count as cloud."""

    policies: Sequence[TrustPolicy]
    simulators: frozenset[str]
    cluster: str
    without_policy: Literal["Deny", "Allow"]


@dataclass(frozen=True)
class Answer:
    """`reason` is a denial code, or why the request was allowed; `code` the HTTP status of a denial."""

    allowed: bool
    reason: str
    message: str = ""
    code: int = 403
    warnings: tuple[str, ...] = ()
    audit: Mapping[str, str] = field(default_factory=dict)
    break_glass: str = ""

    def review(self, uid: str) -> dict[str, Any]:
        """As the API server wants it."""
        response: dict[str, Any] = {"uid": uid, "allowed": self.allowed}
        if not self.allowed:
            told = _short(f"{self.reason}: {self.message}", MAX_MESSAGE)
            response["status"] = {"code": self.code, "reason": self.reason, "message": told}
        if self.warnings:
            response["warnings"] = [_short(text, MAX_WARNING) for text in self.warnings]
        verdict = {"verdict": "allowed" if self.allowed else "denied", "reason": self.reason}
        response["auditAnnotations"] = {k: _short(v, MAX_AUDIT) for k, v in {**verdict, **self.audit}.items() if v}
        return {"apiVersion": API_VERSION, "kind": KIND, "response": response}


def parse(body: bytes) -> Request:
    """Raises Malformed for whatever is no whole AdmissionReview of a QuantumJob."""
    bare = _TEXTS.sub(b"", body)
    if bare.count(b":") > MAX_MEMBERS:
        raise Malformed(f"the body has more than {MAX_MEMBERS} members of objects")
    try:
        check_structure(bare, "body", MAX_PARSED_BYTES)
        review = json.loads(body.decode())
        check_unicode(body, review)
    except DocumentError as error:
        raise Malformed(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON in UTF-8") from error
    if not isinstance(review, dict) or (review.get("apiVersion"), review.get("kind")) != (API_VERSION, KIND):
        raise Malformed(f"the body is no {KIND} of {API_VERSION}")
    request = review.get("request")
    uid = request.get("uid") if isinstance(request, dict) else None
    if not isinstance(request, dict) or not isinstance(uid, str) or not 1 <= len(uid) <= MAX_UID:
        raise Malformed("request.uid is missing, or no UID")
    resource = {"group": names.GROUP, "version": names.VERSION, "resource": names.PLURAL_JOB}
    if request.get("resource") != resource or request.get("subResource"):
        raise Malformed(f"request.resource is not {names.PLURAL_JOB}.{names.VERSION}.{names.GROUP}")
    operation, namespace = request.get("operation"), request.get("namespace")
    if operation not in ("CREATE", "UPDATE", "DELETE") or not isinstance(namespace, str) or not namespace:
        raise Malformed("request.operation or request.namespace is missing or unknown")
    obj, old = request.get("object"), request.get("oldObject")
    wanted = {"CREATE": (True, False), "UPDATE": (True, True), "DELETE": (False, True)}[operation]
    for name, value, expected in (("object", obj, wanted[0]), ("oldObject", old, wanted[1])):
        if expected and not (isinstance(value, dict) and isinstance(value.get("metadata"), dict)):
            raise Malformed(f"request.{name} is missing")
    user = request.get("userInfo")
    return Request(
        uid=uid,
        operation=operation,
        namespace=namespace,
        obj=obj if wanted[0] else None,
        old=old if wanted[1] else None,
        user=str(user.get("username") or "") if isinstance(user, dict) else "",
        dry_run=request.get("dryRun") is True,
    )


def answer(request: Request, facts: Facts, suite: Suite, now: datetime) -> Answer:
    """May the request proceed? Dry runs get the same answer: nothing is written either way."""
    if request.obj is None:
        return Answer(True, DELETING)
    if request.old is not None:
        if _deleting(request.obj) and _deleting(request.old):
            return Answer(True, DELETING)
        if unchanged(request.old, request.obj):
            return Answer(True, UNCHANGED)
    metadata = request.obj["metadata"]
    if metadata.get("namespace") != request.namespace:
        return Answer(False, FAILED, f"metadata.namespace is not {request.namespace!r}", code=400)
    question = Question(
        obj=request.obj,
        policies=facts.policies,
        cluster=facts.cluster,
        created=now,
        cloud=_backend(request.obj) not in facts.simulators,
        without_policy=facts.without_policy,
    )
    return _of(verify(question, suite))


def _of(verdict: Verdict) -> Answer:
    known = verdict.as_status() or {}
    audit = {
        "policy": ",".join(view.policy for view in verdict.policies),
        "keyids": ",".join(map(str, known.get("keyids") or ())),  # type: ignore[call-overload]
        "break-glass": verdict.break_glass,
        "one-shot": "true" if verdict.one_shot else "",
        "unmet": "" if verdict.verified or not verdict.allowed else verdict.message,
    }
    warnings = verdict.warnings
    if verdict.break_glass:
        warnings = (f"BREAK GLASS: admitted for the reason {verdict.break_glass!r}; this is on record", *warnings)
    return Answer(
        verdict.allowed,
        str(verdict.reason),
        verdict.message,
        warnings=warnings,
        audit=audit,
        break_glass=verdict.break_glass,
    )


def _backend(obj: Mapping[str, Any]) -> str:
    """The name of the backend; empty where the object has none that could be one."""
    place: Any = obj
    for step in ("spec", "backendRef", "name"):
        place = place.get(step) if isinstance(place, dict) else None
    return place if isinstance(place, str) else ""


def _deleting(obj: Mapping[str, Any]) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
