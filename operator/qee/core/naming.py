"""Names of children: a function of the job's UID and attempt alone, so that a second try finds the first."""

import hashlib

KEPT = 40  # of the job's name; the Job controller appends to it, and a label value ends at 63


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def child_name(job: str, uid: str, attempt: int) -> str:
    return f"{job[:KEPT].rstrip('-.')}-{_digest(f'{uid}/{attempt}')}"


def task_name(job: str, uid: str, attempt: int) -> str:
    """Of the attempt's QuantumTask; the compiling Job has the same name, and is another kind."""
    return child_name(job, uid, attempt)


def input_name(job: str, uid: str, sha256: str) -> str:
    """The snapshot's bytes are in its name: another version of QEE that writes other bytes makes another object."""
    return f"{job[:KEPT].rstrip('-.')}-{_digest(f'{uid}/{sha256}')}-input"


def part_name(job: str, uid: str, sha256: str, key_id: str, index: int) -> str:
    """What one shard gave, in any attempt: of this run document, and signed with this key (empty: not signed)."""
    return f"{job[:KEPT].rstrip('-.')}-{_digest(f'{uid}/{sha256}/{key_id}')}-part-{index}"


def ledger_name(payload: str) -> str:
    """The entry of a signature that admits one object only, by the SHA-256 of what was signed, in which nothing is for
    another signer to choose.
    """
    return f"qee-used-{payload[:40]}"


def old_ledger_name(namespace: str, jti: str) -> str:
    """As entries were called before: by an id that a signer chose, and another could choose again."""
    return f"qee-used-{hashlib.sha256(f'{namespace}/{jti}'.encode()).hexdigest()[:40]}"


def result_names(job: str, uid: str) -> tuple[str, str]:
    """The name people expect, and the one to use where that is someone else's."""
    return f"{job}-result", f"{job}-{_digest(uid)}-result"


def policy_names(stem: str, content: str) -> tuple[str, str]:
    """Of a NetworkPolicy that says this, and the one to use where that is someone else's."""
    return f"{stem}-{_digest(content)}", f"{stem}-{_digest(f'{content}/again')}"
