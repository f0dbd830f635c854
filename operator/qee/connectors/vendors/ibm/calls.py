"""Calls of IBM's service through the SDK's REST layer (qiskit_ibm_runtime.api), below QiskitRuntimeService.

That class reads accounts from home files, looks up instances at other services, falls back to sending the API key
itself when no token can be had, and waits without a timeout. Here a call is one request with a deadline, and a POST is
never repeated: the SDK's retries of it after 500 to 524 make second jobs. Answers are read as plain JSON: the SDK's own
decoder makes objects of whatever class an answer names.
"""

import os
import re
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

# Before the SDK is imported: it would inspect its own call stack on every request, to tell IBM who calls.
os.environ["USAGE_DATA_OPT_OUT"] = "True"
os.environ["NETRC"] = os.devnull  # requests would take a home file's password for any host without another

from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.rest.runtime import Runtime
from qiskit_ibm_runtime.api.utils import default_runtime_url_resolver
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError
from requests import RequestException

from qee.connectors.answers import same
from qee.connectors.protocol import (
    Charge,
    Fetched,
    Gone,
    ProviderError,
    ProviderState,
    Rejected,
    Target,
    Throttled,
    Unauthorized,
    Unreachable,
)
from qee.connectors.vendors.errors import mapped, says, unclear
from qee.connectors.vendors.ibm.errors import problem
from qee.connectors.vendors.ibm.payload import Payload
from qee.connectors.vendors.ibm.results import another_job, fetched, result_bytes, state, used
from qee.connectors.vendors.ibm.session import BRIEF, MAX_ANSWER, Session, Token, TooLarge
from qee.documents.canonical import DocumentError
from qee.documents.compiled import Submission

CLOUD = "https://cloud.ibm.com"
IAM = "iam.cloud.ibm.com"
TAG = "qee-"
PAGE = 50
_ENOUGH = 30.0  # seconds of a fetch after which the charge is not asked for any more: a call has 60
_HANDLE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LAST = datetime.max.replace(tzinfo=UTC)
_UNREADABLE = (  # of an answer that came whole
    *(KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError),
    RequestException,
)


class Client:
    """One device of one instance."""

    def __init__(self, key: str, instance: str, device: str, endpoint: str, private: bool, program: str) -> None:
        iam = f"https://{'private.' if private else ''}{IAM}"
        self._device = device
        self._program = program
        self._token = Token(key, instance, endpoint or iam)
        url = f"{endpoint}/api/v1" if endpoint else default_runtime_url_resolver(CLOUD, instance, private)
        self._session = Session(url, self._token)
        self._api = Runtime(self._session)

    def describe(self) -> Target:
        from qee.connectors.vendors.ibm.target import described

        backend = self._api.backend(self._device)
        try:
            with self._calling("describe"):
                configuration, status = backend.configuration(), backend.status()
            return described(configuration, self._properties(), status, self._program)
        except Gone:
            raise Rejected(
                f"IBM knows no device {self._device[:60]!r} in this instance; correct spec.device, or allocate it"
            ) from None
        except _UNREADABLE as error:
            raise Unreachable(f"describe: an answer that cannot be read ({type(error).__name__})") from error

    def _properties(self) -> dict[str, Any]:
        """Empty where the service has none, as of a simulator."""
        try:
            with self._calling("describe"):
                return self._api.backend(self._device).properties() or {}
        except Gone:
            return {}

    def find(self, key: str) -> list[str]:
        """By the tag alone, whenever submitted: the tag is unique, and IBM's clock need not be ours.

        A page need not tell how many jobs there are (IBM's OpenAPI requires `jobs`, `limit` and `offset`).
        """
        found: dict[str, datetime] = {}
        seen: set[str] = set()
        with self._calling("find"):
            while True:
                page = self._api.jobs_get(limit=PAGE, skip=len(seen), job_tags=[TAG + key], descending=False)
                jobs = page["jobs"]
                found |= {_handle(job): _created(job) for job in jobs if TAG + key in (job.get("tags") or ())}
                before = len(seen)
                seen |= {str(job["id"]) for job in jobs}
                if _is_last(page, len(seen)):
                    break
                if len(seen) == before:
                    raise Unreachable("find: IBM's list of jobs repeats itself")
            return sorted(found, key=lambda handle: found[handle])

    def submit(self, key: str, data: bytes) -> str:
        try:
            payload = Payload.from_bytes(data)
        except DocumentError as error:
            raise Rejected(str(error)) from error
        try:
            self._token.get()
        except Unreachable as error:
            raise Throttled(f"submit: nothing was sent. {error}") from None
        with self._calling("submit"):
            answer = self._api.program_run(
                program_id=payload.program,
                backend_name=self._device,
                params=dict(payload.params),
                job_tags=[TAG + key],
                max_execution_time=payload.max_execution_time,
                session_id=payload.session,
            )
            return _handle(answer)

    def status(self, handles: Sequence[str]) -> dict[str, ProviderState]:
        """By one list of the newest jobs where there are several; those that it does not show readably one by one."""
        found: dict[str, ProviderState] = {}
        if len(handles) > 1:
            with self._calling("status"):
                newest = self._api.jobs_get(limit=PAGE, backend_name=self._device)["jobs"]
                for job in newest:
                    try:
                        found[_handle(job)] = state(job)
                    except _UNREADABLE:
                        continue
        for handle in handles:
            if handle not in found:
                try:
                    found[handle] = self._job(handle, "status")[1]
                except Gone:
                    continue
        return {handle: found[handle] for handle in handles if handle in found}

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        began = time.monotonic()
        job, ended = self._job(handle, "fetch")
        if ended.phase in ("queued", "running", "unknown"):
            raise Unreachable(f"fetch: the job has not ended, it is {ended.message or ended.phase}")
        payload = Payload.from_bytes(submission.payload)
        why = another_job(job, self._device, payload.program)
        if ended.phase != "succeeded":
            why = why or f"the provider job is {ended.phase}: {ended.message}"
        if why:
            found = Fetched.nothing(submission, why)
        else:
            try:
                found = fetched(
                    self._results(handle, result_bytes(payload, submission.units)), payload, submission.units
                )
            except Oversized as error:
                why = str(error).removeprefix("fetch: ")
                found = Fetched.nothing(submission, f"the provider's result cannot be read: {why}")
            except _UNREADABLE as error:
                raise Unreachable(f"fetch: results that cannot be read ({type(error).__name__})") from error
        late = time.monotonic() - began > _ENOUGH
        return found if late else replace(found, charge=self._charge(handle))

    def cancel(self, handle: str) -> None:
        with self._calling("cancel"):
            self._session.post(f"/jobs/{_checked(handle)}/cancel")

    def _job(self, handle: str, call: str) -> tuple[dict[str, Any], ProviderState]:
        """What the service says of a job, and its state."""
        with self._calling(call):
            job = self._session.get(f"/jobs/{_checked(handle)}", params={"exclude_params": "true"}).json()
            same(call, "job", job["id"], handle)
            return job, state(job)

    def _results(self, handle: str, limit: int) -> bytes:
        self._session.limit = limit
        try:
            with self._calling("fetch"):
                content: bytes = self._session.get(f"/jobs/{handle}/results").content
        finally:
            self._session.limit = MAX_ANSWER
        if not content:
            raise Unreachable("fetch: the results are empty; they may follow")
        return content

    def _charge(self, handle: str) -> Charge:
        """Beside the result: whatever is wrong with it, the result counts, and the charge is not told."""
        try:
            with self._calling("fetch"):
                return used(self._session.get(f"/jobs/{handle}/metrics", timeout=BRIEF).json())
        except ProviderError:
            return Charge()

    def _calling(self, call: str) -> AbstractContextManager[None]:
        return mapped(
            call,
            ((RequestsApiError, IBMNotAuthorizedError), self._answered),
            (_UNREADABLE, says("an answer that cannot be read ({error})")),
        )

    def _answered(self, call: str, error: Exception) -> ProviderError:
        """Of a 503 the SDK keeps neither status nor cause, but the context has both."""
        cause = error.__cause__ or error.__context__
        if isinstance(cause, TooLarge):
            return (Oversized if call == "fetch" else unclear(call))(f"{call}: {cause}")
        response = getattr(cause, "response", None)
        if response is None:
            return unclear(call)(f"{call}: no answer from IBM ({type(cause).__name__})")
        found = problem(call, response)
        if isinstance(found, Unauthorized):
            self._token.forget()
        return found


class Oversized(Unreachable):
    """The answer to a fetch is beyond its bound: another try is no help."""


def _checked(handle: str) -> str:
    """Handles become part of a URL."""
    if not _HANDLE.fullmatch(handle):
        raise Gone("no handle of a job of IBM")
    return handle


def _handle(job: dict[str, Any]) -> str:
    handle = job["id"]
    if not isinstance(handle, str) or not _HANDLE.fullmatch(handle):
        raise ValueError("no id of a job")
    return handle


def _is_last(page: dict[str, Any], seen: int) -> bool:
    """Whether a list of jobs ends with this page: it is short, or tells that there are no more than were seen."""
    limit, count = page.get("limit"), page.get("count")
    whole = min(PAGE, limit) if type(limit) is int else PAGE
    return not page["jobs"] or len(page["jobs"]) < whole or (type(count) is int and seen >= count)


def _created(job: dict[str, Any]) -> datetime:
    """The end of time where the service does not say it readably: adopting a job matters more than its age."""
    try:
        moment = datetime.fromisoformat(str(job.get("created")).replace("Z", "+00:00"))
    except ValueError:
        return _LAST
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
