"""The operator's way of a hostile job, as `measuring` runs it: from the spec to the prepared run document."""

import asyncio
import base64
import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any, cast

from pydantic import ValidationError
from tests import builders
from tests.unit.bounds import jobs, references, results, tables
from tests.unit.bounds.formats import CIRQ, QPY
from tests.unit.bounds.programs import SHAPES, Hostile

from qee.api.backend import QuantumBackend
from qee.api.explain import brief
from qee.api.job import QuantumJob
from qee.api.names import MAX_INLINE_BYTES
from qee.circuits import Limits
from qee.controller.jobs import answers, inputs
from qee.core.checks.prepare import prepare
from qee.core.checks.sources import Sources
from qee.core.checks.tables import TableProblem, read
from qee.core.refusal import Refused
from qee.documents import DocumentError
from qee.documents.frame import FrameError, decode
from qee.kube.port import Object, Port
from qee.kube.resources import Resource
from qee.sdk.errors import RunnerError
from qee.sdk.explain import keyword_at, statement_at
from qee.sdk.openqasm import reader
from qee.sdk.source import check_source
from qee.signing.profiles.job import project
from qee.signing.projection import ProjectionProblem
from qee.webhook.review import Malformed, parse

PROGRAMS: dict[str, Hostile] = {**SHAPES, **QPY, **CIRQ}


def job_of(shape: Hostile, size: int) -> tuple[dict[str, Any], bytes]:
    """The manifest, and the program's bytes: inline where they fit, else from a ConfigMap."""
    program = shape.make(size)
    place: dict[str, Any] = {"source": program.decode()} if shape.format != "qpy" else {}
    if shape.format == "qpy":
        place = {"data": base64.b64encode(program).decode()}
    if sum(map(len, place.values())) > MAX_INLINE_BYTES:
        digest = hashlib.sha256(program).hexdigest()
        place = {"configMapKeyRef": {"name": "programs", "key": "program"}, "sha256": digest}
    circuit = {"name": "c", "format": shape.format, **place, **shape.circuit(size)}
    manifest = builders.job(circuits=[circuit], **{"activeDeadlineSeconds": 60, **shape.spec})
    manifest["metadata"]["uid"] = "u-1"
    return manifest, program


def _programs(name: str, size: int) -> Callable[[], str]:
    shape = PROGRAMS[name]
    manifest, program = job_of(shape, size)
    provider = "cirq" if shape.format == "cirq-json" else "aer"
    backend = QuantumBackend.model_validate(builders.backend(provider=provider))

    def work() -> str:
        job = QuantumJob.model_validate(manifest)
        try:
            prepare(job, backend, Sources({"c": program}), {}, "1")
        except Refused as refusal:
            if "MemoryError" in refusal.message:
                raise MemoryError from None
            return f"{refusal.reason}: {refusal.message}"
        return "prepared"

    return work


def _read_by_the_runner(name: str, size: int) -> Callable[[], str]:
    """What the runner itself does with the text, before and after an SDK has it."""
    shape = PROGRAMS[name]
    text = shape.make(size).decode().replace("input float theta;", "")  # which is not for this engine

    def work() -> str:
        with contextlib.suppress(RunnerError):
            check_source(text, shape.format)
        keyword_at(text, None)
        statement_at(text, None)
        try:
            reader.read(text, shape.format, Limits())
        except RunnerError as error:
            return error.message
        return "read"

    return work


def _sources(name: str, size: int) -> Callable[[], str]:
    """Reading what a job's circuits refer to, from an API server that makes each ConfigMap as it is asked for."""
    job, config_map = references.REFERENCES[name](size)
    backend = QuantumBackend.model_validate(builders.backend())

    class Server:
        async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
            return config_map(name)

    def work() -> str:
        of = QuantumJob.model_validate(job)
        try:
            prepare(of, backend, asyncio.run(inputs.sources(cast(Port, Server()), of)), {}, "1")
        except Refused as refusal:
            return f"{refusal.reason}: {refusal.message}"
        return "prepared"

    return work


def _documents(name: str, size: int) -> Callable[[], str]:
    """From a pod's log to what is stored of it; of one that is too large for a frame, what a part could hold."""
    document, run = results.DOCUMENTS[name](size), results.OF.to_bytes()
    log = None
    with contextlib.suppress(FrameError):
        log = results.framed(document)

    def work() -> str:
        try:
            answers.of_run(document if log is None else decode(log, results.RUN, 0), run, 1)
        except DocumentError as error:
            return str(error)
        return "read"

    return work


def _logs(name: str, size: int) -> Callable[[], str]:
    log = results.LOGS[name](size)

    def work() -> str:
        try:
            decode(log, results.RUN, 0)
        except FrameError as error:
            return f"{error.kind}: {error}"
        return "read"

    return work


def _tables(name: str, size: int) -> Callable[[], str]:
    table = tables.TABLES[name](size)

    def work() -> str:
        try:
            read(table, "t.csv" if "CSV" in name else "t.json")
        except TableProblem as problem:
            return str(problem)
        return "read"

    return work


def _jobs(name: str, size: int) -> Callable[[], str]:
    """The webhook's part, and the operator's: reading the object, projecting it, preparing it."""
    manifest = jobs.JOBS[name](size)
    manifest["metadata"] |= {"uid": "u-1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    body = json.dumps(jobs.review(manifest)).encode()
    backend = QuantumBackend.model_validate(builders.backend())

    def work() -> str:
        with contextlib.suppress(Malformed, ProjectionProblem):  # the operator may get what the webhook does not see
            project(parse(body).obj or {})
        obj = json.loads(body)["request"]["object"]
        try:
            job = QuantumJob.model_validate(obj)
            programs = {circuit.name: circuit.inline_program or b"" for circuit in job.spec.circuits}
            prepare(job, backend, Sources(programs), {}, "1")
        except ValidationError as error:
            return brief(error)
        except Refused as refusal:
            return f"{refusal.reason}: {refusal.message}"
        return "prepared"

    return work


KINDS: dict[str, Callable[[str, int], Callable[[], str]]] = {
    "programs": _programs,
    "sources": _sources,
    "runner": _read_by_the_runner,
    "documents": _documents,
    "logs": _logs,
    "tables": _tables,
    "jobs": _jobs,
}
