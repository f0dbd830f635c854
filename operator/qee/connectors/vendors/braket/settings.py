"""Who QEE is at AWS, and which device and bucket it uses. Standard library only."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from qee.connectors.protocol import Rejected, Settings, Unauthorized

OPTIONS = ("bucket", "prefix", "endpoint")
_DEVICE = re.compile(
    r"arn:aws[a-z-]*:braket:([a-z0-9-]*)::device/(qpu|quantum-simulator)/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")


@dataclass(frozen=True)
class Access:
    """One device. `key_id` empty: workload identity. `endpoint` empty: AWS's own."""

    device: str
    region: str
    bucket: str
    prefix: str
    endpoint: str = ""
    key_id: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def access(settings: Settings) -> Access:
    """Raises Unauthorized for a credential that cannot be read, Rejected for an option."""
    options = settings.options
    for name in options:
        if name not in OPTIONS:
            raise Rejected(f"spec.options.{name[:60]}: there is no such option; there are {', '.join(OPTIONS)}")
    device = _DEVICE.fullmatch(settings.device)
    if device is None:
        raise Rejected(
            f"spec.device: {settings.device[:120]!r} is no ARN of a gate-based Braket device; copy it from Braket's"
            " list of devices (arn:aws:braket:REGION::device/qpu/PROVIDER/NAME)"
        )
    if device[1] and settings.region and settings.region != device[1]:
        raise Rejected(f"spec.region: {settings.region[:40]!r} is not the device's, {device[1]}; leave region out")
    region = device[1] or settings.region
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d+", region):
        raise Rejected(f"spec.region: {region[:40]!r} is no region of AWS; name one that Braket's simulators run in")
    bucket, prefix = options.get("bucket", ""), options.get("prefix", "qee")
    if not _BUCKET.fullmatch(bucket):
        raise Rejected(
            f"spec.options.bucket: {bucket[:80]!r} is no name of an S3 bucket; name one for Braket's results"
        )
    if not _PREFIX.fullmatch(prefix) or len(prefix) > 512:
        raise Rejected(f"spec.options.prefix: {prefix[:80]!r} is no prefix; use letters, digits and _ . - between /")
    endpoint = options.get("endpoint", "").rstrip("/")
    if endpoint and (urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).netloc):
        raise Rejected(f"spec.options.endpoint: {endpoint[:80]!r} is no URL; write https://HOST")
    return Access(settings.device, region, bucket, prefix, endpoint, *_keys(settings.credentials))


def _keys(credentials: str) -> tuple[str, str, str]:
    if not credentials:
        return "", "", ""
    folder = Path(credentials)
    token = _file(folder, "aws_session_token") if (folder / "aws_session_token").exists() else ""
    return _file(folder, "aws_access_key_id"), _file(folder, "aws_secret_access_key"), token


def _file(folder: Path, name: str) -> str:
    try:
        value = (folder / name).read_text("ascii").strip()
    except (OSError, ValueError):
        value = ""
    if not re.fullmatch(r"[!-~]+", value):
        raise Unauthorized(f"{name} is missing or not one word of ASCII; write it anew into the backend's Secret")
    return value
