"""The figures as a page, held against the bars of the design."""

import platform
from pathlib import Path
from typing import Any

# Key path, what it is, bar (None: no bar, told for its own sake), unit.
ROWS: list[tuple[str, str, float | None, str]] = [
    ("overhead.bare_p50_s", "bare Job, create to Complete, p50", None, "s"),
    ("overhead.bare_p95_s", "bare Job, create to Complete, p95", None, "s"),
    ("overhead.quantumjob_p50_s", "QuantumJob, apply to Finished, p50", None, "s"),
    ("overhead.quantumjob_p95_s", "QuantumJob, apply to Finished, p95", None, "s"),
    ("overhead.p50_ratio", "ratio at p50", 0.75, "x"),
    ("overhead.p95_ratio", "ratio at p95", 0.9, "x"),
    ("overhead.finished_after_termination_p50_s", "Finished minus container termination, p50", 0.3, "s"),
    ("overhead.finished_after_termination_p95_s", "Finished minus container termination, p95", None, "s"),
    ("operator_writes_per_job", "object writes of the operator per job", 5, ""),
    ("quiescent_writes", "object writes of an idle operator", 0, ""),
    ("operator_cpu_ms_per_job", "operator CPU per job", None, "ms"),
    ("operator_rss_mib", "operator memory after the crowd", 200, "MiB"),
    ("runner_cpu_ms", "runner CPU, start to frame, p50", None, "ms"),
    ("script_cpu_ms", "the bare Job's script CPU, p50", None, "ms"),
    ("runner_rss_mib", "runner memory, p50", None, "MiB"),
    ("script_rss_mib", "the bare Job's script memory, p50", None, "MiB"),
    ("crowd.bare_s", "all bare Jobs of the crowd", None, "s"),
    ("crowd.quantumjob_s", "all QuantumJobs of the crowd", None, "s"),
    ("crowd.operator_writes_per_job", "object writes per job in the crowd", None, ""),
    ("jobs_per_second_ratio", "jobs per second, QuantumJobs to bare Jobs", None, "x"),
]

INTRODUCTION = """# Benchmarks

`make bench` writes this page and `build/bench.json`. A QuantumJob is measured against what a user would write without
QEE: a bare `batch/v1` Job with the same image, resources and security context, whose plain script loads the same Bell
circuit by `qiskit.qasm3.loads`, transpiles it and runs it on Aer with the same shots. Both are measured on the same
node in one run, alternating, by a watch that is open before the object is created. Times of a container's and a job's
end, and the counts of writes, come from the API server's audit log; a write is a successful create, patch or delete by
the operator, Events and Leases apart.

A container's end is visible to the operator 1 to 2 seconds before the Job controller says Complete; that is why a
QuantumJob, which follows the container, can be faster than a bare Job.
"""


def value(figures: dict[str, Any], path: str) -> float:
    found: Any = figures
    for part in path.split("."):
        found = found[part]
    return float(found)


def page(figures: dict[str, Any]) -> str:
    lines = [
        INTRODUCTION,
        f"Measured on {figures['date']}: {figures['machine']}. {figures['overhead']['pairs']} alternating pairs, then "
        f"{figures['crowd']['jobs']} jobs at once, then an idle operator for {figures['quiescent_seconds']} s.\n",
        "| figure | measured | bar | holds |",
        "|---|---:|---:|---|",
    ]
    for path, name, bar, unit in ROWS:
        measured = value(figures, path)
        holds = "" if bar is None else ("yes" if measured <= bar else "**no**")
        lines.append(f"| {name} | {measured:.4g} {unit} | {'' if bar is None else f'{bar:g} {unit}'} | {holds} |")
    lines += ["", "The operator's writes for one job:", "", "| write | per job |", "|---|---:|"]
    lines += [f"| {what} | {number:g} |" for what, number in figures["operator_writes"]]
    return "\n".join(lines) + "\n"


def verdict(figures: dict[str, Any]) -> str:
    missed = [name for path, name, bar, _ in ROWS if bar is not None and value(figures, path) > bar]
    return f"missed: {', '.join(missed)}" if missed else "every bar holds"


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    total = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return f"{model}, {cores} cores, {total:.0f} GiB, Linux {platform.release()}"
