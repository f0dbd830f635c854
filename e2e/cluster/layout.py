"""A directory of images in the OCI image layout, from which containerd is given only the layers that it lacks.

buildah compresses every layer again at each push, unless the layout has the layer under the digest of its uncompressed
bytes. So layers are kept uncompressed here, and after a change of source an image is exported in a fifth of a second.
"""

import gzip
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

REF = "org.opencontainers.image.ref.name"
NAME = "io.containerd.image.name"


class Layout:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, reference: str, push: Callable[[str, str], None]) -> None:
        """Exports the image with `push(reference, destination)`, its layers uncompressed."""
        self._directory.mkdir(parents=True, exist_ok=True)
        push(reference, f"oci:{self._directory}:{reference}")
        if self._uncompress(reference):
            push(reference, f"oci:{self._directory}:{reference}")

    def _uncompress(self, reference: str) -> bool:
        manifest = self._read(self._entry(reference)["digest"])
        plain = self._read(manifest["config"]["digest"])["rootfs"]["diff_ids"]
        changed = False
        for layer, digest in zip(manifest["layers"], plain, strict=True):
            if layer["digest"] != digest:
                half = self._directory / "half"
                with gzip.open(self._blob(layer["digest"])) as packed, half.open("wb") as out:
                    shutil.copyfileobj(packed, out, 1 << 20)
                half.rename(self._blob(digest))
                changed = True
        return changed

    def archive(self, reference: str, known: Iterable[str], path: Path) -> None:
        """Writes an image archive for containerd to `path`, without the blobs whose digests it knows."""
        entry = self._entry(reference)
        manifest = self._read(entry["digest"])
        blobs = {entry["digest"], manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
        index = {"schemaVersion": 2, "manifests": [{**entry, "annotations": {NAME: reference}}]}
        with tarfile.open(path, "w") as tar:
            for name, value in (("oci-layout", {"imageLayoutVersion": "1.0.0"}), ("index.json", index)):
                content = json.dumps(value).encode()
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            for digest in sorted(blobs - set(known)):
                tar.add(self._blob(digest), arcname=f"blobs/sha256/{digest.removeprefix('sha256:')}")

    def keep(self, references: Iterable[str]) -> None:
        """Drops every other image, and the blobs that only they need."""
        if not (self._directory / "index.json").exists():
            return
        index = self._index()
        kept = set(references)
        index["manifests"] = [each for each in index["manifests"] if each.get("annotations", {}).get(REF) in kept]
        (self._directory / "index.json").write_text(json.dumps(index))
        needed = set()
        for entry in index["manifests"]:
            manifest = self._read(entry["digest"])
            needed |= {entry["digest"], manifest["config"]["digest"], *(each["digest"] for each in manifest["layers"])}
        for blob in (self._directory / "blobs/sha256").iterdir():
            if f"sha256:{blob.name}" not in needed:
                blob.unlink()

    def _index(self) -> Any:
        return json.loads((self._directory / "index.json").read_text())

    def _entry(self, reference: str) -> dict[str, Any]:
        (entry,) = (each for each in self._index()["manifests"] if each.get("annotations", {}).get(REF) == reference)
        return dict(entry)

    def _blob(self, digest: str) -> Path:
        return self._directory / "blobs/sha256" / digest.removeprefix("sha256:")

    def _read(self, digest: str) -> Any:
        return json.loads(self._blob(digest).read_text())
