"""A result that went to a volume: what the reference tells of it, how to get its files, and the result in them."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from qee.cli.problem import Problem
from qee.cli.show.histogram import columns
from qee.cli.terminal import printable
from qee.documents.canonical import DocumentError
from qee.documents.reference import ResultReference
from qee.documents.reference.reading import result_of

POD, MOUNT = "qee-results", "/results"  # of the pod in docs/guide/large-results.md
_LISTED = 16


def read(reference: bytes) -> ResultReference:
    """Raises Problem."""
    try:
        return ResultReference.from_bytes(reference)
    except DocumentError as error:
        raise Problem(f"this version of qee cannot read the reference to the result: {error}") from None


def result_in(reference: bytes, files: Sequence[str]) -> bytes:
    """The result document that is in these files. Raises Problem unless they are those of the reference."""
    try:
        return result_of(read(reference), [Path(each) for each in files])
    except DocumentError as error:
        raise Problem(f"--file {printable(str(error))}") from None
    except OSError as error:
        raise Problem(f"--file {error.filename}: cannot be read: {error.strerror}") from None


def needs_files(reference: bytes, what: str) -> Problem:
    name = read(reference).job.name
    return Problem(
        f"{what} needs the whole result, and that of {name!r} is on a volume: give its files with --file; "
        f"`qee result {name}` says where they are"
    )


def shown(reference: bytes, circuit: str | None) -> str:
    """For people: the summary, where the files are, and the commands that get them. Raises Problem."""
    found = read(reference)
    return "\n".join([*_summary(found, circuit), "", *_files(found), "", *_commands(found)])


def _summary(found: ResultReference, circuit: str | None) -> Iterator[str]:
    entries = [each for each in found.summary["results"] if circuit in (None, each["circuit"])]
    kind = " (simulated)" if found.simulated else ""
    yield f"{printable(found.job.name)}: summary of the result on {printable(found.backend)}{kind}"
    rows = [row for each in entries for row in _rows(each)]
    if rows:
        yield from (
            f"  {line}" for line in columns([["CIRCUIT", "SET", "SHOTS", "WHAT", "NUMBER"], *rows]).splitlines()
        )
    if found.summary["truncated"]:
        yield "  the files hold more than is shown here"


def _rows(entry: dict[str, Any]) -> Iterator[list[str]]:
    begin = [printable(entry["circuit"]), str(entry["parameterSet"]), str(entry.get("shots", ""))]
    numbers = [(key, str(count)) for key, count in entry.get("counts", {}).items()]
    for each in entry.get("expectationValues", []):
        numbers.append((printable(each["observable"]), f"{each['value']} ± {each['standardError']}"))
    for what, number in numbers or [("", "")]:
        yield [*begin, what, number]


def _files(found: ResultReference) -> Iterator[str]:
    where = f"PersistentVolumeClaim {printable(found.claim)} in namespace {printable(found.job.namespace)}"
    yield f"The result is on {where}, {sum(each.size for each in found.files)} bytes when unpacked:"
    rows = [[printable(each.path), f"{each.stored} bytes", f"sha256 {each.sha256}"] for each in found.files[:_LISTED]]
    yield from (f"  {line}" for line in columns(rows).splitlines())
    yield from _more(found)


def _commands(found: ResultReference) -> Iterator[str]:
    namespace = f"-n {shlex.quote(printable(found.job.namespace))}"
    name = shlex.quote(printable(found.job.name))
    yield f"To read it, copy the files out of a pod that mounts the claim at {MOUNT} (docs/guide/large-results.md):"
    for each in found.files[:_LISTED]:
        source = shlex.quote(f"{POD}:{MOUNT}/{printable(each.path)}")
        yield f"  kubectl cp {namespace} {source} {_local(each.path)}"
    yield from _more(found)
    words = " ".join(f"--file {_local(each.path)}" for each in found.files[:_LISTED])
    yield f"  qee result {name} {namespace} {words}{' ...' if len(found.files) > _LISTED else ''}"


def _more(found: ResultReference) -> Iterator[str]:
    if len(found.files) > _LISTED:
        yield f"  and {len(found.files) - _LISTED} more: `qee result {found.job.name} -o json` lists all"


def _local(path: str) -> str:
    return shlex.quote(printable(PurePosixPath(path).name))
