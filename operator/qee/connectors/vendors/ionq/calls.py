"""Calls of IonQ's API with the paths and headers of qiskit-ionq's client, each made once.

The SDK's own methods repeat a POST on 429 and 5xx, and each may make a job; its GETs repeat for ever. So only its
`make_path` and `api_headers` are used; a test holds them.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests
from qiskit_ionq.ionq_client import IonQClient

from qee.connectors.bits import Unreadable, numbers
from qee.connectors.protocol import Ambiguous, Gone, ProviderError, Rejected, Unreachable
from qee.connectors.vendors.errors import mapped, of_status, says, unclear
from qee.connectors.wording import quoted

VERSION = "v0.4"
PAGES = (100, 25)  # jobs in a page: the most that IonQ takes is not documented for jobs, and 25 for its other lists
TOGETHER = 50  # ids in one listing: a URL of 2 kB
MAX_PAGES = 1000
MAX_BYTES = 64 * 2**20  # of an answer
SECONDS = (10.0, 50.0)  # to connect, and between two bytes
_EXCERPT = 160
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")  # of a job: it becomes a part of paths
_PLACE = re.compile(r"(?:results|artifacts)(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)+")

# requests would take a credential for the host from ~/.netrc, in place of ours.
os.environ["NETRC"] = os.devnull


class Service:
    """One project of IonQ's. Raises ProviderErrors."""

    def __init__(self, url: str, token: str) -> None:
        self._client = IonQClient(token, f"{url}/{VERSION}")
        self._token = token

    def backend(self, name: str) -> dict[str, Any]:
        """By itself, or out of the list where IonQ does not offer the one alone (the simulator)."""
        try:
            found = self._json("describe", "GET", "backends", name)
        except Gone as absent:
            every = self._json("describe", "GET", "backends")
            every = every.get("backends") if isinstance(every, dict) else every
            named = [each for each in every or [] if isinstance(each, dict) and each.get("backend") == name]
            if not named:
                raise Rejected(f"{absent}; spec.device {name!r} is none of this project's backends") from None
            (found, *_) = named
        if not isinstance(found, dict) or not isinstance(found.get("qubits"), int):
            raise Unreachable("describe: IonQ's answer has no number of qubits")
        return found

    def create(self, body: Mapping[str, Any]) -> str:
        found = self._json("submit", "POST", "jobs", body=body)
        if not isinstance(found, dict) or not named(found.get("id")):
            raise Ambiguous("submit: IonQ's answer names no job")
        return str(found["id"])

    def jobs(self) -> Iterator[dict[str, Any]]:
        """All jobs of the project, page by page."""
        size, page = self._first()
        for _ in range(MAX_PAGES):
            if not isinstance(page, dict) or not isinstance(page.get("jobs"), list):
                raise Unreachable("find: IonQ's answer is no page of jobs")
            if not all(isinstance(job, dict) and named(job.get("id")) for job in page["jobs"]):
                raise Unreachable("find: IonQ's answer lists what is no job")
            yield from page["jobs"]
            if not page.get("next"):
                return
            page = self._json("find", "GET", "jobs", query={"limit": size, "next": page["next"]})
        raise Unreachable(f"find: the listing has no end after {MAX_PAGES} pages")

    def _first(self) -> tuple[int, Any]:
        """The first page, and how many jobs IonQ takes in one."""
        for size in PAGES:
            try:
                return size, self._json("find", "GET", "jobs", query={"limit": size})
            except Rejected as refusal:
                refused = refusal
        raise refused

    def listed(self, handles: Sequence[str], call: str) -> dict[str, dict[str, Any]]:
        """Those of the jobs that a listing by ids shows; the caller asks for the others singly."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(handles), TOGETHER):
            some = handles[start : start + TOGETHER]
            try:
                page = self._json(call, "GET", "jobs", query={"ids": list(some), "limit": len(some)})
            except Rejected:
                return found  # it does not take the filter so
            jobs = page.get("jobs") if isinstance(page, dict) else None
            for job in jobs if isinstance(jobs, list) else []:
                if isinstance(job, dict) and job.get("id") in some:
                    found[job["id"]] = job
        return found

    def job(self, handle: str, call: str) -> dict[str, Any] | None:
        """None: there is no such job."""
        if not named(handle):
            return None
        try:
            found = self._json(call, "GET", "jobs", handle)
        except Gone:
            return None
        if not isinstance(found, dict) or found.get("id") != handle:
            raise Unreachable(f"{call}: IonQ's answer is about another job")
        return found

    def result(self, handle: str, place: str) -> bytes:
        """What lies at a place of the job, as `results/probabilities`. The key goes nowhere else."""
        if not named(handle) or not _PLACE.fullmatch(place):
            raise Gone("fetch: the address of the result is none of IonQ's API")
        content = self._bytes("fetch", "GET", "jobs", handle, *place.split("/"))
        if len(content) > MAX_BYTES:
            raise Unreadable(f"the result is larger than {MAX_BYTES // 2**20} MiB")
        return content

    def cost(self, handle: str) -> Any:
        """What the job cost, as IonQ tells it; None where it does not: a result does not wait for its price."""
        try:
            return numbers(self._bytes("fetch", "GET", "jobs", handle, "cost"))
        except (ProviderError, ValueError):
            return None

    def cancel(self, handle: str) -> None:
        self._bytes("cancel", "PUT", "jobs", handle, "status", "cancel")

    def _json(self, call: str, method: str, *path: str, **sent: Any) -> Any:
        content = self._bytes(call, method, *path, **sent)
        try:
            return json.loads(content[:MAX_BYTES])
        except (ValueError, RecursionError):
            raise unclear(call)(f"{call}: IonQ's answer is not JSON") from None

    def _bytes(
        self,
        call: str,
        method: str,
        *path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> bytes:
        headers = {**self._client.api_headers, "User-Agent": f"qee-{call} {self._client.api_headers['User-Agent']}"}
        with (
            mapped(call, (requests.RequestException, says("no answer from IonQ ({error})"))),
            requests.request(
                method,
                self._client.make_path(*path),
                params=query,
                json=body,
                headers=headers,
                timeout=SECONDS,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            content = _content(answer)
        if answer.status_code >= 300:
            said = f"{call}: IonQ says HTTP {answer.status_code}{quoted(_words(content), self._token, _EXCERPT)}"
            credential = "check the API key and its project"
            raise of_status(call, answer.status_code, said, credential, answer.headers.get("Retry-After"))
        return content


def _words(content: bytes) -> str:
    """IonQ's own: `message`, at the top or within `error`."""
    try:
        told = json.loads(content)
        return str(told.get("message") or (told.get("error") or {}).get("message") or "")
    except (ValueError, AttributeError, RecursionError):
        return ""


def named(job: Any) -> bool:
    """Whether it is the id of a job."""
    return isinstance(job, str) and _ID.fullmatch(job) is not None


def _content(answer: requests.Response) -> bytes:
    """Unpacked no further than a little beyond MAX_BYTES."""
    found = bytearray()
    for part in answer.iter_content(2**16):
        found += part
        if len(found) > MAX_BYTES:
            break
    return bytes(found)
