"""What work costs, in a process of its own: CPU time of its user half, and the peak of its memory.

`python -m tests.unit.bounds.measuring` reads tasks as lines of JSON, `{"of": "programs", "name": ..., "size": ...}`,
and answers each with a line. It imports everything once; each task runs in a fork, which leaves no memory behind.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MEMORY = 200 * 2**20  # bytes beyond what an idle process has
SECONDS = 20  # of CPU: what takes longer is killed


class Measuring:
    """The process, and its answers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.bounds.measuring"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )

    def task(self, of: str, name: str, size: int, memory: int = MEMORY) -> dict[str, Any]:
        """`seconds`, `memory` in bytes, `outcome` in words; only `died` where it took too much of either."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"of": of, "name": name, "size": size, "memory": memory}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


def measured(work: Callable[[], str], memory: int) -> dict[str, Any]:
    """In a fork with bounds."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "w") as answers:
            answers.write(json.dumps(_here(work, memory)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        answer = answers.read()
    _, status = os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(answer) if answer else {"died": f"status {status}"}
    return found


def _here(work: Callable[[], str], memory: int) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    space = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (space + memory, space + memory))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    began = time.process_time()
    try:
        outcome = work()
    except MemoryError:
        return {"died": f"more than {memory} bytes"}
    except BaseException as error:
        return {"died": f"{type(error).__name__}: {error}"[:500]}
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "memory": max(0, peak - before) * 1024, "outcome": outcome}


def main() -> None:
    from tests.unit.bounds import work

    for line in sys.stdin:
        task = json.loads(line)
        prepared = work.KINDS[task["of"]](task["name"], task["size"])
        sys.stdout.write(json.dumps(measured(prepared, task["memory"])) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
