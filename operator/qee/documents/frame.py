"""The frame that carries a result document through a container's log.

A pod's log is the only way out of a runner pod, which has neither token nor network. Logs are cut by rotation, mixed
with other lines, and in the worst case written by someone else; so the document travels gzipped in numbered lines
between a `begin` and an `end` that name the run, the sizes and the SHA-256 of the uncompressed bytes:

    qee-frame/v1 begin {"bytes": 81, "encoding": "gzip+base64", "index": 0, "lines": 1, "run": "<uid>.1", "sha256": ...}
    qee-frame/v1 data 0 H4sIAAAAAAAC...
    qee-frame/v1 end {"index": 0, "run": "<uid>.1", "sha256": "..."}

Standard library only: the runner imports this, and its start-up time is part of every job.
"""

import base64
import binascii
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from typing import Any, Literal

from qee.api.names import MAX_FRAME_BYTES

MARK = "qee-frame/v1"
ENCODING = "gzip+base64"
MAX_HEADER = 1024  # characters of the JSON in a begin or an end
LINE_BYTES = 8192  # of base64 in one line; container runtimes split log lines at 16 KiB
MAX_DOCUMENT_BYTES = 16 * 1_048_576  # uncompressed: what the operator is willing to hold and parse

Kind = Literal["missing", "cut", "corrupt", "forged", "too-large"]


class FrameError(ValueError):
    """A log holds no whole, matching frame, or a document does not fit into one.

    `kind`: `missing` no frame at all; `cut` lines are absent, as after log rotation; `corrupt` the lines are there but
    not as they were written; `forged` frames of another run, or more than one; `too-large` above MAX_FRAME_BYTES
    encoded or MAX_DOCUMENT_BYTES uncompressed.
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind: Kind = kind


def encode(document: bytes, run: str, index: int) -> str:
    """The frame's lines, each ended by a newline.

    `run` is `<uid>.<attempt>`, `index` the completion index (0 or more). Raises FrameError `too-large`.
    """
    if len(document) > MAX_DOCUMENT_BYTES:
        raise FrameError("too-large", f"the document has {len(document)} bytes, a frame carries {MAX_DOCUMENT_BYTES}")
    digest = hashlib.sha256(document).hexdigest()
    text = base64.b64encode(gzip.compress(document, compresslevel=6, mtime=0)).decode("ascii")
    chunks = [text[start : start + LINE_BYTES] for start in range(0, len(text), LINE_BYTES)]
    begin = {
        "run": run,
        "index": index,
        "bytes": len(document),
        "sha256": digest,
        "encoding": ENCODING,
        "lines": len(chunks),
    }
    lines = [f"{MARK} begin {json.dumps(begin, sort_keys=True)}"]
    lines += [f"{MARK} data {number} {chunk}" for number, chunk in enumerate(chunks)]
    lines.append(f"{MARK} end {json.dumps({'run': run, 'index': index, 'sha256': digest}, sort_keys=True)}")
    frame = "\n".join(lines) + "\n"
    if len(frame) > MAX_FRAME_BYTES:
        raise FrameError("too-large", f"the frame has {len(frame)} bytes, a log may carry {MAX_FRAME_BYTES}")
    return frame


def decode(log: str | bytes, run: str, index: int) -> bytes:
    """The document in a log. Lines that are not of the frame are ignored. Raises FrameError."""
    lines = _frame_lines(log)
    if not lines:
        raise FrameError("missing", "the log holds no frame")
    if lines[0][0] != "begin":
        raise FrameError("cut", f"the log's first frame line is '{lines[0][0]}', its beginning is lost")
    _expect_one_frame(lines)

    begin = _header(lines[0][1], {"run": str, "index": int, "bytes": int, "sha256": str, "encoding": str, "lines": int})
    _expect_ours(begin, run, index)
    if begin["encoding"] != ENCODING:
        raise FrameError("corrupt", f"the frame's encoding is not {ENCODING}")
    if not 0 <= begin["bytes"] <= MAX_DOCUMENT_BYTES:
        raise FrameError("too-large", f"the frame announces {begin['bytes']} bytes, at most {MAX_DOCUMENT_BYTES} fit")

    if lines[-1][0] != "end":
        raise FrameError("cut", "the frame has no end")
    end = _header(lines[-1][1], {"run": str, "index": int, "sha256": str})
    _expect_ours(end, run, index)
    if end["sha256"] != begin["sha256"]:
        raise FrameError("corrupt", "begin and end announce different digests")

    document = _inflate(_joined(lines[1:-1], begin["lines"]), begin["bytes"])
    if hashlib.sha256(document).hexdigest() != begin["sha256"]:
        raise FrameError("corrupt", "the document's digest is not the announced one")
    return document


def _frame_lines(log: str | bytes) -> list[tuple[str, str]]:
    raw = log.encode("utf-8", "surrogateescape") if isinstance(log, str) else log
    mark = f"{MARK} ".encode("ascii")
    found: list[tuple[str, str]] = []
    total = 0
    for line in _marked(raw, mark):
        total += len(line) + 1
        if total > MAX_FRAME_BYTES:
            raise FrameError("too-large", f"the frame's lines exceed {MAX_FRAME_BYTES} bytes")
        try:
            verb, _, rest = line[len(mark) :].rstrip(b"\r").decode("ascii").partition(" ")
        except UnicodeDecodeError as error:
            raise FrameError("corrupt", "a frame line holds bytes that are not ASCII") from error
        if verb not in ("begin", "data", "end"):
            raise FrameError("corrupt", "a frame line is none of begin, data and end")
        found.append((verb, rest))
    return found


def _marked(raw: bytes, mark: bytes) -> Iterator[bytes]:
    """The lines that begin with the mark. A log of ten million empty lines is not split into them."""
    start = 0 if raw.startswith(mark) else raw.find(b"\n" + mark) + 1
    while start or raw.startswith(mark):
        end = raw.find(b"\n", start)
        yield raw[start : end if end >= 0 else None]
        start = raw.find(b"\n" + mark, end) + 1 if end >= 0 else 0
        if not start:
            return


def _expect_one_frame(lines: list[tuple[str, str]]) -> None:
    verbs = [verb for verb, _ in lines]
    if verbs.count("begin") > 1 or verbs.count("end") > 1:
        raise FrameError("forged", "the log holds more than one frame")
    if "end" in verbs[:-1]:
        raise FrameError("forged", "frame lines follow the frame's end")


def _header(text: str, fields: dict[str, type]) -> dict[str, Any]:
    if len(text) > MAX_HEADER:
        raise FrameError("corrupt", f"a frame header has more than {MAX_HEADER} characters")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError("corrupt", "a frame header is not JSON") from error
    if not isinstance(header, dict) or header.keys() != fields.keys():
        raise FrameError("corrupt", f"a frame header must have the fields {', '.join(fields)}")
    for name, expected in fields.items():
        if type(header[name]) is not expected:  # `is`: True is an int to isinstance
            raise FrameError("corrupt", f"the frame header's {name} must be of type {expected.__name__}")
    return header


def _expect_ours(header: dict[str, Any], run: str, index: int) -> None:
    if header["run"] != run or header["index"] != index:
        raise FrameError("forged", "the frame belongs to another run or index")


def _joined(data: list[tuple[str, str]], expected: int) -> str:
    chunks: list[str] = []
    for _, rest in data:
        number, _, chunk = rest.partition(" ")
        if number != str(len(chunks)):
            raise FrameError("cut", f"data line {len(chunks)} is missing or out of order")
        if len(chunk) > LINE_BYTES:
            raise FrameError("corrupt", f"data line {number} is longer than {LINE_BYTES} bytes")
        chunks.append(chunk)
    if len(chunks) != expected:
        raise FrameError("cut", f"the frame has {len(chunks)} of {expected} data lines")
    return "".join(chunks)


def _inflate(text: str, size: int) -> bytes:
    """Decompress at most one byte more than announced: a bomb is noticed before it goes off."""
    try:
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        document = inflater.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise FrameError("corrupt", "the frame's data are not gzip in base64") from error
    if len(document) != size:
        raise FrameError("corrupt", "the document has not the announced size")
    if not inflater.eof or inflater.unused_data:
        raise FrameError("corrupt", "the frame's gzip stream ends early or is followed by other data")
    return document
