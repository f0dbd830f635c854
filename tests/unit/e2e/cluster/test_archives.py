"""Image archives made here: the pause image, and a layout from which known layers are left out."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import pause
from e2e.cluster.layout import REF, Layout


def read(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


def digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def blob(files: dict[str, bytes], name: str) -> bytes:
    return files[f"blobs/sha256/{name.removeprefix('sha256:')}"]


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "pause"
    path.write_bytes(b"\x7fELF")
    return path


def test_the_pause_image_is_the_same_bytes_every_time(binary: Path) -> None:
    assert pause.archive(binary) == pause.archive(binary)


def test_the_pause_image_is_consistent_down_to_its_one_file(binary: Path) -> None:
    files = read(pause.archive(binary))
    assert all(digest(content) == f"sha256:{name[13:]}" for name, content in files.items() if name.startswith("blobs/"))
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == pause.reference(binary)
    manifest = json.loads(blob(files, entry["digest"]))
    config = json.loads(blob(files, manifest["config"]["digest"]))
    layer = gzip.decompress(blob(files, manifest["layers"][0]["digest"]))
    assert config["rootfs"]["diff_ids"] == [digest(layer)]
    assert config["config"]["User"] == "65532:65532"
    assert read(layer) == {"pause": b"\x7fELF"}


class Builder:
    """Pushes as buildah does: a layer that the layout has uncompressed is used as it is, any other is compressed."""

    def __init__(self, images: dict[str, list[bytes]]) -> None:
        self.images = images
        self.compressed: list[bytes] = []

    def push(self, reference: str, destination: str) -> None:
        directory = Path(destination.removeprefix("oci:").removesuffix(f":{reference}"))
        blobs = directory / "blobs/sha256"
        blobs.mkdir(parents=True, exist_ok=True)

        def write(content: bytes) -> dict[str, Any]:
            (blobs / digest(content)[7:]).write_bytes(content)
            return {"digest": digest(content), "size": len(content)}

        layers = []
        for layer in self.images[reference]:
            if (blobs / digest(layer)[7:]).exists():
                layers.append({"digest": digest(layer), "size": len(layer)})
            else:
                self.compressed.append(layer)
                layers.append(write(gzip.compress(layer)))
        config = write(
            json.dumps({"rootfs": {"diff_ids": [digest(layer) for layer in self.images[reference]]}}).encode()
        )
        manifest = write(json.dumps({"config": config, "layers": layers}).encode())
        index = directory / "index.json"
        known = json.loads(index.read_text())["manifests"] if index.exists() else []
        others = [each for each in known if each["annotations"][REF] != reference]
        index.write_text(json.dumps({"manifests": [*others, {**manifest, "annotations": {REF: reference}}]}))


BASE, OLD, NEW = b"base" * 1000, b"old source", b"new source"


def test_only_the_layer_that_changed_is_compressed_and_sent(tmp_path: Path) -> None:
    builder = Builder({"localhost/qee:1": [BASE, OLD], "localhost/qee:2": [BASE, NEW]})
    layout = Layout(tmp_path / "layout")
    layout.add("localhost/qee:1", builder.push)
    builder.compressed.clear()
    layout.add("localhost/qee:2", builder.push)
    assert builder.compressed == [NEW]
    layout.archive("localhost/qee:2", [digest(BASE)], tmp_path / "image.tar")
    files = read((tmp_path / "image.tar").read_bytes())
    assert NEW in files.values()
    assert BASE not in files.values()
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["annotations"] == {"io.containerd.image.name": "localhost/qee:2"}
    manifest = json.loads(blob(files, entry["digest"]))
    assert [layer["digest"] for layer in manifest["layers"]] == [digest(BASE), digest(NEW)]


def test_an_image_that_is_dropped_takes_only_its_own_layers_along(tmp_path: Path) -> None:
    builder = Builder({"localhost/qee:1": [BASE, OLD], "localhost/qee:2": [BASE, NEW]})
    layout = Layout(tmp_path / "layout")
    for reference in builder.images:
        layout.add(reference, builder.push)
    layout.keep(["localhost/qee:2"])
    kept = {f"sha256:{path.name}" for path in (tmp_path / "layout/blobs/sha256").iterdir()}
    assert {digest(BASE), digest(NEW)} <= kept
    assert digest(OLD) not in kept
    layout.archive("localhost/qee:2", [], tmp_path / "image.tar")


def test_dropping_from_a_layout_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    Layout(tmp_path / "layout").keep(["localhost/qee:2"])
