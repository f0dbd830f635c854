"""Long-running processes: started once, found again by later runs, and stopped without ever hitting a stranger.

A record on disk holds the pid with the time at which the process started and the boot it belongs to; a recycled pid
differs in those and counts as dead. Signals go through a pidfd, so that no pid can be recycled between look and kill.
"""

import contextlib
import ctypes
import hashlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from e2e.cluster.steps import ClusterError, tail

PR_SET_PDEATHSIG = 1


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_time(pid: int) -> str | None:
    """When `pid` started, in clock ticks since boot (field 22 of proc_pid_stat(5)); None for no process or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name, in parentheses, may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def stop_pid(pid: int, started: str, grace: float) -> None:
    """Asks the process to end, and after `grace` seconds makes it. No error if it is gone."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if start_time(pid) != started:
            return
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
            try:
                if patience > 0:
                    signal.pidfd_send_signal(handle, number)
            except ProcessLookupError:
                return
            if select.select([handle], [], [], patience)[0]:
                return
    finally:
        os.close(handle)
        _reap(pid)


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):  # raised for one that an earlier run started
        os.waitpid(pid, os.WNOHANG)


@dataclass(frozen=True)
class Daemon:
    """One process that outlives the run that starts it.

    directory:  gets NAME.json (the record) and NAME.log
    reads:      configuration files; with the command line they decide whether a running process is up to date
    tied:       the process ends when the one that started it ends, however that ends (for test fixtures)
    settings:   environment variables; it has PATH and no others
    """

    name: str
    argv: Sequence[str]
    directory: Path
    reads: Sequence[Path] = ()
    tied: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    def ensure(self) -> bool:
        """Starts the process, or leaves a live one with the same command and configuration. True if it was started."""
        if self.current():
            return False
        stop(self.directory, self.name)
        with self.log.open("ab") as out:
            process = subprocess.Popen(
                list(self.argv),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={"PATH": os.environ["PATH"], **self.settings},
                start_new_session=True,
                preexec_fn=self._sign_in,
            )
        process.returncode = 0  # it is not waited for here: keeps Popen from warning when it is collected
        return True

    def current(self) -> bool:
        """Whether it runs, with this very command and configuration."""
        return self.alive() and self._record().get("command") == self._command()

    def _sign_in(self) -> None:
        """In the new process, before it becomes the program: a run that is killed leaves none without a record."""
        if self.tied:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        pid = os.getpid()
        record = {"pid": pid, "started": start_time(pid), "boot": boot_id(), "command": self._command()}
        (self.directory / f"{self.name}.json").write_text(json.dumps(record))

    def alive(self) -> bool:
        return live_pid(self.directory, self.name) is not None

    def _record(self) -> dict[str, object]:
        return read_record(self.directory, self.name)

    def _command(self) -> str:
        settings = (f"{name}={value}" for name, value in sorted(self.settings.items()))
        total = hashlib.sha256("\0".join([*self.argv, *settings]).encode())
        for path in self.reads:
            total.update(path.read_bytes())
        return total.hexdigest()


def read_record(directory: Path, name: str) -> dict[str, object]:
    try:
        found = json.loads((directory / f"{name}.json").read_text())
    except (FileNotFoundError, ValueError):  # ValueError: the run was killed while it wrote
        return {}
    return found if isinstance(found, dict) else {}


def live_pid(directory: Path, name: str) -> int | None:
    """The pid of the recorded process if that very process still runs."""
    record = read_record(directory, name)
    pid, started = record.get("pid"), record.get("started")
    if not isinstance(pid, int) or started is None or record.get("boot") != boot_id():
        return None
    return pid if start_time(pid) == started else None


def stop(directory: Path, name: str, grace: float = 10.0) -> None:
    """Ends the recorded process and drops its record; the record of a dead process, or of an earlier boot, is stale."""
    pid = live_pid(directory, name)
    if pid is not None:
        stop_pid(pid, str(read_record(directory, name)["started"]), grace)
    (directory / f"{name}.json").unlink(missing_ok=True)


def wait(what: str, ready: Callable[[], bool], watch: Sequence[Daemon], seconds: float) -> None:
    """Polls `ready` every 50 ms. Raises ClusterError with the end of the log when a watched process dies."""
    deadline = time.monotonic() + seconds
    while not ready():
        for daemon in watch:
            if not daemon.alive():
                raise ClusterError(f"{daemon.name} ended while waiting for {what}.\n{_end_of(daemon.log)}")
        if time.monotonic() > deadline:
            logs = ", ".join(str(daemon.log) for daemon in watch)
            raise ClusterError(f"Waited {seconds:g} s in vain for {what}. Logs: {logs}")
        time.sleep(0.05)


def _end_of(log: Path) -> str:
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 16384))
        return tail(handle.read().decode(errors="replace")) + f"\nWhole log: {log}"
