"""From a reference and its files, wherever they were copied to, to the one result document."""

from collections.abc import Sequence
from pathlib import Path

from qee.documents.canonical import DocumentError
from qee.documents.merge import joined
from qee.documents.reference import ResultFile, ResultReference, files
from qee.documents.result import ResultDocument
from qee.documents.run import circuit_seed


def result_of(reference: ResultReference, paths: Sequence[Path]) -> bytes:
    """The result document's bytes. Each file is found by what is in it; their order and names do not matter.

    Raises DocumentError, with the file's name and the digest expected, where one is not of the reference, is of another
    run or is absent, and OSError where one cannot be read.
    """
    left = {entry.index: entry for entry in reference.files}
    found: dict[int, ResultDocument] = {}
    data = b""
    for path in paths:
        entry, data = _matched(path, list(left.values()))
        del left[entry.index]
        found[entry.index] = _checked(path, data, reference, entry.index)
    if left:
        entry = next(iter(left.values()))
        raise DocumentError(
            f"{len(left)} of {len(reference.files)} files are missing: give {entry.path}, too; its document has "
            f"SHA-256 {entry.sha256}"
        )
    if len(found) == 1 and not reference.missing:
        return data  # byte for byte what the reference has the digest of
    order = [each.circuit for each in reference.provenance.circuits]
    try:
        return joined(found, order, reference.parameters, reference.missing).to_bytes()
    except KeyError:  # one shard's circuit or observable that another one has not
        raise DocumentError("the files do not fit together: they are not those of one run") from None


def _matched(path: Path, entries: Sequence[ResultFile]) -> tuple[ResultFile, bytes]:
    if not entries:
        raise DocumentError(f"{path} is one file too many: the result has no more, or it was given twice")
    size = path.stat().st_size
    alike = [entry for entry in entries if entry.stored == size] or [entries[0]]
    for entry in alike[:-1]:
        try:
            return entry, files.read(path, entry)
        except DocumentError:
            continue
    return alike[-1], files.read(path, alike[-1])


def _checked(path: Path, data: bytes, reference: ResultReference, index: int) -> ResultDocument:
    """The digest says that these are the bytes that the runner wrote, not what they are of: nobody has read them."""
    try:
        document = ResultDocument.from_bytes(data)
    except DocumentError as error:
        raise DocumentError(f"{path}: this version cannot read the result: {error}") from None
    order = [each.circuit for each in reference.provenance.circuits]
    for name, got, wanted in (
        ("job", document.job, reference.job),
        ("backend", document.backend, reference.backend),
        ("simulated", document.simulated, reference.simulated),
        ("provenance.engine", document.provenance.engine, reference.provenance.engine),
        ("missing", document.missing, ()),
        (
            "seed",
            [each.seeds for each in document.results],
            [(circuit_seed(document.seed, r.circuit, r.parameter_set, index),) for r in document.results],
        ),
        (
            "parameters",
            {name: dict(columns) for name, columns in document.parameters.items()},
            {
                name: dict(columns)
                for name, columns in reference.parameters.items()
                if name in {each.circuit for each in document.results}
            },
        ),
    ):
        if got != wanted:
            raise DocumentError(f"{path}: its {name} is not that of the reference")
    circuits = {each.circuit for each in document.results} | {each.circuit for each in document.provenance.circuits}
    if not circuits <= set(order):
        raise DocumentError(f"{path}: it has circuits that the reference does not name")
    return document
