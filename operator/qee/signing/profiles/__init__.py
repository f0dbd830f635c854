"""The table of profiles: what can be signed, and how. Signing, verifying and the command line all ask it."""

from collections.abc import Sequence

from qee.signing.profiles.job import JOB
from qee.signing.projection import Profile

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (JOB,)}
"""By name; of each kind the oldest first. One that was published stays: its signatures are verified by it."""


def of_kind(kind: str) -> Sequence[Profile]:
    """What objects of the kind may be signed by: at least one. The last signs anew."""
    found = [profile for profile in PROFILES.values() if profile.kind == kind]
    if not found:
        raise ValueError(f"objects of kind {kind!r} are not signed")
    return found
