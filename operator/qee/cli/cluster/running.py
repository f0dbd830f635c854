"""`qee run` on a cluster and `qee wait`: submit, wait, show. A signal may take the job along."""

import asyncio
import contextlib
from dataclasses import replace

from qee.api.conditions import Phase
from qee.cli import exits, jobs
from qee.cli.cluster import stored
from qee.cli.cluster.interrupts import Interrupted, Interrupts
from qee.cli.cluster.progress import Progress
from qee.cli.cluster.requests import request_cancel
from qee.cli.cluster.submitting import create, signing_with
from qee.cli.cluster.waiting import until_finished
from qee.cli.connection import Cluster, Target
from qee.cli.here import given
from qee.cli.options import JobOptions
from qee.cli.problem import Problem
from qee.cli.show import results
from qee.cli.show.results import View
from qee.cli.sign.options import SigningOptions
from qee.cli.sign.signable import is_signed
from qee.cli.terminal import note, out, printable
from qee.kube.port import ApiError, Object

CANCEL_SECONDS = 10.0  # for the request, and again for the job to end: CI systems kill some 10 to 30 s after SIGTERM


async def run(
    target: Target,
    file: str,
    choice: JobOptions,
    signing: SigningOptions,
    view: View,
    *,
    wait: bool,
    seconds: float | None,
    logs: bool,
    cancel: bool,
) -> int:
    manifest = given.read(file)
    job = manifest.one_job(choice.job)
    chosen = given.with_options(job, choice)
    if chosen["spec"] != job["spec"] and is_signed(job) and not signing.named():
        raise Problem("--shots and --seed change what is signed; sign anew with --key FILE, or change the manifest")
    manifest = replace(manifest, jobs=[chosen])
    async with target.open() as cluster:
        sign = await signing_with(cluster, manifest, signing)
        with Interrupts() as interrupts:
            created = await create(cluster, manifest, chosen, choice.name, sign)
            cluster = replace(cluster, namespace=created["metadata"]["namespace"])
            called = created["metadata"]["name"]
            if not wait:
                out(f"{jobs.named(called)} created")
                return exits.OK
            note(f"{jobs.named(called)} created")
            waiting = _Waiting(cluster, called, created["metadata"]["uid"], seconds, logs, cancel)
            finished = await waiting.finish(interrupts)
        if not stored.partial(finished):
            _succeeded(finished)
        results.present(await stored.document(cluster, finished), view)
        _succeeded(finished)
    return exits.OK


async def wait(target: Target, name: str, *, seconds: float | None, cancel_on_interrupt: bool) -> int:
    async with target.open() as cluster:
        with Interrupts() as interrupts:
            finished = await _Waiting(cluster, name, None, seconds, False, cancel_on_interrupt).finish(interrupts)
        _succeeded(finished)
        out(f"{jobs.named(name)} succeeded")
    return exits.OK


def _succeeded(job: Object) -> None:
    if jobs.ended(job) is not Phase.SUCCEEDED:
        raise Problem(jobs.failure(job), exits.FAILED)


class _Waiting:
    def __init__(
        self, cluster: Cluster, name: str, uid: str | None, seconds: float | None, logs: bool, cancel: bool
    ) -> None:
        self._cluster = cluster
        self._name = name
        self._uid = uid
        self._seconds = seconds
        self._logs = logs
        self._cancel = cancel
        self._called = f"{name} -n {cluster.namespace}"  # as a command takes it, whatever the context says then

    async def finish(self, interrupts: Interrupts) -> Object:
        """The finished job. Raises Problem on timeout, on deletion, and when interrupted."""
        with Progress(self._name) as progress:
            try:
                return await interrupts.unless(self._follow(progress))
            except Interrupted as interrupted:
                return await self._interrupted(interrupted, progress)

    async def _follow(self, progress: Progress) -> Object:
        waiting = until_finished(self._cluster, self._name, seen=progress.show, seconds=self._seconds, uid=self._uid)
        if not self._logs:
            return await waiting
        from qee.cli.cluster.logs import LogFollower

        follower = LogFollower(self._cluster, self._name, self._uid, progress.line)
        following = asyncio.create_task(follower.run())
        try:
            finished = await waiting
            follower.finished.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(following, CANCEL_SECONDS)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        return finished

    async def _interrupted(self, interrupted: Interrupted, progress: Progress) -> Object:
        if not self._cancel:
            raise Problem(
                f"{interrupted}: QuantumJob {self._name!r} goes on; `qee wait {self._called}` waits again, "
                f"`qee cancel {self._called}` stops it",
                exits.INTERRUPTED + interrupted.number,
            ) from None
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await request_cancel(self._cluster, self._name, self._uid)
        except (ApiError, Problem, TimeoutError) as error:
            raise Problem(
                f"{interrupted}: cancelling {self._name!r} was not confirmed ({error or 'no answer'}); it may go on: "
                f"`qee cancel {self._called}`"
            ) from None
        progress.line(f"{interrupted}: asked to cancel {printable(self._name)}")
        try:
            return await until_finished(
                self._cluster, self._name, seen=progress.show, seconds=CANCEL_SECONDS, uid=self._uid
            )
        except Problem:
            raise Problem(
                f"{interrupted}: QuantumJob {self._name!r} was asked to cancel, and has not ended yet", exits.FAILED
            ) from None
