"""The connector's side of the pipe before real worker processes, whose adapter hangs, dies and babbles on demand."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster.cache import CHECKOUT
from tests.cloud import Cloud

from qee.connectors import worker
from qee.connectors.client import WorkerClient
from qee.connectors.protocol import Ambiguous, Rejected, Settings, Throttled, Unreachable
from qee.documents import Register
from qee.documents.compiled import Submission, Unit, Usage

# A provider that is a directory: a job is a file, named by its key. `how` says what a call does once it is carried out.
ADAPTER = """
import json, os, sys, time
from pathlib import Path
from qee.connectors.protocol import Charge, Fetched, ProviderState, Target, Unreachable, UnitResult

class Files:
    PROVIDER, FORMATS, OUTPUTS, IDEMPOTENT = "files", ("openqasm3",), ("counts",), False

    def __init__(self, settings):
        self.place = Path(settings.options["place"])
        (self.place / "pids").open("a").write(f"{os.getpid()}\\n")
        self.secret = Path(settings.credentials, "token").read_text()
        self.does("open")

    def does(self, call):
        how = self.place / f"how-{call}"
        if not how.exists():
            return None
        what = how.read_text()
        how.unlink()
        if what == "hang":
            time.sleep(3600)
        if what == "die":
            os._exit(9)
        if what == "leak":
            raise Unreachable(f"said: {self.secret} and Bearer {self.secret}")
        if what == "raise":
            raise RuntimeError(self.secret)
        return json.loads(what) if what.startswith("json") is False and what[0] in "[{0123456789\\"n" else None

    def jobs(self):
        return {each.name[4:]: each.read_text() for each in self.place.glob("job-*")}

    def describe(self):
        given = self.does("describe")
        return Target(True, given or "ready", 5, ("cx",), b"{}")

    def find(self, keys, since):
        return self.does("find") or {key: [f"job-{key}"] for key in keys if key in self.jobs()}

    def submit(self, key, submission):
        with (self.place / f"job-{key}").open("x") as job:
            job.write("queued")
        return self.does("submit") or f"job-{key}"

    def status(self, handles):
        known = {f"job-{key}" for key in self.jobs()}
        return self.does("status") or {each: ProviderState("succeeded") for each in handles if each in known}

    def fetch(self, handle, submission):
        self.does("fetch")
        units = tuple(UnitResult(counts={"00": unit.shots}) for unit in submission.units)
        return Fetched(units, "0" * 64, Charge(amount="0.30", currency="USD"))

    def cancel(self, handle):
        self.does("cancel")
"""
SUBMISSION = Submission(b"payload", (Unit("c", 0, 100, (Register("c", 2),), (0, 1)),), Usage(1, 100))
KEY = "0" * 40
DEADLINE = 3.0


class Bench:
    """A worker's adapter, its provider and its credential, all files."""

    def __init__(self, place: Path) -> None:
        self.place, self.secret = place / "place", place / "secret"
        self.outcomes: Counter[tuple[str, str]] = Counter()
        package = place / "package"
        for each in (self.place, self.secret, package, package / "files-1.dist-info"):
            each.mkdir()
        (package / "files_adapter.py").write_text(ADAPTER)
        (package / "files-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: files\nVersion: 1\n")
        (package / "files-1.dist-info/entry_points.txt").write_text("[qee.connectors]\nfiles = files_adapter:Files\n")
        self.token("canary-first-1")
        path = os.pathsep.join([str(package), str(CHECKOUT / "operator")])
        settings = Settings("fez", "device", options={"place": str(self.place)}, credentials=str(self.secret))
        command = [sys.executable, "-m", "qee.connectors.worker"]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path}
        self.client = WorkerClient(command, "files", settings, 30, 30, self.called, environment)

    def called(self, call: str, outcome: str) -> None:
        self.outcomes[call, outcome] += 1

    def token(self, value: str) -> None:
        """As the kubelet exchanges it: another file under the name."""
        (self.secret / "new").write_text(value)
        (self.secret / "new").rename(self.secret / "token")

    def how(self, call: str, what: str) -> None:
        (self.place / f"how-{call}").write_text(what)

    def impatient(self) -> None:
        """From now on: once the worker is there, for its start takes long on a busy machine."""
        self.client._call_seconds = self.client._submit_seconds = DEADLINE

    @property
    def pids(self) -> list[int]:
        return [int(line) for line in (self.place / "pids").read_text().split()]

    @property
    def jobs(self) -> list[Path]:
        return sorted(self.place.glob("job-*"))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    await made.client.close()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_submission_that_hangs_is_ambiguous_and_its_worker_is_killed(bench: Bench):
    await bench.client.describe()
    bench.impatient()
    bench.how("submit", "hang")
    with pytest.raises(Ambiguous, match="no answer within 3 s"):
        await bench.client.submit(KEY, SUBMISSION)
    (hung,) = bench.pids
    assert not runs(hung)
    assert len(bench.jobs) == 1, "it was taken, and nobody was told"
    bench.client._call_seconds = 30
    assert await bench.client.find([KEY], "2026-01-01T00:00:00Z") == {KEY: [f"job-{KEY}"]}
    assert len(bench.pids) == 2
    assert bench.outcomes["submit", "Timeout"] == 1


@pytest.mark.parametrize("call", ["describe", "find", "status", "fetch", "cancel"])
async def test_every_other_call_that_hangs_gave_nothing_and_the_next_one_is_answered(bench: Bench, call: str):
    async def make() -> Any:
        arguments: dict[str, Any] = {
            "describe": (),
            "find": ([KEY], ""),
            "status": (["job"],),
            "fetch": ("job", SUBMISSION),
            "cancel": ("job",),
        }[call]
        return await getattr(bench.client, call)(*arguments)

    await make()
    bench.impatient()
    bench.how(call, "hang")
    with pytest.raises(Unreachable, match=f"{call}: no answer within 3 s"):
        await make()
    assert not runs(bench.pids[0])
    bench.client._call_seconds = 30
    await make()
    assert len(bench.pids) == 2


async def test_a_changed_credential_starts_a_worker_that_reads_it_and_an_unchanged_one_none(bench: Bench):
    await bench.client.describe()
    await bench.client.describe()
    assert len(bench.pids) == 1
    bench.token("canary-second-2")
    bench.how("find", "leak")
    with pytest.raises(Unreachable) as told:
        await bench.client.find([KEY], "")
    assert str(told.value) == "said: *** and Bearer ***", "the second worker hides the second credential"
    first, second = bench.pids
    assert first != second
    assert not runs(first)
    (bench.secret / "token").unlink()
    with pytest.raises(Unreachable):
        await bench.client.describe()


async def test_a_worker_that_died_before_it_was_ready_has_submitted_nothing(bench: Bench):
    bench.how("open", "die")
    with pytest.raises(Throttled, match="nothing was sent"):
        await bench.client.submit(KEY, SUBMISSION)
    assert bench.jobs == []
    assert await bench.client.submit(KEY, SUBMISSION) == f"job-{KEY}"


@pytest.mark.parametrize("what", ["raise", "leak"])
async def test_an_adapter_that_could_not_begin_has_submitted_nothing(bench: Bench, what: str):
    """As where its credential is half written: the SDK raises, and the next submission is another one."""
    bench.how("open", what)
    with pytest.raises(Throttled, match="nothing was sent"):
        await bench.client.submit(KEY, SUBMISSION)
    assert bench.jobs == []
    assert bench.outcomes["submit", "Unreachable"] == 1
    assert await bench.client.submit(KEY, SUBMISSION) == f"job-{KEY}"


async def test_a_worker_that_hangs_as_it_starts_is_killed_and_leaves_doubt(bench: Bench):
    bench.impatient()
    bench.how("open", "hang")
    with pytest.raises(Ambiguous, match="no answer within 3 s"):
        await bench.client.submit(KEY, SUBMISSION)
    assert not any(runs(pid) for pid in bench.pids)
    assert bench.jobs == []


async def test_a_worker_that_dies_in_a_submission_leaves_doubt(bench: Bench):
    bench.how("submit", "die")
    with pytest.raises(Ambiguous, match="the worker died"):
        await bench.client.submit(KEY, SUBMISSION)
    assert len(bench.jobs) == 1


async def test_what_an_sdk_raises_is_in_no_answer_and_in_no_log(bench: Bench, capfd: pytest.CaptureFixture[str]):
    bench.how("fetch", "raise")
    with pytest.raises(Unreachable, match="the SDK raised RuntimeError"):
        await bench.client.fetch("job", SUBMISSION)
    heard = capfd.readouterr()
    assert "RuntimeError: ***" in heard.err
    assert "canary" not in heard.out + heard.err


@pytest.mark.parametrize("handle", ["7", '[""]', '["a"]', '"a\\nb"', f'"{"x" * 513}"'])
async def test_what_is_no_handle_leaves_doubt(bench: Bench, handle: str):
    bench.how("submit", handle)
    with pytest.raises(Ambiguous, match="cannot be read"):
        await bench.client.submit(KEY, SUBMISSION)
    assert len(bench.jobs) == 1


async def test_of_keys_and_handles_only_those_that_were_asked_for_are_heard(bench: Bench):
    bench.how("find", '{"another": ["x"]}')
    assert await bench.client.find([KEY], "") == {}
    bench.how("find", f'{{"{KEY}": [7]}}')
    with pytest.raises(Unreachable, match="cannot be read"):
        await bench.client.find([KEY], "")


async def test_a_call_that_is_cancelled_takes_the_worker_with_it(bench: Bench):
    await bench.client.describe()
    bench.how("submit", "hang")
    asked = asyncio.create_task(bench.client.submit(KEY, SUBMISSION))
    while not bench.jobs:
        await asyncio.sleep(0.05)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not runs(bench.pids[0])


async def test_an_unknown_provider_is_refused_by_name(bench: Bench):
    bench.client._provider = "nobody"
    with pytest.raises(Rejected, match="no adapter for provider 'nobody'"):
        await bench.client.describe()


@pytest.mark.parametrize("what", ["hang", "die"])
async def test_a_job_whose_submission_hangs_is_adopted_by_the_next_worker_and_paid_once(bench: Bench, what: str):
    """The whole way: deadline, kill, Ambiguous, find, adopt, fetch, store."""
    await bench.client.describe()
    client: Any = bench.client
    client.idempotent = False
    cloud = Cloud(bench.place.parent, idempotent=False, provider=client)
    bench.client._submit_seconds = DEADLINE
    bench.how("submit", what)
    cloud.given_cloud()
    await cloud.settle(rounds=8)
    assert cloud.outcome == ("Succeeded", "Completed")
    assert len(bench.jobs) == 1
    assert len(bench.pids) == 2
    assert cloud.status["result"]["summary"]["results"][0]["counts"] == {"00": 100}


def test_a_result_that_is_too_long_to_be_told_is_a_problem_and_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "MAX_ANSWER", 1000)
    charge = {"amount": "0.30", "currency": "USD", "qpu_milliseconds": None}
    answer = {"result": {"units": [{"counts": {"0" * 2000: 1}}] * 2, "raw_sha256": "", "charge": charge}}
    told = json.loads(worker.line("fetch", answer))["result"]
    assert told["charge"] == charge
    assert ["1000 are possible" in unit["problem"] for unit in told["units"]] == [True, True]
    assert json.loads(worker.line("status", {"result": "x" * 2000}))["error"] == "Unreachable"
    assert json.loads(worker.line("status", {"result": {}})) == {"result": {}}


def test_a_result_of_too_many_shots_in_order_is_a_problem_before_it_takes_the_connectors_memory():
    charge = {"amount": "0.30", "currency": "USD", "qpu_milliseconds": None}
    answer = {"result": {"units": [{"memory": ["0"] * 2_000_000}], "raw_sha256": "", "charge": charge}}
    text = worker.line("fetch", answer)
    assert len(json.dumps(answer)) < worker.MAX_ANSWER
    assert "once it is read" in json.loads(text)["result"]["units"][0]["problem"]
    counted = {"memory": ["0"] * 2_000_000, "counts": {"0": 2_000_000}}
    answer["result"]["units"] = [counted]
    (unit,) = json.loads(worker.line("fetch", answer))["result"]["units"]
    assert unit == {"memory": None, "counts": {"0": 2_000_000}}, "counts say what there was"
    answer["result"]["units"] = [{"memory": ["0"] * 1_000_000}]
    assert len(json.loads(worker.line("fetch", answer))["result"]["units"][0]["memory"]) == 1_000_000
