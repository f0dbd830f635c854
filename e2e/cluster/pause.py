"""The image of the container that holds a pod's namespaces: one static binary, packed without any image builder."""

import gzip
import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

from e2e.cluster.cache import digest

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def reference(binary: Path) -> str:
    """The image's name, by the content of the binary: `localhost/qee-pause:<digest>`."""
    return f"localhost/qee-pause:{digest(binary)}"


def archive(binary: Path) -> bytes:
    """An OCI image archive (what `ctr images import` takes) that runs `binary`. The same bytes every time."""
    layer = _tar({"pause": (binary.read_bytes(), 0o755)})
    packed = gzip.compress(layer, mtime=0)
    config = _json(
        {
            "architecture": ARCHITECTURES[platform.machine()],
            "os": "linux",
            "config": {"Entrypoint": ["/pause"], "User": "65532:65532"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar+gzip", packed)],
        }
    )
    named = {**_descriptor(MANIFEST, manifest), "annotations": {"io.containerd.image.name": reference(binary)}}
    files = {f"blobs/sha256/{_digest(blob)[7:]}": (blob, 0o644) for blob in (packed, config, manifest)}
    files["oci-layout"] = (_json({"imageLayoutVersion": "1.0.0"}), 0o644)
    files["index.json"] = (_json({"schemaVersion": 2, "manifests": [named]}), 0o644)
    return _tar(files)


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _descriptor(kind: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": kind, "digest": _digest(blob), "size": len(blob)}
