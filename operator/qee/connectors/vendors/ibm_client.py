"""Calls of IBM's service through the SDK's REST layer (qiskit_ibm_runtime.api), below QiskitRuntimeService.

That class reads accounts from home files, looks up instances at other services, falls back to sending the API key
itself when no token can be had, and waits without a timeout. Here a call is one request with a deadline, and a POST is
never repeated: the SDK's retries of it after 500 to 524 make second jobs.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

# Before the SDK is imported: it would inspect its own call stack on every request, to tell IBM who calls.
os.environ["USAGE_DATA_OPT_OUT"] = "True"
os.environ["NETRC"] = os.devnull  # requests would take a home file's password for any host without another

from ibm_cloud_sdk_core import ApiException, IAMTokenManager
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.rest.runtime import Runtime
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.api.utils import default_runtime_url_resolver
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from qee.api.compiled_document import Submission
from qee.api.json_fields import DocumentError
from qee.connectors.protocol import (
    AlreadyEnded,
    Ambiguous,
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
from qee.connectors.vendors.ibm_payload import Payload
from qee.connectors.vendors.ibm_results import fetched, state, used

CLOUD = "https://cloud.ibm.com"
IAM = "iam.cloud.ibm.com"
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two bytes of an answer
TAG = "qee-"
PAGE = 50
_RETRY_AFTER = 60.0
_HANDLE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, RequestException)  # of an answer that came whole


class Session(RetrySession):  # type: ignore[misc]
    """The SDK's session, without its retries, and never without a timeout."""

    def __init__(self, base_url: str, auth: AuthBase) -> None:
        super().__init__(base_url, auth=auth, timeout=TIMEOUT)
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(max_retries=0))

    def request(self, method: str, url: str, bare: bool = False, **arguments: Any) -> Response:
        arguments["timeout"] = TIMEOUT  # Runtime.program_run asks for 900 s
        if method.upper() != "GET":
            arguments["allow_redirects"] = False  # 307 and 308 repeat a POST
        return super().request(method, url, bare, **arguments)


class Token(AuthBase):  # type: ignore[misc]
    """Access tokens for an API key. Where none can be had the request is not made; the key goes to IAM only."""

    def __init__(self, key: str, instance: str, url: str) -> None:
        self._make: Callable[[], IAMTokenManager] = lambda: IAMTokenManager(key, url=url)
        self._instance = instance
        self._tokens = self._make()

    def forget(self) -> None:
        self._tokens = self._make()

    def get(self) -> str:
        try:
            return str(self._tokens.get_token())
        except ApiException as error:
            if error.status_code in (400, 401, 403):
                raise Unauthorized(
                    f"IBM Cloud IAM refuses the API key ({error.status_code}); replace `token` in the backend's Secret"
                ) from None
            if error.status_code == 429:
                raise Throttled("IBM Cloud IAM answers 429") from None
            raise Unreachable(f"IBM Cloud IAM answers {error.status_code}") from None
        except (RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreachable(f"IBM Cloud IAM gives no token: {type(error).__name__}") from None
        except Exception as error:  # PyJWT's own, for what is no token
            raise Unreachable(f"IBM Cloud IAM gives no token that can be read: {type(error).__name__}") from None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers.update({"Service-CRN": self._instance, "Authorization": f"Bearer {self.get()}"})
        return request


class Client:
    """One device of one instance."""

    def __init__(self, key: str, instance: str, device: str, endpoint: str, private: bool) -> None:
        iam = f"https://{'private.' if private else ''}{IAM}"
        self._device = device
        self._secret = key
        self._token = Token(key, instance, endpoint or iam)
        url = f"{endpoint}/api/v1" if endpoint else default_runtime_url_resolver(CLOUD, instance, private)
        self._session = Session(url, self._token)
        self._api = Runtime(self._session)

    def describe(self) -> Target:
        from qee.connectors.vendors.ibm_describing import described

        backend = self._api.backend(self._device)
        try:
            with self._calling("describe"):
                configuration, status = backend.configuration(), backend.status()
            return described(configuration, self._properties(), status)
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
        """By the tag alone, whenever submitted: the tag is unique, and IBM's clock need not be ours."""
        found: dict[str, datetime] = {}
        seen: set[str] = set()
        with self._calling("find"):
            while True:
                page = self._api.jobs_get(limit=PAGE, skip=len(seen), job_tags=[TAG + key], descending=False)
                jobs = page["jobs"]
                found |= {_handle(job): _created(job) for job in jobs if TAG + key in (job.get("tags") or ())}
                before = len(seen)
                seen |= {_handle(job) for job in jobs}
                if len(seen) >= int(page["count"]) or not jobs:
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
            )
            return _handle(answer)

    def status(self, handles: Sequence[str]) -> dict[str, ProviderState]:
        """By one list of the newest jobs where there are several; those that are not in it one by one."""
        found: dict[str, ProviderState] = {}
        if len(handles) > 1:
            with self._calling("status"):
                newest = self._api.jobs_get(limit=PAGE, backend_name=self._device)["jobs"]
                found = {_handle(job): state(job) for job in newest}
        for handle in handles:
            if handle not in found:
                try:
                    found[handle] = state(self._job(handle, "status"))
                except Gone:
                    continue
        return {handle: found[handle] for handle in handles if handle in found}

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        ended = state(self._job(handle, "fetch"))
        if ended.phase in ("queued", "running", "unknown"):
            raise Unreachable(f"fetch: the job has not ended, it is {ended.message or ended.phase}")
        content = b""
        if ended.phase == "succeeded":
            with self._calling("fetch"):
                content = self._session.get(f"/jobs/{handle}/results").content
            if not content:
                raise Unreachable("fetch: the results are empty; they may follow")
        try:
            found = fetched(ended, content, submission)
        except _UNREADABLE as error:
            raise Unreachable(f"fetch: results that cannot be read ({type(error).__name__})") from error
        return replace(found, charge=self._charge(handle))

    def cancel(self, handle: str) -> None:
        with self._calling("cancel"):
            self._api.program_job(_checked(handle)).cancel()

    def _job(self, handle: str, call: str) -> dict[str, Any]:
        with self._calling(call):
            job = self._api.program_job(_checked(handle)).get(exclude_params=True)
            if not isinstance(job, dict):
                raise TypeError("no object")
            return job

    def _charge(self, handle: str) -> Charge:
        try:
            with self._calling("fetch"):
                return used(self._api.program_job(handle).metadata())
        except Gone:
            return Charge()

    @contextmanager
    def _calling(self, call: str) -> Iterator[None]:
        """What a call raises, as the protocol has it."""
        try:
            yield
        except ProviderError:
            raise
        except (RequestsApiError, IBMNotAuthorizedError) as error:
            # Of a 503 the SDK keeps neither status nor cause, but the context has both.
            raise self._problem(call, error.__cause__ or error.__context__) from None
        except _UNREADABLE as error:
            kind = Ambiguous if call == "submit" else Unreachable
            raise kind(f"{call}: an answer that cannot be read ({type(error).__name__})") from error

    def _problem(self, call: str, cause: BaseException | None) -> ProviderError:
        response = getattr(cause, "response", None)
        unclear = Ambiguous if call == "submit" else Unreachable
        if response is None:
            return unclear(f"{call}: no answer from IBM ({type(cause).__name__})")
        status = response.status_code
        told = f"{call}: IBM answers {status}{_excerpt(response, self._secret)}"
        if status in (401, 403):
            self._token.forget()
            return Unauthorized(f"{told}; check the API key and its access to the instance")
        if status == 429:
            return Throttled(told, _retry_after(response))
        if call == "submit":
            definite = 400 <= status < 500 and status not in (404, 408, 409)
            return Rejected(told) if definite else Ambiguous(told)
        if status == 404 and call != "find":
            return Gone(told)
        if call == "cancel" and status == 409:
            return AlreadyEnded(told)
        return Unreachable(told)


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


def _created(job: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(str(job["created"]).replace("Z", "+00:00"))


def _retry_after(response: Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else _RETRY_AFTER


def _excerpt(response: Response, secret: str) -> str:
    """IBM's own code and message, where the answer has them: {"errors": [{"code": 1210, "message": ...}]}."""
    try:
        first = response.json()["errors"][0]
        text = f"{first['code']}: {first['message']}"
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    printable = "".join(each if each.isprintable() else " " for each in text.replace(secret, "…"))
    return f" ({printable[:200]})"
