"""The figures as a page, held against the bars of the design."""

import platform
from pathlib import Path
from typing import Any

Row = tuple[str, str, float | None, str]
"""Key path, what it is, bar (None: no bar, told for its own sake), unit."""

JOBS: list[Row] = [
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

VERIFICATION: list[Row] = [
    *(
        (f"verification_ms.library.{library}.{algorithm}.{share}", f"{algorithm} by {library}, {share}", None, "ms")
        for algorithm, libraries in (
            ("ML-DSA-44", ("cryptography", "liboqs")),
            ("ML-DSA-65", ("cryptography", "liboqs")),
            ("ML-DSA-87", ("cryptography", "liboqs")),
            ("Ed25519", ("cryptography",)),
        )
        for library in libraries
        for share in ("p50", "p95")
    ),
    ("verification_ms.job.bell.p50", "the whole for examples/bell.yaml, p50", None, "ms"),
    ("verification_ms.job.bell.p95", "the whole for examples/bell.yaml, p95", 5, "ms"),
    ("verification_ms.job.inline_128_kib.p50", "the whole with 128 KiB of inline source, p50", None, "ms"),
    ("verification_ms.job.inline_128_kib.p95", "the whole with 128 KiB of inline source, p95", 5, "ms"),
]

ADMISSION: list[Row] = [
    ("admission.without_p50_ms", "creation without the webhook, p50", None, "ms"),
    ("admission.with_p50_ms", "creation with the webhook, p50", None, "ms"),
    ("admission.added_p50_ms", "added at p50", None, "ms"),
    ("admission.without_p99_ms", "creation without the webhook, p99", None, "ms"),
    ("admission.with_p99_ms", "creation with the webhook, p99", None, "ms"),
    ("admission.added_p99_ms", "added at p99", 25, "ms"),
    ("admission.requests_per_second_without", "creations per second without the webhook, not paced", None, ""),
    ("admission.requests_per_second", "creations per second with the webhook, not paced", None, ""),
    ("admission.webhook_mean_ms", "in the webhook, whole review to answer, mean", None, "ms"),
    ("admission.webhook_cpu_ms", "CPU of the webhook per creation, TLS and HTTP included", None, "ms"),
    ("admission.reviews_per_create", "AdmissionReviews per creation", 1, ""),
    ("admission.reviews_for_other_writes", "AdmissionReviews for all other writes", 0, ""),
]

PROGRAMS: list[Row] = [
    ("programs.large.bare_s", "20-qubit quantum volume circuit, the library call in a bare Job, p50", None, "s"),
    ("programs.large.quantumjob_s", "the same, executed by a QuantumJob's runner, p50", None, "s"),
    ("programs.large.ratio", "ratio", 1.05, "x"),
    ("programs.sweep.loop_cpu_ms", "1,000-point sweep, CPU per point in a plain loop", None, "ms"),
    ("programs.sweep.quantumjob_cpu_ms", "the same in one QuantumJob", None, "ms"),
    ("programs.sweep.one_each_cpu_ms", "a QuantumJob of one point", None, "ms"),
    ("programs.sweep.to_one_each", "a point of the sweep to a job of its own", 0.2, "x"),
    ("programs.many.loop_cpu_ms", "300 circuits, CPU per circuit in a plain loop", None, "ms"),
    ("programs.many.quantumjob_cpu_ms", "the same in one QuantumJob", None, "ms"),
    ("programs.many.one_each_cpu_ms", "a QuantumJob of one circuit", None, "ms"),
    ("programs.many.to_one_each", "a circuit of the 300 to a job of its own", 0.2, "x"),
    ("programs.shards.one_s", "noise trajectories in one pod of one core, apply to Finished", None, "s"),
    ("programs.shards.four_s", "the same in four shards", None, "s"),
    ("programs.shards.ratio", "four shards to one", None, "x"),
]

REQUESTS: list[Row] = [
    ("requests.before.single.requests_per_job", "requests per job before, one job after another", None, ""),
    ("requests.now.single.requests_per_job", "requests per job, one job after another", 14, ""),
    ("requests.before.crowd.requests_per_job", "requests per job before, 50 at once", None, ""),
    ("requests.now.crowd.requests_per_job", "requests per job, 50 at once", 14, ""),
    ("requests.before.single.cpu_ms_per_job", "operator CPU per job before, one job after another", None, "ms"),
    ("requests.now.single.cpu_ms_per_job", "operator CPU per job, one job after another", None, "ms"),
    ("requests.cpu_ratio.single", "now to before", 0.5, "x"),
    ("requests.before.crowd.cpu_ms_per_job", "operator CPU per job before, 50 at once", None, "ms"),
    ("requests.now.crowd.cpu_ms_per_job", "operator CPU per job, 50 at once", None, "ms"),
    ("requests.cpu_ratio.crowd", "now to before", 0.5, "x"),
    ("requests.before.single.rest_ms_per_s", "operator CPU at rest before, for a second", None, "ms"),
    ("requests.now.single.rest_ms_per_s", "operator CPU at rest, for a second", None, "ms"),
]

REST: list[Row] = [
    ("rest.before.jobs", "jobs that wait and jobs that have ended, before: of each", None, ""),
    ("rest.before.requests_per_s", "requests a second at rest before", None, ""),
    ("rest.before.requests_per_s_and_job", "the same for each waiting job", None, ""),
    ("rest.jobs", "jobs that wait and jobs that have ended: of each", None, ""),
    ("rest.requests", "requests at rest, Lease and watches apart", 0, ""),
    ("rest.rss_ended_mib", "operator memory beside those that have ended", 200, "MiB"),
    ("rest.rss_waiting_mib", "operator memory with those that wait as well", None, "MiB"),
    ("rest.rss_deleted_mib", "operator memory once those that wait were deleted", None, "MiB"),
    ("rest.rss_ratio", "that to the memory before they were created", 1.05, "x"),
    ("rest.before.rss_ratio", "the same before", None, "x"),
    ("rest.before.cpu_ms_per_waiting_job", "operator CPU from creation to Queued before, per job", None, "ms"),
    ("rest.cpu_ms_per_waiting_job", "operator CPU from creation to Queued, per job", None, "ms"),
]

CONNECTOR: list[Row] = [
    ("connector.tasks", "tasks that wait at the provider", None, ""),
    ("connector.rss_mib", "memory of the connector", None, "MiB"),
    ("connector.worker_rss_mib", "memory of its worker, the SDK within", None, "MiB"),
    ("connector.calls_per_minute", "provider calls a minute", None, ""),
    ("connector.cpu_ms_per_s", "CPU of both for a second of waiting", None, "ms"),
    ("connector.writes_per_task", "object writes per task until it waits", 2, ""),
    ("connector.submissions_per_task", "POSTs per submission", 1, ""),
    ("connector.submit_s", "all submitted", None, "s"),
]

ROWS = {
    "verification": VERIFICATION,
    "admission": ADMISSION,
    "jobs": JOBS,
    "requests": REQUESTS,
    "rest": REST,
    "programs": PROGRAMS,
    "connector": CONNECTOR,
}
PARTS = tuple(ROWS)
BESIDE = ("requests.before.", "requests.cpu_ratio.", "rest.before.")
VERSIONS = ("before", "now")
KINDS = (("single", "in turn"), ("crowd", "at once"))

TEXTS = {
    "jobs": """## Jobs

A QuantumJob is measured against what a user would write without QEE: a bare `batch/v1` Job with the same image,
resources and security context, whose plain script loads the same Bell circuit by `qiskit.qasm3.loads`, transpiles it
and runs it on Aer with the same shots. Both are measured on the same node in one run, alternating, by a watch that is
open before the object is created. The QuantumJobs are signed with a throwaway key that a QuantumTrustPolicy trusts, so
webhook and operator verify each; signing itself is done before. Times of a container's and a job's end, and the counts
of writes, come from the API server's audit log; a write is a successful create, patch or delete by the operator, Events
and Leases apart.

A container's end is visible to the operator 1 to 2 seconds before the Job controller says Complete; that is why a
QuantumJob, which follows the container, can be faster than a bare Job.
""",
    "requests": """## Requests and CPU of the operator

Of plain simulator jobs, Bell circuits signed as above: every request of the operator that the API server's audit log
holds, Events and the reading of pod logs among them, Lease and watches apart, and the CPU time of its process, from a
job's creation until 40 s after the last one's end, less what it uses at rest in as long a time, for its Lease and
probes. Rounds of 20 jobs one after another and 50 at once; deleting them is not counted. "Before" is the operator of an
older checkout (`--baseline`) in the same cluster with the same chart and runner, in alternating rounds of one run.
""",
    "rest": """## An operator at rest

Beside a real API server, the operator as a process with the rights of its service account. Jobs that have ended are
written with the status and result of one that the operator ended; waiting ones go the whole way through the operator.
There is neither a job controller nor a node, so that their children get no pods, as when a queue holds them back.
100 of them come and go before memory is looked at. A minute after the last one is reported as queued, requests are
counted for 60 s, Lease and watches apart; of two such windows the quieter one, since the resync, every 10 minutes,
falls into one at most. Memory is resident memory.
""",
    "programs": """## Programs

What the runner adds to the library's own work, on the same node, image and resources as a bare Job whose script calls
the library directly. Of the large circuit only the time is compared in which the simulator has it in hand
(`provenance.simulationSeconds`; the script's own clock), alternating. Of the sweep and of the many circuits it is the
CPU time of the whole process, from its start, for each point or circuit. The shards are noise trajectories of 16
qubits, in pods limited to one core.
""",
    "connector": """## Connector

One connector process with a thousand QuantumTasks of Bell circuits on one backend, before a real API server;
qiskit-ionq in its worker speaks with IonQ's stand-in, which keeps all jobs queued. It looks at them every 10 s (the
chart's default), 200 in a call. Memory is resident memory. The operator's own writes for a cloud job are the input, the
compiling Job, the task, the result and the final status, one for each move in the queue, and two to each budget; a
unit test holds the sum of both processes.
""",
    "verification": """## Verification

The bare call of each library on a statement of 1 KiB, the public key read from its bytes each time; then all that
`qee.signing.verify.verify` does for a job signed with ML-DSA-65: envelope, both libraries, statement, projection,
digest, rule. It grows with the job by what JSON and SHA-512 take.
""",
    "admission": """## Admission

50 clients with a connection each create signed QuantumJobs, one per second each, on a kube-apiserver and etcd (without
fsync) on loopback. The API server asks one webhook process about one of two namespaces and not about the other; the
clients turn from one to the other in slices of 3 s. What is added is the difference of the two namespaces'
percentiles; pairs of slices in which other processes took the most of the cores' time are left out, if that was above
10 %. Not paced means: each client sends its next job as soon as the one before is stored. API server, etcd,
webhook and all clients share the cores of this one machine, so the figures hold their contention as well. The other
writes are patches of labels, foreign annotations, finalizers, `suspend`, the TTL and the status of stored jobs.
""",
}


def value(figures: dict[str, Any], path: str) -> float:
    found: Any = figures
    for part in path.split("."):
        found = found[part]
    return float(found)


def rows(part: str, figures: dict[str, Any]) -> list[Row]:
    """Those about an older operator only where one was measured beside this one."""
    beside = "before" in figures.get(part, {})
    return [row for row in ROWS[part] if beside or not row[0].startswith(BESIDE)]


def page(figures: dict[str, Any]) -> str:
    lines = ["# Benchmarks", "", "`make bench` writes this page and `build/bench.json`."]
    for part in _present(figures):
        lines += ["", TEXTS[part], _measured(part, figures), "", "| figure | measured | bar | holds |"]
        lines.append("|---|---:|---:|---|")
        for path, name, bar, unit in rows(part, figures):
            measured = value(figures, path)
            holds = "" if bar is None else ("yes" if measured <= bar else "**no**")
            lines.append(f"| {name} | {measured:.4g} {unit} | {'' if bar is None else f'{bar:g} {unit}'} | {holds} |")
        if part == "requests":
            lines += _by_request(figures[part])
    if "jobs" in figures["measured"]:
        lines += ["", "The operator's writes for one job:", "", "| write | per job |", "|---|---:|"]
        lines += [f"| {what} | {number:g} |" for what, number in figures["operator_writes"]]
    return "\n".join(lines) + "\n"


def _by_request(found: dict[str, Any]) -> list[str]:
    """A column for each version and kind of run that was measured."""
    columns = {
        f"{kind}, {version}": found[version][key]["by_request"]
        for key, kind in KINDS
        for version in VERSIONS
        if version in found
    }
    lines = ["", f"| request | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for what in sorted({what for column in columns.values() for what in column}):
        lines.append(f"| {what} | {' | '.join(f'{column.get(what, 0):.3g}' for column in columns.values())} |")
    return lines


def verdict(figures: dict[str, Any]) -> str:
    found = [row for part in _present(figures) for row in rows(part, figures)]
    missed = [name for path, name, bar, _ in found if bar is not None and value(figures, path) > bar]
    return f"missed: {', '.join(missed)}" if missed else "every bar holds"


def _present(figures: dict[str, Any]) -> list[str]:
    return [part for part in PARTS if part in figures["measured"]]


def _measured(part: str, figures: dict[str, Any]) -> str:
    context = figures["measured"][part]
    text = f"Measured on {context['date']}: {context['machine']}"
    text += f", load {context['load']:.1f} before." if "load" in context else "."
    if part == "jobs":
        text += f" {figures['overhead']['pairs']} alternating pairs, then {figures['crowd']['jobs']} jobs at once,"
        text += f" then an idle operator for {figures['quiescent_seconds']} s."
    if part == "requests":
        text += f" {figures['requests']['rounds']} rounds."
    if part == "admission":
        found = figures["admission"]
        low, high = found["added_p99_ms_interval"]
        text += (
            f" {found['creates']} paced creations of each kind, {found['disturbed_slices']} pairs of slices left out;"
        )
        text += f" {found['other_writes']} other writes. What is added"
        text += f" at p99 lies between {low:.3g} and {high:.3g} ms (95 %, bootstrap)."
    return text


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
