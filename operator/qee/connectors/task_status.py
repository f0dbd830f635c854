"""A QuantumTask's status: what a connector reads of it, and the one place that writes it.

A task never hangs on its own status: what the API server refuses is written again without what a provider has said.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from qee.api.names import ANNOTATION_FETCH_AT
from qee.api.reasons import Reason
from qee.api.task import TaskState
from qee.connectors.submission import Part
from qee.connectors.wording import clean
from qee.kube.port import ApiError, Object, Port
from qee.kube.resources import TASKS

logger = logging.getLogger(__name__)
TOO_LARGE = 413
REFUSED = 422  # by the CRD's schema or rules, or by an admission policy


class TaskWriter:
    """Raises `ApiError`; another resourceVersion than was read is a Conflict: the round begins anew."""

    def __init__(self, port: Port) -> None:
        self._port = port

    async def write(
        self,
        task: Object,
        state: TaskState,
        reason: str = "",
        message: str = "",
        parts: Sequence[Part] | None = None,
        **fields: Any,
    ) -> Object:
        """The task as it is written; unchanged where all of it is there already."""
        meta = task["metadata"]
        wanted: Object = {"state": str(state), "reason": reason, "message": clean(message), **fields}
        if parts is not None:
            wanted["parts"] = as_status(parts)
        if meta.get("generation") is not None:
            wanted["observedGeneration"] = meta["generation"]
        before = task.get("status") or {}
        changed = {field: value for field, value in wanted.items() if before.get(field) != value}
        if not changed:
            return task
        if parts is not None:
            changed["parts"] = wanted["parts"]  # in `task` they may be as the provider has just told, not as stored
        written = await self._patched(task, changed)
        if "state" in changed:
            logger.info("%s: %s %s", name_of(task), state, wanted["message"])
        return written

    async def _patched(self, task: Object, changed: Object) -> Object:
        meta = task["metadata"]
        refusal: ApiError | None = None
        for status in _plainer(changed):
            patch = {"metadata": {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"]}, "status": status}
            try:
                return await self._port.patch_status(TASKS, meta["namespace"], meta["name"], patch)
            except ApiError as error:
                if error.status != REFUSED:
                    raise
                logger.error("%s: its status is refused, and written with less: %s", name_of(task), clean(error))
                refusal = error
        raise refusal or RuntimeError("nothing was written")


def too_large(error: ApiError) -> bool:
    """Whether the object would be more than the API server takes (413), or etcd: 1.5 MiB (its words, with a 500)."""
    told = error.message.lower()
    return error.status == TOO_LARGE or (error.status >= 500 and ("too large" in told or "larger than max" in told))


def _plainer(status: Object) -> Iterator[Object]:
    """The same with ever less of a provider's own words and figures: whatever they are, state and result are stored."""
    yield status
    plain = {field: status[field] for field in status if field not in ("charge", "queuePosition", "duplicates")}
    if "message" in plain:
        plain["message"] = Reason.STATUS_REFUSED.meaning
    if "parts" in plain:
        plain["parts"] = [{**part, "message": ""} for part in plain["parts"]]
    yield plain
    yield {field: plain[field] for field in plain if field not in ("parts", "observedGeneration")}


def as_status(parts: Sequence[Part]) -> list[Object]:
    return [
        {
            "index": part.index,
            **({"handle": part.handle} if part.handle else {}),
            "state": part.state,
            "message": clean(part.message, 512),
        }
        for part in parts
    ]


def parts_of(task: Object) -> tuple[Part, ...]:
    found = (task.get("status") or {}).get("parts") or []
    return tuple(
        Part(each["index"], each.get("handle"), each.get("state", ""), each.get("message", "")) for each in found
    )


def stops(task: Object) -> bool:
    return bool((task.get("spec") or {}).get("cancelRequested")) or "deletionTimestamp" in task["metadata"]


def fetch_asked_at(task: Object) -> str:
    """When somebody asked for the result to be fetched now, as the operator has written it down; empty: nobody."""
    return str((task["metadata"].get("annotations") or {}).get(ANNOTATION_FETCH_AT) or "")


def owes(task: Object) -> bool:
    """It was given up although the provider has executed it, or may have; a result may still be had."""
    status = task.get("status") or {}
    given_up = status.get("state") in (TaskState.FAILED, TaskState.LOST) and not status.get("result")
    return given_up and any(part.handle and part.state in ("Succeeded", "Lost") for part in parts_of(task))


def name_of(task: Object) -> str:
    return f"{task['metadata']['namespace']}/{task['metadata']['name']}"
