"""`qee result --verify`: a result against its signature, with keys that the reader brings, never the cluster's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qee.api import names
from qee.cli import exits, jobs
from qee.cli.cluster import stored
from qee.cli.connection import Target
from qee.cli.files import read
from qee.cli.forms import ResultForm
from qee.cli.problem import Problem
from qee.cli.show import results
from qee.cli.show.results import View
from qee.cli.sign import secret
from qee.cli.sign.suite import installed_suite
from qee.cli.terminal import note, out, printable
from qee.kube.resources import CONFIG_MAPS
from qee.signing.attestation import AttestationProblem
from qee.signing.attestation import check as check_signature
from qee.signing.dsse import Envelope
from qee.signing.keys import PublicKey

_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----")
MAX_BYTES = 16 * 1_048_576


@dataclass(frozen=True)
class Wanted:
    """Which job the result must be of; None: any."""

    namespace: str | None = None
    name: str | None = None
    uid: str | None = None


async def of_cluster(target: Target, name: str, trust: Sequence[str], view: View, files: Sequence[str] = ()) -> int:
    """`files`: those of a result that went to a volume; what is signed is the reference to them."""
    trusted = trusted_keys(trust)
    async with target.open() as cluster:
        job = await jobs.fetch(cluster, name)
        document = await stored.finished(cluster, job)
        config_map = jobs.status(job)["result"]["configMap"]
        live = await cluster.port.get(CONFIG_MAPS, job["metadata"]["namespace"], config_map)
    envelope = (live.get("data") or {}).get(names.RESULT_KEY_SIGNATURE)
    if envelope is None:
        raise Problem(
            f"ConfigMap {config_map!r} holds no {names.RESULT_KEY_SIGNATURE}: the result is not signed. The operator "
            "signs results where the chart's results.sign is true; or somebody replaced the ConfigMap",
            exits.FAILED,
        )
    meta = job["metadata"]
    wanted = Wanted(meta["namespace"], meta["name"], meta["uid"])
    _shown(document, str(envelope).encode(), trusted, wanted, view, files)
    return stored.exit_code(job)


def of_files(
    document: str, signature: str, trust: Sequence[str], wanted: Wanted, view: View, files: Sequence[str] = ()
) -> int:
    trusted = trusted_keys(trust)
    return _shown(_read(document, "--file"), _read(signature, "--signature"), trusted, wanted, view, files)


def trusted_keys(paths: Sequence[str]) -> list[PublicKey]:
    """The keys of PEM files, of one or several blocks each. Raises Problem."""
    if not paths:
        raise Problem("--verify: give --trust FILE with the public key of results, which you got from who runs QEE")
    found: list[PublicKey] = []
    for path in paths:
        data = secret.read_file(path, "--trust")
        if not (blocks := _BLOCK.findall(data)):
            raise Problem(f"--trust {path}: holds no -----BEGIN PUBLIC KEY-----; give result.pub")
        found += [secret.public_key(block, f"--trust {path}") for block in blocks]
    return found


def _shown(
    document: bytes, envelope: bytes, trusted: list[PublicKey], wanted: Wanted, view: View, files: Sequence[str]
) -> int:
    try:
        predicate = check_signature(envelope, document, trusted, installed_suite())
    except AttestationProblem as problem:
        raise Problem(f"the result is NOT verified: {problem}", exits.FAILED) from None
    _compare(predicate, wanted)
    if files:
        document = results.whole(document, files)
    known = {key.key_id for key in trusted}
    key_ids = [each.key_id for each in Envelope.from_json(envelope).signatures if each.key_id in known]
    if view.form in (ResultForm.JSON, ResultForm.YAML):
        value = {
            "verified": True,
            "keyids": key_ids,
            "predicate": predicate,
            "result": results.parsed(document, view.circuit),
        }
        results.beside(document, view)
        out(results.dumped(value, yaml=view.form is ResultForm.YAML))
        return exits.OK
    results.present(document, view)
    for line in _told(predicate, key_ids):
        note(printable(line))
    return exits.OK


def _compare(predicate: dict[str, Any], wanted: Wanted) -> None:
    job = predicate.get("job")
    found = job if isinstance(job, dict) else {}
    for field in ("namespace", "name", "uid"):
        want = getattr(wanted, field)
        if want is not None and found.get(field) != want:
            raise Problem(
                f"the result is NOT verified: it is signed for job.{field} {str(found.get(field))[:80]!r}, "
                f"not {want!r}: it is another job's",
                exits.FAILED,
            )


def _told(predicate: dict[str, Any], key_ids: list[str]) -> list[str]:
    """What is attested, for people."""

    def part(*path: str) -> str:
        value: Any = predicate
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value if value is not None else "")

    rows = {
        "job": f"{part('job', 'namespace')}/{part('job', 'name')}, uid {part('job', 'uid')}",
        "backend": part("backend", "name"),
        "runner": part("images", "runnerImageID") or part("images", "runner"),
        "ran": f"{part('times', 'started')} to {part('times', 'finished')}",
        "admitted": part("admission", "reason"),
        "policies": part("admission", "policies"),
        "signed by": part("admission", "keyids"),
    }
    return [f"verified: signed with {', '.join(key_ids)}", *(f"  {k}: {v}" for k, v in rows.items() if v.strip(", "))]


def _read(path: str, what: str) -> bytes:
    return read(path, MAX_BYTES, f"{what} {path}", "; give a result")
