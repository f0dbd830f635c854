"""Results on a volume: whole or not there, and only the file that the reference states is read."""

import dataclasses
import errno
import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from qee.documents.canonical import DocumentError
from qee.documents.reference import files as result_file

DOCUMENT = b'{"memory":"' + os.urandom(600_000).hex().encode() + b'"}'


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    entry = result_file.write(tmp_path, "0f5c", 2, 1, DOCUMENT)
    assert entry.path == "0f5c/2/result-1.json.gz"
    assert (entry.size, entry.stored) == (len(DOCUMENT), (tmp_path / entry.path).stat().st_size)
    assert result_file.read(tmp_path / entry.path, entry) == DOCUMENT


def test_a_second_try_replaces_the_file_with_the_same_bytes(tmp_path: Path) -> None:
    first = result_file.write(tmp_path, "0f5c", 1, 0, DOCUMENT)
    data = (tmp_path / first.path).read_bytes()
    assert data[4:8] == bytes(4)  # gzip's time of writing
    assert result_file.write(tmp_path, "0f5c", 1, 0, DOCUMENT) == first
    assert (tmp_path / first.path).read_bytes() == data
    assert [each.name for each in (tmp_path / first.path).parent.iterdir()] == ["result-0.json.gz"]


def test_a_link_in_the_files_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"someone else's")
    place = tmp_path / "0f5c" / "1" / "result-0.json.gz"
    place.parent.mkdir(parents=True)
    place.symlink_to(other)
    entry = result_file.write(tmp_path, "0f5c", 1, 0, DOCUMENT)
    assert other.read_bytes() == b"someone else's"
    assert not place.is_symlink()
    assert result_file.read(place, entry) == DOCUMENT


def test_a_file_under_the_temporary_name_is_not_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", bytes)
    (tmp_path / "0f5c" / "1").mkdir(parents=True)
    (tmp_path / "0f5c" / "1" / f".result-0.json.gz.{bytes(8).hex()}").write_bytes(b"someone else's")
    with pytest.raises(FileExistsError):
        result_file.write(tmp_path, "0f5c", 1, 0, DOCUMENT)
    assert not (tmp_path / "0f5c" / "1" / "result-0.json.gz").exists()


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_nothing_unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), full)
    with pytest.raises(OSError, match="No space left"):
        result_file.write(tmp_path, "0f5c", 1, 0, DOCUMENT)
    assert list((tmp_path / "0f5c" / "1").iterdir()) == []


@pytest.mark.parametrize(
    ("data", "change", "why"),
    [
        (gzip.compress(DOCUMENT)[:-9], {}, "it has not the"),
        (gzip.compress(DOCUMENT) + b"x", {}, "it has not the"),
        (b"plain", {"stored": 5}, "it is not gzip"),
        (gzip.compress(DOCUMENT), {"size": len(DOCUMENT) - 1}, "does not unpack"),
        (gzip.compress(DOCUMENT), {"size": len(DOCUMENT) + 1}, "does not unpack"),
        (gzip.compress(DOCUMENT) + b"x", {"stored": len(gzip.compress(DOCUMENT)) + 1}, "does not unpack"),
        (gzip.compress(DOCUMENT)[:-1], {"stored": len(gzip.compress(DOCUMENT)) - 1}, "does not unpack"),
        (gzip.compress(DOCUMENT), {"sha256": "0" * 64}, "another digest"),
    ],
)
def test_another_file_is_refused_by_name_and_digest(
    tmp_path: Path, data: bytes, change: dict[str, Any], why: str
) -> None:
    entry = result_file.write(tmp_path, "0f5c", 1, 0, DOCUMENT)
    entry = dataclasses.replace(entry, **{"stored": len(gzip.compress(DOCUMENT)), **change})
    path = tmp_path / "fetched.json.gz"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=why) as refused:
        result_file.read(path, entry)
    assert str(path) in str(refused.value)
    assert entry.sha256 in str(refused.value)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    path = tmp_path / "bomb.gz"
    path.write_bytes(bomb)
    unpacked: list[int] = []
    decompressobj = result_file.zlib.decompressobj

    class Watched:
        def __init__(self, bits: int) -> None:
            self._stream = decompressobj(bits)

        def decompress(self, data: bytes, most: int) -> bytes:
            unpacked.append(len(given := self._stream.decompress(data, most)))
            return given

        def __getattr__(self, name: str) -> Any:
            return getattr(self._stream, name)

    monkeypatch.setattr(result_file.zlib, "decompressobj", Watched)
    entry = result_file.ResultFile(0, "x", "0" * 64, 1000, len(bomb))
    with pytest.raises(DocumentError, match="does not unpack"):
        result_file.read(path, entry)
    assert unpacked == [1001]
