"""Processes that outlive a run: found again, restarted when out of date, and never mistaken for another."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.cluster.files import settle
from e2e.cluster.processes import Daemon, boot_id, live_pid, start_time, stop, wait
from e2e.cluster.steps import ClusterError


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for record in tmp_path.glob("*.json"):
        stop(tmp_path, record.stem, grace=0)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def sleeper(directory: Path, seconds: str = "60", reads: tuple[Path, ...] = ()) -> Daemon:
    return Daemon("sleeper", ["sleep", seconds], directory, reads=reads)


def test_a_running_process_is_left_alone(directory: Path) -> None:
    assert sleeper(directory).ensure()
    pid = live_pid(directory, "sleeper")
    assert not sleeper(directory).ensure()
    assert live_pid(directory, "sleeper") == pid


def test_another_command_line_restarts_it(directory: Path) -> None:
    sleeper(directory).ensure()
    old = live_pid(directory, "sleeper")
    assert sleeper(directory, "61").ensure()
    assert live_pid(directory, "sleeper") != old
    assert old is not None
    assert start_time(old) is None


def test_it_has_its_settings_and_nothing_of_ours_and_another_setting_restarts_it(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "1")
    program = "import os, time; print(sorted(set(os.environ) - {'LC_CTYPE'}), flush=True); time.sleep(60)"

    def teller(mode: str) -> Daemon:
        return Daemon("teller", [sys.executable, "-c", program], directory, settings={"MODE": mode})

    assert teller("a").ensure()
    wait("its word", lambda: teller("a").log.read_text() == "['MODE', 'PATH']\n", [teller("a")], 10)
    assert not teller("a").ensure()
    assert teller("b").ensure()


def test_a_changed_configuration_file_restarts_it(directory: Path) -> None:
    config = directory / "config"
    config.write_text("a")
    sleeper(directory, reads=(config,)).ensure()
    config.write_text("b")
    assert sleeper(directory, reads=(config,)).ensure()


def test_one_that_was_killed_is_started_again(directory: Path) -> None:
    sleeper(directory).ensure()
    pid = live_pid(directory, "sleeper")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert sleeper(directory).ensure()


def test_a_recycled_pid_is_neither_taken_for_ours_nor_killed(
    directory: Path, stranger: subprocess.Popen[bytes]
) -> None:
    record = {"pid": stranger.pid, "started": "1", "boot": boot_id()}
    (directory / "sleeper.json").write_text(json.dumps(record))
    assert live_pid(directory, "sleeper") is None
    stop(directory, "sleeper", grace=0)
    assert stranger.poll() is None
    assert not (directory / "sleeper.json").exists()


def test_the_same_pid_and_time_in_another_boot_is_a_stranger(
    directory: Path, stranger: subprocess.Popen[bytes]
) -> None:
    record = {"pid": stranger.pid, "started": start_time(stranger.pid), "boot": "another"}
    (directory / "sleeper.json").write_text(json.dumps(record))
    stop(directory, "sleeper", grace=0)
    assert stranger.poll() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "1"}'])
def test_a_torn_record_counts_as_none(directory: Path, text: str) -> None:
    (directory / "sleeper.json").write_text(text)
    assert live_pid(directory, "sleeper") is None
    assert sleeper(directory).ensure()


def test_a_zombie_is_dead() -> None:
    process = subprocess.Popen(["true"])
    deadline = time.monotonic() + 10
    while (Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]) != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert start_time(process.pid) is None
    process.wait()


def test_one_that_ignores_the_request_to_end_is_made_to(directory: Path) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    daemon = Daemon("sleeper", [sys.executable, "-c", program], directory)
    daemon.ensure()
    wait("its handler", lambda: b"deaf" in daemon.log.read_bytes(), [daemon], 30)
    stop(directory, "sleeper", grace=0.2)
    assert not daemon.alive()


def test_a_tied_process_ends_with_the_one_that_started_it(directory: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from e2e.cluster.processes import Daemon\n"
        f"Daemon('sleeper', ['sleep', '60'], Path({str(directory)!r}), tied=True).ensure()\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[4], check=False)
    pid = json.loads((directory / "sleeper.json").read_text())["pid"]
    deadline = time.monotonic() + 10
    while start_time(pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_waiting_for_one_that_dies_shows_the_end_of_its_log(directory: Path) -> None:
    daemon = Daemon("broken", ["sh", "-c", "echo no such flag; exit 2"], directory)
    daemon.ensure()
    with pytest.raises(ClusterError, match=r"broken ended while waiting for it to answer\.\nno such flag"):
        wait("it to answer", lambda: False, [daemon], 10)


def test_waiting_in_vain_names_the_logs(directory: Path) -> None:
    daemon = sleeper(directory)
    daemon.ensure()
    with pytest.raises(ClusterError, match=r"Waited 0\.1 s in vain for an answer. Logs: .*sleeper\.log"):
        wait("an answer", lambda: False, [daemon], 0.1)


def test_a_configuration_file_is_not_written_again_with_what_it_holds(directory: Path) -> None:
    config = directory / "proxy"
    settle(config, "a")
    first = config.stat()
    settle(config, "a")
    assert (config.stat().st_ino, config.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    settle(config, "b")
    assert config.read_text() == "b"
    assert config.stat().st_mode & 0o077 == 0
