"""The connector's side of the pipe to its worker: one call at a time, each with a deadline that holds.

A call that is late takes the worker with it: a thread that hangs in an SDK cannot be stopped, a process can. A worker
is also ended when the credential's files change, so that the next call reads the new ones.
"""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qee.connectors.protocol import (
    Ambiguous,
    Charge,
    Fetched,
    ProviderError,
    ProviderState,
    Rejected,
    Settings,
    Target,
    Throttled,
    Unauthorized,
    UnitResult,
    Unreachable,
)
from qee.connectors.worker import MAX_ANSWER, raised
from qee.documents.compiled import Submission

logger = logging.getLogger(__name__)
MAX_HANDLE = 512
NOT_SENT_SECONDS = 15.0
# What a worker may know of its environment: SDKs read settings, and credentials, from there. The rest is workload
# identity, as clouds put it into pods.
PASSED_ON = (
    *("PATH", "HOME", "LANG", "TZ", "PYTHONPATH", "SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY"),
    *("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    *("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST"),
    "GOOGLE_APPLICATION_CREDENTIALS",
)


class WorkerClient:
    """The adapter of one backend. Its methods are those of `Connector`, and raise what they raise."""

    def __init__(
        self,
        command: Sequence[str],
        provider: str,
        settings: Settings,
        call_seconds: float,
        submit_seconds: float,
        called: Callable[[str, str], None] = lambda call, outcome: None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._provider = provider
        self._settings = settings
        self._call_seconds = call_seconds
        self._submit_seconds = submit_seconds
        self._called = called
        self._environment = os.environ if environment is None else environment
        self._process: asyncio.subprocess.Process | None = None
        self._credential: tuple[tuple[str, int, int], ...] = ()
        self._lock = asyncio.Lock()

    async def describe(self) -> Target:
        found = await self._call("describe", {})
        with _readable("describe"):
            gates = tuple(found.pop("basis_gates"))
            return Target(**{**found, "basis_gates": gates, "snapshot": found["snapshot"].encode()})

    async def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        found = await self._call("find", {"keys": list(keys), "since": since})
        with _readable("find"):
            return {key: [_handle(each) for each in found[key]] for key in keys if found.get(key)}

    async def submit(self, key: str, submission: Submission) -> str:
        found = await self._call("submit", {"key": key, "submission": submission.as_json()})
        with _readable("submit", Ambiguous):
            return _handle(found)

    async def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        found = await self._call("status", {"handles": list(handles)})
        with _readable("status"):
            return {handle: ProviderState(**found[handle]) for handle in handles if handle in found}

    async def fetch(self, handle: str, submission: Submission) -> Fetched:
        found = await self._call("fetch", {"handle": handle, "submission": submission.as_json()})
        with _readable("fetch"):
            units = tuple(UnitResult(**unit) for unit in found["units"])
            return Fetched(units, found["raw_sha256"], Charge(**found["charge"]))

    async def cancel(self, handle: str) -> None:
        await self._call("cancel", {"handle": handle})

    async def close(self) -> None:
        async with self._lock:
            await self._end()

    async def _call(self, call: str, arguments: dict[str, Any]) -> Any:
        seconds = self._submit_seconds if call == "submit" else self._call_seconds
        sent = False
        async with self._lock:
            try:
                async with asyncio.timeout(seconds):
                    await self._ready()
                    sent = True
                    answer = await self._ask({"call": call, "arguments": arguments})
            except TimeoutError:
                await self._end()
                self._called(call, "Timeout")
                raise _lost(call, True, f"no answer within {seconds:g} s") from None
            except (OSError, ValueError, asyncio.IncompleteReadError) as error:
                await self._end()
                self._called(call, "WorkerDied")
                raise _lost(call, sent, f"the worker died ({type(error).__name__}); its log says why") from None
            except ProviderError as error:  # the adapter could not begin, so nothing was sent
                self._called(call, type(error).__name__)
                if call != "submit" or isinstance(error, Rejected | Unauthorized | Throttled):
                    raise
                raise _lost(call, sent, str(error)) from None
            except BaseException:  # cancelled: what the worker is at, nobody will read
                await self._end()
                raise
        self._called(call, str(answer.get("error", "OK")))
        if "error" in answer:
            raise raised(answer)
        return answer["result"]

    async def _ready(self) -> None:
        """A running worker with the credential as it is now."""
        credential = _fingerprint(self._settings.credentials)
        if self._process is not None and (self._process.returncode is not None or credential != self._credential):
            if credential != self._credential:
                logger.info("the credential has changed; the worker of %s starts anew", self._settings.backend)
            await self._end()
        if self._process is not None:
            return
        known = {name: self._environment[name] for name in PASSED_ON if name in self._environment}
        self._credential = credential
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=known,
            cwd="/",
            limit=MAX_ANSWER + 1,
        )
        answer = await self._ask({"call": "open", "provider": self._provider, "settings": asdict(self._settings)})
        if "error" in answer:
            await self._end()
            raise raised(answer)

    async def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise OSError("there is no worker")
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            raise OSError("the worker ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _lost(call: str, sent: bool, why: str) -> ProviderError:
    """Of a call without an answer. By a worker that died before it was ready nobody was asked, so nothing was taken."""
    if call == "submit":
        return Ambiguous(f"{call}: {why}") if sent else Throttled(f"{call}: nothing was sent; {why}", NOT_SENT_SECONDS)
    return Unreachable(f"{call}: {why}")


@contextlib.contextmanager
def _readable(call: str, unclear: type[ProviderError] = Unreachable) -> Iterator[None]:
    """An answer that is not of the protocol's form is none."""
    try:
        yield
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise unclear(f"{call}: the adapter's answer cannot be read ({type(error).__name__})") from None


def _handle(found: Any) -> str:
    """As status holds it. Raises ValueError."""
    if not isinstance(found, str) or not found.isprintable() or not 0 < len(found) <= MAX_HANDLE:
        raise ValueError("no handle of a provider job")
    return found


def _fingerprint(directory: str) -> tuple[tuple[str, int, int], ...]:
    """Of the credential's files: another one whenever the kubelet exchanges them."""
    if not directory:
        return ()
    found = []
    for path in sorted(Path(directory).glob("*")):
        with contextlib.suppress(OSError):
            state = path.stat()
            found.append((path.name, state.st_ino, state.st_mtime_ns))
    return tuple(found)
