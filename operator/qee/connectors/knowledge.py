"""What a connector's process remembers of a task between rounds."""

from dataclasses import dataclass, field
from datetime import datetime

from qee.connectors.fetching import Results
from qee.connectors.submission import Memory


@dataclass
class Knowledge:
    """What the process remembers of one task; all of it may be lost."""

    memory: Memory = field(default_factory=Memory)
    cancelled: set[str] = field(default_factory=set)
    """Handles whose end was asked for."""
    unseen: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    """By handle: looks in a row that did not find it, and the first one's time."""
    uncancelled: dict[str, int] = field(default_factory=dict)
    """By handle of a second job: failed tries to cancel it."""
    results: Results = field(default_factory=Results)
    told: str = ""
    """The kind of trouble in fetching that status tells of."""
    fetch_asked_at: str = ""
    """The last wish for a fetch that was seen to."""
    not_before: datetime | None = None
    """When the next look at open or failing parts is due."""
