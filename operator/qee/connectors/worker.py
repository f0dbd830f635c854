"""`python -I -m qee.connectors.worker`: the child process in which a vendor's SDK is called.

It is apart from the connector so that a call that hangs can be killed, so that only it holds the credential, and so
that an SDK may need packages of other versions than QEE's verifier does. It reads one request a line from standard
input and answers each with one line, in order. The first request is `open`. It ends with its input.

    {"call": "open", "provider": "ibm", "settings": {...}}
    {"call": "submit", "arguments": {...}}   ->   {"result": ...} | {"error": "Throttled", "message": ..., ...}

Standard library only, but for the adapter that it loads.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from qee.connectors import protocol, wording
from qee.connectors.protocol import Ambiguous, Connector, ProviderError, Settings, Throttled, Unreachable
from qee.documents.canonical import MAX_PARSED_BYTES, parsed_size
from qee.documents.compiled import Submission
from qee.sdk.adapters import NoAdapter, adapter

MAX_ANSWER = 64 * 2**20  # bytes of a line: the results of one provider job


class Worker:
    """Answers requests. `open` must be the first."""

    def __init__(self) -> None:
        self._connector: Connector | None = None

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        call, arguments = str(request["call"]), request.get("arguments", {})
        try:
            if call == "open":
                settings = Settings(**request["settings"])
                wording.hide(settings.credentials)
                self._connector = adapter(request["provider"])(settings)
                return {"result": None}
            if self._connector is None:
                raise RuntimeError("the first request must be open")
            return {"result": _CALLS[call](self._connector, arguments)}
        except NoAdapter as error:
            return _error(protocol.Rejected(str(error)))
        except ProviderError as error:
            return _error(error)
        except Exception as error:
            for line in traceback.format_exc().splitlines():  # SDKs word errors with whatever they were given
                sys.stderr.write(f"{wording.clean(line)}\n")
            kind = Ambiguous if call == "submit" else Unreachable
            return _error(kind(f"{call}: the SDK raised {type(error).__name__}"))


def line(call: str, answer: Mapping[str, Any]) -> str:
    """An answer as it is written. One whose results are too long to be told is told without each shot, where counts say
    what there was; else it says so of each result: another try is no help.
    """
    text, said = _told(call, answer)
    if not said:
        return text
    if call != "fetch":
        return json.dumps(_error(Unreachable(said)))
    fetched = answer["result"]
    units = [{**unit, "memory": None} if unit.get("counts") else unit for unit in fetched["units"]]
    text, still = _told(call, {"result": {**fetched, "units": units}})
    if not still:
        sys.stderr.write(f"{said}; without each shot's outcome it is told\n")
        return text
    return json.dumps({"result": {**fetched, "units": [{"problem": said} for _ in units]}})


def _told(call: str, answer: Mapping[str, Any]) -> tuple[str, str]:
    """The answer's text, and why it is too long, if it is."""
    text = json.dumps(answer)
    if len(text) >= MAX_ANSWER:
        return text, f"{call}: the answer takes {len(text)} bytes, {MAX_ANSWER} are possible"
    read = parsed_size(text.encode())  # the operator refuses a document of more, too
    if read > MAX_PARSED_BYTES:
        return text, f"{call}: the answer takes {read} bytes once it is read, {MAX_PARSED_BYTES} are possible"
    return text, ""


def _error(error: ProviderError) -> dict[str, Any]:
    kind = next(
        kind for kind in type(error).__mro__ if kind.__module__ == protocol.__name__
    )  # not a subclass's own name
    answer: dict[str, Any] = {"error": kind.__name__, "message": str(error)}
    return {**answer, "retryAfter": error.retry_after} if isinstance(error, Throttled) else answer


def raised(answer: Mapping[str, Any]) -> ProviderError:
    """The exception that an answer stands for, on the other side of the pipe."""
    kind = getattr(protocol, str(answer.get("error")), Unreachable)
    if not (isinstance(kind, type) and issubclass(kind, ProviderError)):
        kind = Unreachable
    message = str(answer.get("message", ""))
    return Throttled(message, float(answer.get("retryAfter", 60))) if kind is Throttled else kind(message)


def _describe(connector: Connector, _: Mapping[str, Any]) -> dict[str, Any]:
    found = connector.describe()
    return {**asdict(found), "snapshot": found.snapshot.decode()}


def _find(connector: Connector, arguments: Mapping[str, Any]) -> dict[str, list[str]]:
    return {key: list(handles) for key, handles in connector.find(arguments["keys"], arguments["since"]).items()}


def _status(connector: Connector, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {handle: asdict(state) for handle, state in connector.status(arguments["handles"]).items()}


_CALLS: Mapping[str, Callable[[Connector, Mapping[str, Any]], Any]] = {
    "describe": _describe,
    "find": _find,
    "submit": lambda connector, given: connector.submit(given["key"], _submission(given)),
    "status": _status,
    "fetch": lambda connector, given: asdict(connector.fetch(given["handle"], _submission(given))),
    "cancel": lambda connector, given: connector.cancel(given["handle"]),
}


def _submission(arguments: Mapping[str, Any]) -> Submission:
    return Submission.from_json(arguments["submission"], "submission.")


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an SDK prints must not mix with the answers
    worker = Worker()
    for asked in sys.stdin:
        request = json.loads(asked)
        answers.write(line(str(request["call"]), worker.answer(request)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
