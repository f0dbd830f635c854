"""From what somebody has of a result, a file, bytes or a dict, to the document in it."""

import base64
import binascii
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qee.api.json_fields import DocumentError
from qee.api.names import RESULT_FORMAT, RESULT_KEY, RESULT_KEY_GZIP
from qee.api.result_document import ResultDocument
from qee.results.errors import NotInstalled, ResultError
from qee.results.result import Result

MAX_BYTES = 256 * 1_048_576  # unpacked; a document has 16 MiB, one that went to a volume more
WINDOW_GZIP = 31  # zlib: 15 bits of window, with gzip's header
_GZIP = b"\x1f\x8b"


def load(source: "str | os.PathLike[str] | bytes | bytearray | Mapping[str, Any]") -> Result:
    """The result in a file, in bytes or in a dict.

    Taken are the document itself (`qee result NAME --output-file`, `qee run --local ... --output-file`), what
    `qee result --verify -o json` prints, and the result's ConfigMap as `kubectl get -o json` or `-o yaml` prints it or
    as a Kubernetes client returns it; each of them gzipped, too. A `str` is a path, never the document.

    No digest is checked: `qee result` does that when it fetches. Raises ResultError.
    """
    if isinstance(source, Mapping):
        return Result(_document(source))
    data = bytes(source) if isinstance(source, bytes | bytearray) else _read(Path(source))
    return _of_bytes(data)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ResultError(f"{path}: more than {MAX_BYTES} bytes; give a result")
    return data


def _of_bytes(data: bytes) -> Result:
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
    if value.get("apiVersion") == RESULT_FORMAT:
        return Result(_parsed(data))
    return Result(_document(value))


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


def _document(value: Mapping[str, Any]) -> ResultDocument:
    if value.get("apiVersion") == RESULT_FORMAT:
        return _parsed(json.dumps(dict(value)).encode())
    if value.get("verified") is True and isinstance(value.get("result"), Mapping):
        return _document(value["result"])
    if value.get("kind") == "QuantumJob":
        raise ResultError("this is the QuantumJob; its result is in the ConfigMap that status.result.configMap names")
    if value.get("kind") == "List" and len(value.get("items") or ()) == 1:
        return _document(value["items"][0])
    # A Kubernetes client's dict of one object may have no kind, and has binary_data where the API has binaryData.
    text = (value.get("data") or {}).get(RESULT_KEY)
    if isinstance(text, str):
        return _parsed(text.encode())
    packed = (value.get("binaryData") or value.get("binary_data") or {}).get(RESULT_KEY_GZIP)
    if isinstance(packed, str | bytes):
        try:
            return _parsed(_unpacked(base64.b64decode(packed, validate=True)))
        except binascii.Error:
            raise ResultError(f"the ConfigMap's {RESULT_KEY_GZIP} is not base64; fetch it again") from None
    raise ResultError(f"this holds no result: neither a document of {RESULT_FORMAT} nor a ConfigMap with {RESULT_KEY}")


def _parsed(data: bytes) -> ResultDocument:
    try:
        return ResultDocument.from_bytes(data)
    except DocumentError as error:
        raise ResultError(f"this version of qee cannot read the result: {error}") from None
