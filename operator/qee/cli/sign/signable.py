"""Manifests that are signed: their QuantumJobs as values, and the same text with an annotation added.

The text is changed at the places of the annotation alone. Comments, order, quoting and all other documents stay byte
for byte; what comes out is read again and compared before it is given away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qee.api import names
from qee.cli.manifest import named_apart, text_of
from qee.cli.problem import Problem
from qee.cli.sign.strict_yaml import Node, Reader, documents
from qee.kube.port import Object


@dataclass(frozen=True)
class Job:
    """A QuantumJob of the file. `value` is what every reader of YAML makes of it."""

    value: Object
    node: Node


@dataclass(frozen=True)
class Edit:
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Text:
    """A file, with its QuantumJobs in their order."""

    origin: str
    text: str
    jobs: Sequence[Job]

    def with_annotations(self, envelopes: Mapping[int, str], namespaces: Mapping[int, str]) -> str:
        """The text with the signatures of jobs, by index, and namespaces where none were written. Raises Problem."""
        edits: list[Edit] = []
        for index, envelope in envelopes.items():
            edits += _edits(self.text, self.jobs[index].node, envelope, namespaces.get(index))
        changed = self.text
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
            changed = changed[: edit.start] + edit.text + changed[edit.end :]
        self._compare(changed, envelopes, namespaces)
        return changed

    def _compare(self, changed: str, envelopes: Mapping[int, str], namespaces: Mapping[int, str]) -> None:
        wanted = [
            with_annotation(job.value, envelopes.get(index), namespaces.get(index))
            for index, job in enumerate(self.jobs)
        ]
        if [job.value for job in parsed(changed, self.origin).jobs] != wanted:
            raise Problem(
                f"{self.origin}: metadata is written in a way that cannot be added to; write metadata and "
                "metadata.annotations as plain blocks, one key a line"
            )


def is_signed(job: Object) -> bool:
    """Whether a signature is there; not whether it holds."""
    return names.ANNOTATION_SIGNATURE in (job["metadata"].get("annotations") or {})


def with_annotation(job: Object, envelope: str | None, namespace: str | None = None) -> Object:
    """A copy of the object with the signature and, where it is given, the namespace."""
    metadata: dict[str, Any] = {**job["metadata"], **({"namespace": namespace} if namespace else {})}
    if envelope is not None:
        metadata["annotations"] = {**(metadata.get("annotations") or {}), names.ANNOTATION_SIGNATURE: envelope}
    return {**job, "metadata": metadata}


def read(path: str, *, lenient: bool = False) -> Text:
    """The file ("-": stdin). Raises Problem; for a file without QuantumJobs unless `lenient`."""
    text, origin = text_of(path, "utf-8")
    if lenient and names.KIND_JOB not in text:
        return Text(origin, text, [])
    found = parsed(text, origin)
    if not found.jobs and not lenient:
        raise Problem(f"{origin}: holds no QuantumJob (apiVersion: {names.API_VERSION}, kind: {names.KIND_JOB})")
    return found


def parsed(text: str, origin: str) -> Text:
    """The QuantumJobs of a text, those of a v1 List included. Raises Problem."""
    jobs: list[Job] = []
    for document in documents(text, origin):
        kind, items = document.get("kind"), document.get("items")
        nodes = items.items if kind is not None and kind.text == "List" and items is not None else [document]
        jobs += [Job(_job(node, origin), node) for node in nodes if _is_job(node)]
    named_apart([job.value for job in jobs], origin)
    return Text(origin, text, jobs)


def _is_job(node: Node) -> bool:
    kind, version = node.get("kind"), node.get("apiVersion")
    group = version.text.partition("/")[0] if version is not None else ""
    return kind is not None and kind.text == names.KIND_JOB and group == names.GROUP


def _job(node: Node, origin: str) -> Object:
    value: Object = Reader(origin).value(node)
    if value["apiVersion"] != names.API_VERSION:
        raise Problem(f"{origin}: apiVersion: {value['apiVersion']} is not known; give {names.API_VERSION}")
    if not isinstance(value.get("metadata"), dict):
        raise Problem(f"{origin}: metadata: is missing; give metadata with a name")
    if not isinstance(value["metadata"].get("annotations") or {}, dict):
        raise Problem(f"{origin}: metadata.annotations: is no mapping; give keys and values")
    return value


def _edits(text: str, job: Node, envelope: str, namespace: str | None) -> list[Edit]:
    metadata = job.get("metadata")
    if metadata is None:
        raise Problem("metadata: is missing; give metadata with a name")
    change = _annotated(text, metadata, envelope)  # first: at the same place the later one comes to stand above
    return [change, _entry(text, metadata, metadata.key("name"), "namespace", namespace)] if namespace else [change]


def _annotated(text: str, metadata: Node, envelope: str) -> Edit:
    annotations = metadata.get("annotations")
    key, quoted = names.ANNOTATION_SIGNATURE, f'{{"{names.ANNOTATION_SIGNATURE}": "{envelope}"}}'
    if annotations is None:
        if metadata.flow:
            return Edit(metadata.start + 1, metadata.start + 1, f'"annotations": {quoted}, ')
        indent = " " * (metadata.items[0][0].column + 2)
        two_lines = f"annotations:{_newline(text)}{indent}{key}: {envelope}"
        return _line(text, metadata, metadata.get("name"), two_lines)
    if annotations.kind == "mapping":
        present = annotations.get(key)
        if present is not None:
            return _in_place(text, present, envelope)
        if annotations.flow and not annotations.items:
            return Edit(annotations.start, annotations.end, quoted)
        return _entry(text, annotations, metadata.key("annotations"), key, envelope)
    space = "" if text[: annotations.start].endswith((" ", "\t")) else " "
    return Edit(annotations.start, annotations.end, space + quoted)


def _entry(text: str, mapping: Node, above: Node | None, key: str, value: str) -> Edit:
    """A further key of a mapping that has some."""
    present = mapping.get(key)
    if present is not None:  # as null
        return Edit(present.start, present.end, value if text[: present.start].endswith(" ") else f" {value}")
    if mapping.flow:
        return Edit(mapping.start + 1, mapping.start + 1, f'"{key}": "{value}", ')
    return _line(text, mapping, above, f"{key}: {value}")


def _line(text: str, mapping: Node, above: Node | None, line: str) -> Edit:
    """A further line of a block mapping, below the line where `above` ends."""
    indent = " " * mapping.items[0][0].column
    end = text.find("\n", above.end if above is not None else mapping.start)
    if end < 0:
        return Edit(len(text), len(text), f"{_newline(text)}{indent}{line}")
    return Edit(end + 1, end + 1, f"{indent}{line}{_newline(text)}")


def _in_place(text: str, old: Node, envelope: str) -> Edit:
    if old.style in ("|", ">"):
        end = _newline(text) if text[old.start : old.end].endswith("\n") else ""
        return Edit(old.start, old.end, envelope + end)
    quote = old.style or ""
    space = "" if text[: old.start].endswith((" ", "\t")) or quote else " "
    return Edit(old.start, old.end, f"{space}{quote}{envelope}{quote}")


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
