"""One run from start to frame: read, check, sandbox, import the engine, execute, report.

Standard library only until the sandbox is on. Start-up is part of every job's time, so nothing is imported that a run
does not need, and the process ends without tearing down what it has imported.
"""

import contextlib
import gc
import hashlib
import os
import resource
import sys
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from qee import __version__
from qee.api.names import EXIT_OK, INDEX_ENV, MAX_STORED_FILE_BYTES, TERMINATION_LOG
from qee.api.reasons import Reason
from qee.documents import frame, shards
from qee.documents.canonical import DocumentError, canonical_json
from qee.documents.provenance import Provenance
from qee.documents.result import ResultDocument
from qee.documents.run import CircuitRun, RunDocument
from qee.documents.shards import Part
from qee.runner import sandbox, sdk_log
from qee.runner.engines import Engine, load
from qee.sdk import limits
from qee.sdk.errors import RunnerError
from qee.sdk.naming import naming
from qee.sdk.outcomes import Execution, Options, Task, circuit_result, compiled_circuit
from qee.sdk.registers import check_conditions
from qee.sdk.source import LIBRARIES, check_source

_ERROR_BYTES = 4096  # what the kubelet keeps of a termination message
_NAMES = ("--input", "--sha256", "--run", "--results", "--sandbox", "--termination-log")
_USAGE = (
    "usage: python -m qee.runner --input=PATH --sha256=HEX --run=UID.ATTEMPT [--results=FOLDER] "
    "[--sandbox=required|best-effort]"
)


@dataclass(frozen=True)
class Arguments:
    """`sandbox_required` is false for `--sandbox=best-effort`, on hosts without libseccomp; never in a pod.

    `results` is where the volume is mounted that takes results which are too large to be framed.
    """

    input: str
    sha256: str
    run: str
    sandbox_required: bool = True
    termination_log: str = TERMINATION_LOG
    results: str | None = None


def main(arguments: list[str]) -> NoReturn:
    """Run, print the frame or report the error, and end the process."""
    gc.disable()  # importing an SDK makes garbage of nothing and costs a quarter more with the collector on
    sandbox.close_inherited_files()
    frame_out = os.dup(1)
    os.dup2(2, 1)  # what an SDK prints must not mix with the frame
    termination_log = TERMINATION_LOG
    try:
        parsed = parse_arguments(arguments)
        termination_log = parsed.termination_log
        index = int(os.environ.get(INDEX_ENV, "0"))
        document = run(parsed, index)
        try:
            lines = frame.encode(document, parsed.run, index)
        except frame.FrameError as error:
            raise RunnerError(
                Reason.RESULT_TOO_LARGE,
                f"{error}; name a volume in spec.results, or ask for fewer circuits or shots with fewer distinct "
                "outcomes",
            ) from error
        _write(frame_out, b"\n" + lines.encode("ascii"))
        code = EXIT_OK
    except RunnerError as error:
        code = _report(error, termination_log)
    except BaseException:  # an SDK's panic is no Exception
        traceback.print_exc()
        code = _report(RunnerError(Reason.RUNNER_FAILED, "internal error; see the pod's log"), termination_log)
    sys.stderr.flush()
    os._exit(code)


def parse_arguments(arguments: list[str]) -> Arguments:
    """Each as `--name=value`. Raises RunnerError for anything else: the operator writes them, not a person."""
    values: dict[str, str] = {}
    for argument in arguments:
        name, found, value = argument.partition("=")
        if not found or name not in _NAMES:
            raise RunnerError(Reason.RUNNER_FAILED, _USAGE)
        values[name] = value
    if not all(values.get(name) for name in ("--input", "--sha256", "--run")):
        raise RunnerError(Reason.RUNNER_FAILED, _USAGE)
    if values.get("--sandbox", "required") not in ("required", "best-effort"):
        raise RunnerError(Reason.RUNNER_FAILED, _USAGE)
    return Arguments(
        values["--input"],
        values["--sha256"],
        values["--run"],
        values.get("--sandbox") != "best-effort",
        values.get("--termination-log", TERMINATION_LOG),
        values.get("--results"),
    )


def run(arguments: Arguments, index: int) -> bytes:
    """The bytes of the document to frame. Raises RunnerError."""
    start = time.time()
    with open(arguments.input, "rb") as file:
        data = file.read()
    if hashlib.sha256(data).hexdigest() != arguments.sha256:
        raise RunnerError(Reason.INPUT_MISMATCH, "the input's bytes are not those that the operator wrote")
    kind = sandbox.deny_network(arguments.sandbox_required)
    if kind == "none":
        _log("warning: without libseccomp the network is not denied to the circuit's parser")
    sandbox.limit_resources(*((MAX_STORED_FILE_BYTES,) if arguments.results else ()))
    sdk_log.keep()
    try:
        document = RunDocument.from_bytes(data)
    except DocumentError as error:
        raise RunnerError(Reason.INPUT_MISMATCH, f"the run document is not of this version: {error}") from error
    if document.target is not None:
        return compiled(document)
    result = execute(document, index, kind, start)
    if arguments.results is None:
        return result.to_bytes()
    from qee.runner.placing import placed

    attempt = int(arguments.run.rpartition(".")[2])
    return placed(result, document, Path(arguments.results), attempt, index)


def compiled(document: RunDocument) -> bytes:
    """The compiled document of a cloud job. The adapter's SDK is all that is loaded."""
    from qee.runner.compiling import compiler

    limit_threads(limits.room().threads)
    check_sources(document)
    return compiler(document.engine).prepare(document, document.target or b"").to_bytes()


def execute(document: RunDocument, index: int, sandbox_kind: str, start: float) -> ResultDocument:
    """What the shard of this index has to do; every circuit of it is parsed before the first is executed.

    `start` is in seconds since the epoch.
    """
    room = limits.room()
    limit_threads(room.threads)
    check_sources(document)
    engine = load(document.engine, options_of(document), limits.Room(room.threads, limits.memory()))
    _collect_garbage_again()
    if not 0 <= index < shards.count(document):
        raise RunnerError(Reason.RUNNER_FAILED, f"the run has no shard {index}")
    todo: dict[int, list[Part]] = {}
    for part in shards.parts(document, index):
        todo.setdefault(part.circuit, []).append(part)
    programs = {}
    for number in todo:
        with naming(document.circuits[number], parsing=True):
            programs[number] = engine.parse(document.circuits[number])
    done: dict[int, list[tuple[Part, Execution]]] = {}
    begin = time.perf_counter()
    for number, work in todo.items():
        circuit = document.circuits[number]
        with naming(circuit):
            done[number] = [
                (part, engine.execute(programs[number], Task(part.shots, part.seed, _row(circuit, part), part.share)))
                for part in work
            ]
    simulation = time.perf_counter() - begin
    provenance = _provenance(document, done, engine, room.threads, sandbox_kind, start)
    return _result(document, done, replace(provenance, simulation_seconds=f"{simulation:.4f}"))


def check_sources(document: RunDocument) -> None:
    for circuit in document.circuits:
        with naming(circuit):
            check_source_of(circuit)


def check_source_of(circuit: CircuitRun) -> None:
    if circuit.format in LIBRARIES:
        check_source(circuit.source, circuit.format)
        check_conditions(circuit.source)


def options_of(document: RunDocument) -> Options:
    return Options(
        simulator=document.simulator,
        outputs=document.outputs,
        precision=None if document.precision is None else float(document.precision),
        noise=document.noise,
        transpile=document.transpile,
        seed=document.seed,
    )


def _row(circuit: CircuitRun, part: Part) -> dict[str, float]:
    return circuit.row(part.parameter_set) if circuit.parameters else {}


def limit_threads(threads: int) -> None:
    """Before numpy is imported: its BLAS would start a thread for each of the host's CPUs, and runs no product here."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _collect_garbage_again() -> None:
    """A large program leaves cycles behind; what the imports made is here to stay and is not looked at again."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(50_000)
        gc.enable()


_Done = dict[int, list[tuple[Part, Execution]]]


def _result(document: RunDocument, done: _Done, provenance: Provenance) -> ResultDocument:
    circuits = document.circuits
    return ResultDocument(
        job=document.job,
        backend=document.backend,
        simulated=True,
        results=tuple(
            circuit_result(circuits[number].name, part, execution)
            for number, executions in done.items()
            for part, execution in executions
        ),
        seed=document.seed,
        seed_drawn=document.seed_drawn,
        provenance=provenance,
        parameters={
            circuits[number].name: circuits[number].parameters for number in done if circuits[number].parameters
        },
    )


def _provenance(
    document: RunDocument, done: _Done, engine: Engine, threads: int, sandbox_kind: str, start: float
) -> Provenance:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Provenance(
        engine=document.engine,
        versions={"qee": __version__, "python": sys.version.split()[0], **engine.versions()},
        precision=document.simulator.precision,
        shards=shards.count(document),
        noise=engine.noise_model(),
        sandbox=sandbox_kind,
        threads=threads,
        circuits=tuple(
            compiled_circuit(document.circuits[number].name, executions[0][1]) for number, executions in done.items()
        ),
        start_time=_rfc3339(start),
        completion_time=_rfc3339(time.time()),
        cpu_seconds=f"{usage.ru_utime + usage.ru_stime:.2f}",
        max_rss_mib=usage.ru_maxrss // 1024,
    )


def _rfc3339(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def _report(error: RunnerError, termination_log: str) -> int:
    """Leave the reason where the kubelet looks for it, and a line in the log. Returns the exit code."""
    if error.reason is Reason.RUNNER_FAILED:
        sdk_log.tell()
    _log(f"{error.reason}: {error.message}")
    message = error.message
    while len(data := canonical_json({"reason": str(error.reason), "message": message})) > _ERROR_BYTES:
        message = message[: len(message) * 3 // 4] + "…"
    with contextlib.suppress(OSError), open(termination_log, "wb") as file:  # outside of a pod there is none
        file.write(data)
    return error.exit_code


def _log(line: str) -> None:
    sys.stderr.write(f"qee.runner: {line}\n")


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
