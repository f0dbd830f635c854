"""The frame brings a document through a log whole, or says what happened to it."""

import base64
import gzip
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qee.api.names import MAX_FRAME_BYTES
from qee.documents import frame
from qee.documents.frame import FrameError, decode, encode

RUN = "0f5c.1"


def noisy(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def kind_of(log: str | bytes, run: str = RUN, index: int = 0) -> str:
    with pytest.raises(FrameError) as caught:
        decode(log, run, index)
    return caught.value.kind


@given(st.binary(max_size=40_000), st.integers(0, 10_000))
def test_what_was_encoded_is_decoded(document: bytes, index: int) -> None:
    assert decode(encode(document, RUN, index), RUN, index) == document


def test_other_lines_of_the_log_are_ignored() -> None:
    document = noisy(30_000)
    lines = encode(document, RUN, 0).splitlines()
    log = "\n".join(part for line in lines for part in ("a warning", line, " qee-frame/v1 begin {}", "qee-frame/v10 x"))
    assert decode(log, RUN, 0) == document
    assert decode(log.encode().replace(b"\n", b"\r\n") + b"\xff\xfe\n", RUN, 0) == document


def test_a_line_break_of_another_alphabet_does_not_start_a_frame_line() -> None:
    forged = "warning\u2028" + encode(b"other", RUN, 0).replace("\n", "\u2028")
    assert decode(forged + "\n" + encode(b"mine", RUN, 0), RUN, 0) == b"mine"


def test_no_line_is_longer_than_a_container_runtime_keeps_whole() -> None:
    lines = encode(noisy(200_000), RUN, 0).splitlines()
    assert len(lines) > 20
    assert max(map(len, lines)) < 16_384 // 1.5


def test_a_log_without_a_frame_is_missing_one() -> None:
    assert kind_of("") == "missing"
    assert kind_of(b"Traceback (most recent call last):\n") == "missing"


@pytest.mark.parametrize("gone", range(7))
def test_every_lost_line_is_noticed(gone: int) -> None:
    lines = encode(noisy(30_000), RUN, 0).splitlines()
    assert len(lines) == 7
    del lines[gone]
    assert kind_of("\n".join(lines)) == "cut"


def test_a_rotated_log_is_cut() -> None:
    log = encode(noisy(30_000), RUN, 0)
    assert kind_of(log[10_000:]) == "cut"
    assert kind_of(log[:10_000]) == "cut"


def test_lines_out_of_order_are_not_put_in_order() -> None:
    lines = encode(noisy(30_000), RUN, 0).splitlines()
    lines[1], lines[2] = lines[2], lines[1]
    assert kind_of("\n".join(lines)) == "cut"


def test_frames_of_another_run_or_index_are_forged() -> None:
    assert kind_of(encode(b"x", "0f5c.2", 0)) == "forged"
    assert kind_of(encode(b"x", RUN, 1)) == "forged"


def test_a_second_frame_is_forged_wherever_it_stands() -> None:
    mine, other = encode(b"mine", RUN, 0), encode(b"other", RUN, 0)
    assert kind_of(mine + other) == "forged"
    assert kind_of(mine + mine) == "forged"
    begin, rest = mine.split("\n", 1)
    assert kind_of(f"{begin}\n{begin}\n{rest}") == "forged"
    assert kind_of(mine + other.split("\n")[1] + "\n") == "forged"


def with_header(change: dict[str, object], verb: str = "begin", document: bytes = b"hello") -> str:
    lines = encode(document, RUN, 0).splitlines()
    at = 0 if verb == "begin" else -1
    header = json.loads(lines[at].split(" ", 2)[2]) | change
    lines[at] = f"qee-frame/v1 {verb} {json.dumps(header)}"
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"sha256": "0" * 64}, "corrupt"),
        ({"bytes": 4}, "corrupt"),
        ({"bytes": 6}, "corrupt"),
        ({"bytes": -1}, "too-large"),
        ({"bytes": 10**12}, "too-large"),
        ({"bytes": "5"}, "corrupt"),
        ({"index": False}, "corrupt"),
        ({"encoding": "zstd"}, "corrupt"),
        ({"lines": 2}, "cut"),
        ({"lines": 0}, "cut"),
        ({"more": 1}, "corrupt"),
    ],
)
def test_a_header_that_disagrees_with_the_data_is_refused(change: dict[str, object], kind: str) -> None:
    assert kind_of(with_header(change)) == kind


def test_the_end_must_repeat_the_digest() -> None:
    assert kind_of(with_header({"sha256": "0" * 64}, "end")) == "corrupt"


def test_no_changed_character_of_the_data_changes_the_document() -> None:
    document = b"hello hello hello"
    begin, data, end = encode(document, RUN, 0).splitlines()
    noticed = 0
    for at in range(len("qee-frame/v1 data 0 "), len(data)):
        changed = data[:at] + ("A" if data[at] != "A" else "B") + data[at + 1 :]
        try:  # the gzip header's time and the last bits of base64 carry nothing
            assert decode("\n".join([begin, changed, end]), RUN, 0) == document
        except FrameError as error:
            assert error.kind == "corrupt"  # noqa: PT017
            noticed += 1
    assert noticed > 20


def test_a_compression_bomb_does_not_go_off() -> None:
    bomb = base64.b64encode(gzip.compress(bytes(300 * 1_048_576), 9)).decode()
    lines = encode(b"hello", RUN, 0).splitlines()
    chunks = [bomb[at : at + frame.LINE_BYTES] for at in range(0, len(bomb), frame.LINE_BYTES)]
    begin = json.loads(lines[0].split(" ", 2)[2]) | {"lines": len(chunks)}
    log = [f"qee-frame/v1 begin {json.dumps(begin)}"]
    log += [f"qee-frame/v1 data {number} {chunk}" for number, chunk in enumerate(chunks)]
    assert kind_of("\n".join([*log, lines[-1]])) == "corrupt"


def test_a_document_that_fits_no_log_is_refused_on_both_sides() -> None:
    with pytest.raises(FrameError, match="bytes") as caught:
        encode(noisy(MAX_FRAME_BYTES), RUN, 0)
    assert caught.value.kind == "too-large"
    with pytest.raises(FrameError) as caught:
        encode(bytes(frame.MAX_DOCUMENT_BYTES + 1), RUN, 0)
    assert caught.value.kind == "too-large"
    assert kind_of("qee-frame/v1 data 0 AAAA\n" * (MAX_FRAME_BYTES // 25 + 1)) == "too-large"


def test_an_error_quotes_nothing_of_the_log() -> None:
    for log in ("qee-frame/v1 begin secret", "qee-frame/v1 secret secret", "qee-frame/v1 end secret"):
        with pytest.raises(FrameError) as caught:
            decode(log, RUN, 0)
        assert "secret" not in str(caught.value)
