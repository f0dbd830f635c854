"""`qee get` and `qee backends`: lists, as kubectl prints them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from qee.api.conditions import Phase
from qee.cli import durations, exits, jobs
from qee.cli.cluster.interrupts import Interrupted, Interrupts
from qee.cli.cluster.waiting import PAUSES, WATCH_SECONDS, may_pass
from qee.cli.connection import Cluster, Target
from qee.cli.forms import ListForm
from qee.cli.show.histogram import columns
from qee.cli.show.results import dumped
from qee.cli.terminal import coloured, note, out, printable
from qee.kube.port import DELETED, ApiError, Object
from qee.kube.resources import BACKENDS, JOBS

COLOURS = {Phase.SUCCEEDED: "green", Phase.FAILED: "red", Phase.UNVERIFIED: "red", Phase.CANCELLED: "yellow"}


async def get_jobs(target: Target, name: str | None, everywhere: bool, watch: bool, form: ListForm) -> int:
    async with target.open() as cluster:
        if watch:
            with Interrupts() as interrupts:
                try:
                    await interrupts.unless(_watch(cluster, name, everywhere, form))
                except Interrupted as interrupted:
                    return exits.INTERRUPTED + interrupted.number
        found: Object | list[Object]
        if name is not None:
            found = await jobs.fetch(cluster, name)
        else:
            namespace = None if everywhere else cluster.namespace
            found = [job async for job in cluster.port.list(JOBS, namespace)]
            if not found and form is ListForm.TABLE:
                note("no QuantumJobs" + ("" if everywhere else f" in namespace {cluster.namespace!r}"))
                return exits.OK
        _print(found, form, lambda all_: job_table(all_, everywhere), "quantumjob.qee.dev")
    return exits.OK


async def get_backends(target: Target, form: ListForm) -> int:
    async with target.open() as cluster:
        found = [backend async for backend in cluster.port.list(BACKENDS)]
        if not found and form is ListForm.TABLE:
            note("no QuantumBackends; the cluster's administrator applies them")
            return exits.OK
        _print(found, form, backend_table, "quantumbackend.qee.dev")
    return exits.OK


async def _watch(cluster: Cluster, name: str | None, everywhere: bool, form: ListForm) -> None:
    """Tell every change for ever; at each new beginning of the watch, only what is new."""
    namespace = None if everywhere else cluster.namespace
    told: dict[str, str] = {}
    headed = False
    if name is not None:
        await jobs.fetch(cluster, name)  # a watch would wait for one that does not exist
    while True:
        try:
            async for kind, job in cluster.port.watch(JOBS, namespace, name=name, timeout_seconds=WATCH_SECONDS):
                uid, version = job["metadata"]["uid"], job["metadata"]["resourceVersion"]
                if told.get(uid) == version:
                    continue
                told[uid] = version
                _tell(job, kind, everywhere, form, headed)
                headed = True
        except ApiError as error:
            if not may_pass(error):
                raise
        await asyncio.sleep(PAUSES[0])


def _tell(job: Object, kind: str, everywhere: bool, form: ListForm, headed: bool) -> None:
    if form is not ListForm.TABLE:
        _print(job, form, lambda all_: "", "quantumjob.qee.dev")
        return
    lines = job_table([job], everywhere).splitlines()
    if not headed:
        out(lines[0])
    out(lines[1] + ("   (deleted)" if kind == DELETED else ""))


def job_table(found: Sequence[Object], everywhere: bool) -> str:
    rows = [["NAME", "BACKEND", "PHASE", "REASON", "AGE", "DURATION"]]
    for job in found:
        reason, _ = jobs.reason_and_message(job)
        seconds = jobs.run_seconds(job)
        rows.append(
            [
                job["metadata"]["name"],
                str(((job.get("spec") or {}).get("backendRef") or {}).get("name", "")),
                jobs.phase(job),
                reason,
                durations.short(jobs.age_seconds(job)),
                "" if seconds is None else durations.short(seconds),
            ]
        )
    if everywhere:
        spaces = ["NAMESPACE", *(job["metadata"]["namespace"] for job in found)]
        rows = [[space, *row] for space, row in zip(spaces, rows, strict=True)]
    lines = columns([[printable(cell) for cell in row] for row in rows]).splitlines()
    return "\n".join([lines[0], *(_painted(line, jobs.phase(job)) for line, job in zip(lines[1:], found, strict=True))])


def _painted(line: str, phase: str) -> str:
    colour = COLOURS.get(Phase(phase)) if phase in list(Phase) else None
    return line.replace(phase, coloured(phase, colour), 1) if colour else line


def backend_table(found: Sequence[Object]) -> str:
    rows = [["NAME", "PROVIDER", "DEVICE", "NAMESPACES", "MAX QUBITS", "MAX SHOTS", "READY"]]
    for backend in found:
        spec = backend.get("spec") or {}
        limits = spec.get("limits") or {}
        ready = [c for c in (backend.get("status") or {}).get("conditions") or [] if c.get("type") == "Ready"]
        rows.append(
            [
                backend["metadata"]["name"],
                str(spec.get("provider", "")),
                str(spec.get("device", "")),
                _admitted(spec.get("allowedNamespaces") or {}),
                str(limits.get("maxQubits", "")),
                str(limits.get("maxShots", "")),
                str(ready[0].get("status")) if ready else "",
            ]
        )
    return columns([[printable(cell) for cell in row] for row in rows])


def _admitted(allowed: dict[str, Any]) -> str:
    if allowed.get("names"):
        listed = list(allowed["names"])
        return ",".join(listed[:3]) + (f",+{len(listed) - 3}" if len(listed) > 3 else "")
    if "selector" in allowed:
        return "by label"
    return "all" if allowed.get("all") else "none"


def _print(found: Object | list[Object], form: ListForm, table: Callable[[list[Object]], str], kind: str) -> None:
    listed = found if isinstance(found, list) else [found]
    if form is ListForm.TABLE:
        out(table(listed))
    elif form is ListForm.NAME:
        for each in listed:
            out(f"{kind}/{printable(each['metadata']['name'])}")
    else:
        for each in listed:
            each["metadata"].pop("managedFields", None)
        value = {"apiVersion": "v1", "kind": "List", "items": found} if isinstance(found, list) else found
        prefix = "---\n" if form is ListForm.YAML and not isinstance(found, list) else ""
        out(prefix + dumped(value, yaml=form is ListForm.YAML))
