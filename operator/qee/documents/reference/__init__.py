"""Where a result lies that is too large for a ConfigMap: the reference document.

The files are on a PersistentVolumeClaim, which the operator never mounts: it sees and signs this document, and the
digests in it bind the files. What status shows of a result is therefore in it as well.

Standard library only: the runner imports this before its sandbox is on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qee.api.names import REFERENCE_FORMAT
from qee.documents.canonical import DocumentError, Fields, canonical_json, parsed
from qee.documents.provenance import Provenance
from qee.documents.result import Missing, ResultDocument, columns_from, columns_json
from qee.documents.run import JobReference
from qee.documents.status import SUMMARY_BITS, SUMMARY_COUNTS, SUMMARY_RESULTS, summary

SUMMARY_NUMBER = 32  # characters of a number that status takes; `summary` writes at most 12 digits


def file_path(uid: str, attempt: int, index: int) -> str:
    """Where on its volume the result of one shard (0 where there is one pod) of one attempt lies."""
    return f"{uid}/{attempt}/result-{index}.json.gz"


@dataclass(frozen=True)
class ResultFile:
    """A result document on the volume, gzipped. `sha256` and `size` are those of the document, `stored` is the file's
    size in bytes. `path` is relative to the volume's root.
    """

    index: int
    path: str
    sha256: str
    size: int
    stored: int

    def as_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "path": self.path,
            "sha256": self.sha256,
            "bytes": self.size,
            "storedBytes": self.stored,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "ResultFile":
        found = cls(
            index=fields.integer("index"),
            path=fields.text("path"),
            sha256=fields.sha256("sha256"),
            size=fields.integer("bytes", at_least=1),
            stored=fields.integer("storedBytes", at_least=1),
        )
        fields.finish()
        return found


@dataclass(frozen=True)
class ResultReference:
    """The files of one result, in order of their index, and what is shown of it without reading them.

    `claim` is the PersistentVolumeClaim's name, in the job's namespace. `summary` is what `summary`
    makes of the result; where shards share shots, it has no counts and no values. `parameters` are the columns of each
    circuit that is a sweep. The circuits of `provenance` are in the order of the run. `missing` are shards that failed
    for good: they have no file.
    """

    job: JobReference
    backend: str
    attempt: int
    claim: str
    simulated: bool
    files: tuple[ResultFile, ...]
    summary: Mapping[str, Any]
    provenance: Provenance
    parameters: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()

    def to_bytes(self) -> bytes:
        return canonical_json(
            {
                "apiVersion": REFERENCE_FORMAT,
                "job": self.job.as_json(),
                "backend": self.backend,
                "attempt": self.attempt,
                "persistentVolumeClaim": self.claim,
                "simulated": self.simulated,
                "files": [each.as_json() for each in self.files],
                "summary": dict(self.summary),
                "provenance": self.provenance.as_json(),
                **({"parameters": columns_json(self.parameters)} if self.parameters else {}),
                **({"missing": [each.as_json() for each in self.missing]} if self.missing else {}),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "ResultReference":
        """Raises DocumentError with the path of the field that is wrong."""
        fields = parsed(data, "result reference")
        fields.literal("apiVersion", REFERENCE_FORMAT)
        sweeps = fields.object("parameters") if fields.has("parameters") else None
        reference = cls(
            job=JobReference.from_fields(fields.object("job")),
            backend=fields.text("backend"),
            attempt=fields.integer("attempt", at_least=1),
            claim=fields.text("persistentVolumeClaim"),
            simulated=fields.boolean("simulated"),
            files=tuple(ResultFile.from_fields(each) for each in fields.objects("files")),
            summary=_summary(fields.object("summary")),
            provenance=Provenance.from_fields(fields.object("provenance")),
            parameters={} if sweeps is None else {name: columns_from(sweeps.object(name)) for name in sweeps.names()},
            missing=tuple(Missing.from_fields(each) for each in fields.objects("missing"))
            if fields.has("missing")
            else (),
        )
        fields.finish()
        return reference


def of_result(result: ResultDocument, claim: str, attempt: int, file: ResultFile) -> ResultReference:
    """The reference of what one pod gave and has written to the volume."""
    return ResultReference(
        job=result.job,
        backend=result.backend,
        attempt=attempt,
        claim=claim,
        simulated=result.simulated,
        files=(file,),
        summary=summary(result),
        provenance=result.provenance,
        parameters=result.parameters,
    )


def is_reference(document: bytes) -> bool:
    """Whether these are a reference's bytes, not a result's. In canonical JSON apiVersion is first of all."""
    return document.startswith(b'{"apiVersion":"' + REFERENCE_FORMAT.encode() + b'"')


def _summary(fields: Fields) -> dict[str, Any]:
    results = fields.objects("results")
    if len(results) > SUMMARY_RESULTS:
        raise DocumentError(f"summary.results must have at most {SUMMARY_RESULTS} entries")
    value = {"results": [_shown(each) for each in results], "truncated": fields.boolean("truncated")}
    fields.finish()
    return value


def _shown(fields: Fields) -> dict[str, Any]:
    value: dict[str, Any] = {"circuit": fields.text("circuit"), "parameterSet": fields.integer("parameterSet")}
    if fields.has("shots"):
        value["shots"] = fields.integer("shots", at_least=1)
    if fields.has("counts"):
        value |= {"counts": fields.counts("counts"), "distinct": fields.integer("distinct")}
        if len(value["counts"]) > min(SUMMARY_COUNTS, value["distinct"]):
            raise DocumentError(f"summary's counts must be at most {SUMMARY_COUNTS} and no more than distinct")
        if any(len(key) > SUMMARY_BITS for key in value["counts"]):
            raise DocumentError(f"summary's counts must have keys of at most {SUMMARY_BITS} bits")
    if fields.has("expectationValues"):
        value["expectationValues"] = [_expectation(each) for each in fields.objects("expectationValues")]
    fields.finish()
    return value


def _expectation(fields: Fields) -> dict[str, str]:
    value = {
        "observable": fields.text("observable"),
        "value": fields.number("value"),
        "standardError": fields.number("standardError"),
    }
    fields.finish()
    if any(len(number) > SUMMARY_NUMBER for number in (value["value"], value["standardError"])):
        raise DocumentError(f"summary's numbers must have at most {SUMMARY_NUMBER} characters")
    return value
