"""Does a reference answer its run document? What the operator can tell of a result whose files it never sees."""

from collections.abc import Mapping, Sequence
from typing import Any

from qee.api.names import MAX_FILE_BYTES, MAX_STORED_FILE_BYTES
from qee.documents import shards
from qee.documents.canonical import DocumentError
from qee.documents.reference import ResultFile, ResultReference, file_path
from qee.documents.run import CircuitRun, RunDocument
from qee.documents.status import SUMMARY_RESULTS

Unit = tuple[int, int]  # number of a circuit in the run document, and parameter set


def check_reference(reference: ResultReference, run: RunDocument, attempt: int) -> None:
    """Raises DocumentError unless `reference` is that of the whole run: a file or a reason for each shard.

    A file may be one of a former attempt: what a shard gave once is kept.
    """
    lost = {each.index for each in reference.missing}
    if len(lost) != len(reference.missing) or not lost <= set(range(shards.count(run))):
        raise DocumentError("the reference's missing is not that of the run")
    _check(reference, run, [index for index in range(shards.count(run)) if index not in lost], whole=True)
    if reference.attempt != attempt:
        raise _other("attempt")
    for number, each in enumerate(reference.files):
        _check_file(each, run.job.uid, range(1, attempt + 1), f"files[{number}]")


def check_shard_reference(reference: ResultReference, run: RunDocument, index: int, attempt: int | None = None) -> None:
    """The same for what one shard gave in this attempt; None: in whichever the reference names."""
    if reference.missing:
        raise DocumentError("the reference's missing is not that of a shard")
    _check(reference, run, [index], whole=False)
    if attempt is not None and reference.attempt != attempt:
        raise _other("attempt")
    for number, each in enumerate(reference.files):
        _check_file(each, run.job.uid, [reference.attempt], f"files[{number}]")


def _check(reference: ResultReference, run: RunDocument, indices: Sequence[int], *, whole: bool) -> None:
    shots: dict[Unit, int] = {}
    for index in indices:
        for part in shards.parts(run, index):
            unit = (part.circuit, part.parameter_set)
            shots[unit] = shots.get(unit, 0) + part.shots
    units = sorted(shots)
    circuits = [run.circuits[number] for number in dict.fromkeys(number for number, _ in units)]
    sampled = "counts" in run.outputs or "memory" in run.outputs
    shown = [
        (run.circuits[number].name, row, shots[number, row] if sampled else None)
        for number, row in units[:SUMMARY_RESULTS]
    ]
    for name, got, wanted in (
        ("job", reference.job, run.job),
        ("backend", reference.backend, run.backend),
        ("persistentVolumeClaim", reference.claim, run.claim),
        ("provenance.engine", reference.provenance.engine, run.engine),
        ("provenance.precision", reference.provenance.precision, run.simulator.precision),
        ("provenance.shards", reference.provenance.shards, shards.count(run)),
        ("provenance.circuits", [e.circuit for e in reference.provenance.circuits], [c.name for c in circuits]),
        (
            "parameters",
            {name: dict(columns) for name, columns in reference.parameters.items()},
            {circuit.name: dict(circuit.parameters) for circuit in circuits if circuit.parameters},
        ),
        (
            "summary.results",
            [(e["circuit"], e["parameterSet"], e.get("shots")) for e in reference.summary["results"]],
            shown,
        ),
        ("files", [each.index for each in reference.files], list(indices)),
    ):
        if got != wanted:
            raise _other(name)
    if not reference.files:
        raise DocumentError("the reference names no file")
    hidden = whole and cut(run)
    for position, (entry, (number, row)) in enumerate(zip(reference.summary["results"], units, strict=False)):
        _check_shown(entry, run, run.circuits[number], shots[number, row], hidden, f"summary.results[{position}]")


def cut(run: RunDocument) -> bool:
    """Whether shards share the shots of one circuit and parameter set."""
    return shards.count(run) > sum(circuit.parameter_sets for circuit in run.circuits)


def _check_shown(
    entry: Mapping[str, Any], run: RunDocument, circuit: CircuitRun, shots: int, hidden: bool, where: str
) -> None:
    """`hidden`: nobody knows the numbers before the files are put together."""
    if ("counts" in entry) != ("counts" in run.outputs and not hidden):
        raise DocumentError(f"{where} must have counts where the run asked for them, and shards do not share its shots")
    if sum(entry.get("counts", {}).values()) > shots:
        raise DocumentError(f"{where}.counts must sum to at most the {shots} shots")
    wanted = sorted(each.name for each in circuit.observables) if "expectation" in run.outputs and not hidden else []
    if sorted(each["observable"] for each in entry.get("expectationValues", [])) != wanted:
        raise DocumentError(f"{where}.expectationValues must be those that the run asked for, and shards do not share")


def _check_file(file: ResultFile, uid: str, attempts: Sequence[int], where: str) -> None:
    if file.path not in {file_path(uid, attempt, file.index) for attempt in attempts}:
        raise DocumentError(f"{where}.path is not the one of this job, attempt and shard")
    if file.size > MAX_FILE_BYTES:
        raise DocumentError(f"{where}.bytes is {file.size}, at most {MAX_FILE_BYTES} are allowed")
    if file.stored > MAX_STORED_FILE_BYTES:
        raise DocumentError(f"{where}.storedBytes is {file.stored}, at most {MAX_STORED_FILE_BYTES} are allowed")


def _other(name: str) -> DocumentError:
    return DocumentError(f"the reference's {name} is not that of the run")
