"""What the circuits of a job consist of, once it was read."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sources:
    """Bytes by the circuit's name, their digests checked: every program, and each table of `parametersFrom`."""

    programs: Mapping[str, bytes]
    tables: Mapping[str, bytes] = field(default_factory=dict)
