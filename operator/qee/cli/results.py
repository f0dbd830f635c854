"""`qee result`: the stored document, checked against the digest in the job's status, in the form that was asked for."""

import base64
import binascii
import hashlib
import json
import shutil
import sys
import zlib
from pathlib import Path
from typing import Any

from qee.api.conditions import Phase
from qee.api.documents import DocumentError, ResultDocument
from qee.api.names import RESULT_KEY_GZIP
from qee.cli import exits, jobs, terminal
from qee.cli.connection import Cluster, Target
from qee.cli.forms import ResultForm
from qee.cli.problem import Problem
from qee.kube.port import NotFound, Object
from qee.kube.resources import CONFIG_MAPS

WINDOW_GZIP = 31  # zlib: 15 bits of window, with gzip's header


async def show(target: Target, name: str, form: ResultForm, circuit: str | None, file: str | None) -> int:
    async with target.open() as cluster:
        present(await finished(cluster, await jobs.fetch(cluster, name)), form, circuit, file)
    return exits.OK


async def finished(cluster: Cluster, job: Object) -> bytes:
    """The same as `stored` for a job that may have ended otherwise, or not yet. Raises Problem."""
    name, phase = job["metadata"]["name"], jobs.ended(job)
    if phase is None:
        raise Problem(f"QuantumJob {name!r} is {jobs.phase(job)}, not finished; `qee wait {name}` waits for it")
    if phase is not Phase.SUCCEEDED:
        raise Problem(jobs.failure(job), exits.FAILED)
    return await stored(cluster, job)


async def stored(cluster: Cluster, job: Object) -> bytes:
    """The result document of a succeeded job, byte for byte. Raises Problem unless its digest is the status's."""
    name = job["metadata"]["name"]
    found = jobs.status(job).get("result") or {}
    try:
        config_map, key, sha256, size = (found[field] for field in ("configMap", "key", "sha256", "bytes"))
    except KeyError:
        raise Problem(f"QuantumJob {name!r} has no status.result; was it written by another version of QEE?") from None
    try:
        live = await cluster.port.get(CONFIG_MAPS, job["metadata"]["namespace"], config_map)
    except NotFound:
        raise Problem(
            f"the result of {name!r} was deleted: there is no ConfigMap {config_map!r} any more; the most frequent "
            f"outcomes are in status.result.summary (`qee get {name} -o yaml`), or run the job again"
        ) from None
    data = _unpacked(live, key, int(size))
    if data is None or hashlib.sha256(data).hexdigest() != sha256:
        raise Problem(
            f"ConfigMap {config_map!r} does not hold the result that the operator stored: its bytes under {key!r} do "
            f"not match status.result.sha256, {sha256}. Someone replaced it: look at the audit log, run the job again"
        )
    return data


def _unpacked(config_map: Object, key: str, size: int) -> bytes | None:
    """The document, never more than one byte beyond the size that was announced; None where it is not there."""
    if key != RESULT_KEY_GZIP:
        text = (config_map.get("data") or {}).get(key)
        return None if text is None else str(text).encode()
    packed = (config_map.get("binaryData") or {}).get(key)
    try:
        return zlib.decompressobj(WINDOW_GZIP).decompress(base64.b64decode(packed or "", validate=True), size + 1)
    except (binascii.Error, zlib.error):
        return None


def present(data: bytes, form: ResultForm, circuit: str | None = None, file: str | None = None) -> None:
    """Print the document in the form, and write it to the file, byte for byte. Raises Problem.

    On stdout, too, JSON is the document as stored, unless one circuit was chosen or a terminal needs escapes.
    """
    text = rendered(data, form, circuit)
    save(data, file)
    terminal.out(text)


def save(data: bytes, file: str | None) -> None:
    """Write the document to the file, where one is given. Raises Problem."""
    if file is None:
        return
    try:
        Path(file).write_bytes(data)
    except OSError as error:
        raise Problem(f"--output-file {file}: cannot be written: {error.strerror}") from None


def rendered(data: bytes, form: ResultForm, circuit: str | None = None) -> str:
    """The document as text, without a line break at its end."""
    if form in (ResultForm.JSON, ResultForm.YAML):
        return _dumped(data, form, circuit)
    from qee.cli import histogram

    try:
        document = ResultDocument.from_bytes(data)
    except DocumentError as error:
        raise Problem(f"this version of qee cannot read the result: {error}; -o json prints it as it is") from None
    results = [each for each in document.results if circuit in (None, each.circuit)]
    if not results:
        raise _no_circuit(circuit, [each.circuit for each in document.results])
    if form is ResultForm.TABLE:
        return histogram.table(document, results)
    width = shutil.get_terminal_size().columns if terminal.is_terminal(sys.stdout) else 80
    return histogram.histogram(document, results, width, terminal.draws(sys.stdout))


def _dumped(data: bytes, form: ResultForm, circuit: str | None) -> str:
    if form is ResultForm.JSON and circuit is None:
        text = data.decode(errors="replace")
        return terminal.printable_json(text) if terminal.is_terminal(sys.stdout) else text
    return dumped(parsed(data, circuit), yaml=form is ResultForm.YAML)


def parsed(data: bytes, circuit: str | None = None) -> dict[str, Any]:
    """The document as plain values, of one circuit where it is given. Raises Problem."""
    try:
        value: dict[str, Any] = json.loads(data)
    except ValueError:
        raise Problem("the result is not JSON; -o json prints it as it is") from None
    if circuit is not None:
        chosen = [each for each in value.get("results", []) if each.get("circuit") == circuit]
        if not chosen:
            raise _no_circuit(circuit, [str(each.get("circuit")) for each in value.get("results", [])])
        value = {**value, "results": chosen}
    return value


def dumped(value: Any, *, yaml: bool) -> str:
    """JSON or YAML for people and programs, with nothing in it that a terminal would act on."""
    if not yaml:
        return terminal.printable_json(json.dumps(value, indent=2, ensure_ascii=False))
    import yaml as pyyaml

    return str(pyyaml.safe_dump(value, sort_keys=False, allow_unicode=False)).rstrip("\n")


def _no_circuit(circuit: str | None, there: list[str]) -> Problem:
    listed = ", ".join(there[:8]) + (", ..." if len(there) > 8 else "")
    return Problem(f"--circuit {circuit}: the result has no such circuit; it has {listed}")
