"""From what somebody has of a result, a file, bytes or a dict, to the document in it."""

import base64
import binascii
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qee.api import names
from qee.documents.canonical import DocumentError, canonical_json
from qee.documents.reference import ResultReference, is_reference
from qee.documents.reference.reading import result_of
from qee.documents.result import ResultDocument
from qee.results.errors import NotInstalled, ResultError
from qee.results.result import Result

MAX_BYTES = names.MAX_FILE_BYTES  # unpacked; a document has 16 MiB, one that went to a volume more
WINDOW_GZIP = 31  # zlib: 15 bits of window, with gzip's header
_GZIP = b"\x1f\x8b"


def load(
    source: "str | os.PathLike[str] | bytes | bytearray | Mapping[str, Any]",
    files: "Sequence[str | os.PathLike[str]]" = (),
) -> Result:
    """The result in a file, in bytes or in a dict.

    Taken are the document itself (`qee result NAME --output-file`, `qee run --local ... --output-file`), what
    `qee result --verify -o json` prints, and the result's ConfigMap as `kubectl get -o json` or `-o yaml` prints it or
    as a Kubernetes client returns it; each of them gzipped, too. A `str` is a path, never the document.

    Of a result that went to a volume, `source` is the reference, in any of these forms, and `files` are its files as
    copied from there, which must have the digests that the reference states.

    No digest is checked else: `qee result` does that when it fetches. Raises ResultError.
    """
    if isinstance(source, Mapping):
        data = _document(source)
    else:
        data = _in_bytes(bytes(source) if isinstance(source, bytes | bytearray) else _read(Path(source)))
    if is_reference(data):
        data = _of_files(data, [Path(each) for each in files])
    elif files:
        raise ResultError(
            "files belong to the reference to a result on a volume, and this is the result; leave them out"
        )
    return Result(_parsed(data))


def _of_files(reference: bytes, files: Sequence[Path]) -> bytes:
    try:
        found = ResultReference.from_bytes(reference)
        if not files:
            raise ResultError(
                f"this says where the result lies: {found.files[0].path} and so on, on PersistentVolumeClaim "
                f"{found.claim}; copy the {len(found.files)} files and give them as files=[...]"
            )
        return result_of(found, files)
    except DocumentError as error:
        raise ResultError(str(error)) from None
    except OSError as error:
        raise ResultError(f"{error.filename}: cannot be read: {error.strerror}") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ResultError(f"{path}: more than {MAX_BYTES} bytes; give a result")
    return data


def _in_bytes(data: bytes) -> bytes:
    """The document of a result or of a reference in a file's bytes."""
    if data[:2] == _GZIP:
        data = _unpacked(data)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = _yaml(data)
    if not isinstance(value, dict):
        raise ResultError(
            "this is neither a result document nor its ConfigMap; `qee result NAME --output-file` gives it"
        )
    if value.get("apiVersion") == names.RESULT_FORMAT:
        return data
    return _document(value)


def _unpacked(data: bytes) -> bytes:
    try:
        unpacked = zlib.decompressobj(WINDOW_GZIP).decompress(data, MAX_BYTES + 1)
    except zlib.error:
        raise ResultError("this begins as gzip and is none; fetch the result again") from None
    if len(unpacked) > MAX_BYTES:
        raise ResultError(f"unpacked this is more than {MAX_BYTES} bytes; give a result")
    return unpacked


def _yaml(data: bytes) -> Any:
    try:
        import yaml
    except ImportError:
        raise NotInstalled("PyYAML, for this is no JSON", "notebook") from None
    try:
        return yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ResultError("this is neither JSON nor YAML; `qee result NAME --output-file` gives a result") from None


def _document(value: Mapping[str, Any]) -> bytes:
    if value.get("apiVersion") in (names.RESULT_FORMAT, names.REFERENCE_FORMAT):
        try:
            return canonical_json(dict(value))
        except DocumentError as error:
            raise ResultError(f"this holds no result: {error}") from None
    if value.get("verified") is True and isinstance(value.get("result"), Mapping):
        return _document(value["result"])
    if value.get("kind") == "QuantumJob":
        raise ResultError("this is the QuantumJob; its result is in the ConfigMap that status.result.configMap names")
    if value.get("kind") == "List" and len(value.get("items") or ()) == 1:
        return _document(value["items"][0])
    # A Kubernetes client's dict of one object may have no kind, and has binary_data where the API has binaryData.
    for key in (names.RESULT_KEY, names.REFERENCE_KEY):
        text = (value.get("data") or {}).get(key)
        if isinstance(text, str):
            return text.encode()
    for key in (names.RESULT_KEY_GZIP, names.REFERENCE_KEY_GZIP):
        packed = (value.get("binaryData") or value.get("binary_data") or {}).get(key)
        if isinstance(packed, str | bytes):
            try:
                return _unpacked(base64.b64decode(packed, validate=True))
            except binascii.Error:
                raise ResultError(f"the ConfigMap's {key} is not base64; fetch it again") from None
    raise ResultError(
        f"this holds no result: neither a document of {names.RESULT_FORMAT} nor a ConfigMap with {names.RESULT_KEY}"
    )


def _parsed(data: bytes) -> ResultDocument:
    try:
        return ResultDocument.from_bytes(data)
    except DocumentError as error:
        raise ResultError(f"this version of qee cannot read the result: {error}") from None
