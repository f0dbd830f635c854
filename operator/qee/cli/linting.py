"""`qee lint`: what the operator would say of a manifest, without a cluster and without running anything."""

import asyncio
import base64
import binascii
import hashlib

from qee.api.job import QuantumJob
from qee.api.job_circuit import Circuit, ParametersFrom
from qee.api.reasons import Reason
from qee.circuits import Scan
from qee.circuits.refused import refused
from qee.cli import checking, exits, given
from qee.cli.manifest import Manifest
from qee.cli.problem import Problem
from qee.cli.terminal import coloured, out, printable
from qee.core import tables
from qee.core.circuit_checks import check_circuits, check_results
from qee.core.engine_checks import check_engine
from qee.core.prepare import prepare, run_document
from qee.core.refusal import Refused
from qee.core.sizing import scanned, scans, state
from qee.core.support import ENGINES
from qee.kube.port import Object

UID = "00000000-0000-0000-0000-000000000000"


def lint(file: str, config_maps: list[str]) -> int:
    manifest = given.read(file, config_maps, values=False)
    manifest.require_names()
    clean = [_Lint(manifest, job).run() for job in manifest.jobs]
    return exits.OK if all(clean) else exits.FAILED


class _Lint:
    """Tells of one job, line by line. `run` says whether the operator would take it."""

    def __init__(self, manifest: Manifest, job: Object) -> None:
        self._manifest = manifest
        self._object = job
        self._clean = True
        self._able: list[str] = []

    def run(self) -> bool:
        meta = self._object["metadata"]
        out(f"{self._manifest.origin}: QuantumJob {printable(str(meta.get('name') or meta.get('generateName')))}")
        try:
            job = checking.typed(self._manifest, self._object, UID, None)
        except Problem as problem:
            for line in problem.details:
                self._error(line)
            return False
        self._able = self._engines_able(job)
        for index in range(len(job.spec.circuits)):
            self._circuit(job, index)
        if self._clean:
            self._whole(job)
        return self._clean

    def _circuit(self, job: QuantumJob, index: int) -> None:
        circuit = job.spec.circuits[index]
        path = f"spec.circuits[{index}]"
        self._table(circuit, path)
        source = self._source(circuit, path)
        if source is None:
            return
        try:
            found = scanned(circuit.name, circuit.format, source)
        except Refused as refusal:
            self._error(f"{refusal.reason}: {refusal.message}")
            return
        out(f"  circuit {circuit.name}: {_described(found)}, {circuit.shots or job.spec.shots} shots")
        for engine in self._able:
            if not self._runs(job, found, engine):
                continue
            needed = state(job, index, found, engine)
            out(f"    memory on {engine}, method {needed.method}: {needed.formula}")

    def _runs(self, job: QuantumJob, found: Scan, engine: str) -> bool:
        """Whether the engine takes the circuit, by the table of constructs. It is wrong where no engine may."""
        for what in (said := refused(found, engine)):
            if len(_engines(self._manifest, job)) == 1:
                self._error(f"{Reason.UNSUPPORTED_CONSTRUCT}: engine {engine} does not run {what}")
            else:
                out(f"    not on {engine}: {printable(what)}")
        return not said

    def _source(self, circuit: Circuit, path: str) -> bytes | None:
        inline = circuit.inline_program
        return self._promised(circuit, circuit.name, path) if inline is None else inline

    def _table(self, circuit: Circuit, path: str) -> None:
        """What is said of a table that lies in a ConfigMap."""
        place = circuit.parameters_from
        if place is None or (data := self._promised(place, circuit.name, f"{path}.parametersFrom")) is None:
            return
        try:
            columns = tables.read(data, place.config_map_key_ref.key)
        except tables.TableProblem as problem:
            self._error(f"{path}.parametersFrom: {problem}")
            return
        rows = len(next(iter(columns.values())))
        out(f"  circuit {circuit.name}: {len(columns)} parameters, {rows} rows")

    def _promised(self, place: Circuit | ParametersFrom, circuit: str, path: str) -> bytes | None:
        """The bytes of a ConfigMap's key, where the file holds it; their digest is told, and compared."""
        reference = place.config_map_key_ref
        if reference is None:
            raise ValueError(f"{path} refers to no ConfigMap")
        where = f"ConfigMap {reference.name}, key {reference.key}"
        config_map = self._manifest.config_maps.get(reference.name)
        data = None if config_map is None else _bytes(config_map, reference.key)
        if data is None:
            out(f"  circuit {circuit}: {where} is not in the file, so it is not checked (--config-map FILE)")
            return None
        digest = hashlib.sha256(data).hexdigest()
        out(f"  sha256 of {where}: {digest}")
        if digest != place.sha256:
            self._error(f"{path}.sha256: {place.sha256} is not that of {where}; set it to {digest}")
        return data

    def _engines_able(self, job: QuantumJob) -> list[str]:
        """Those that the job may run on. It is wrong where none does all that it asks for."""
        refusals: dict[str, Refused] = {}
        engines = _engines(self._manifest, job)
        for engine in engines:
            try:
                check_engine(job.spec, engine)
            except Refused as refusal:
                refusals[engine] = refusal
        for each in refusals.values():
            if len(refusals) == len(engines):
                self._error(f"{each.reason}: {each.message}")
            else:
                out(f"  {printable(each.message)}")
        return [engine for engine in engines if engine not in refusals]

    def _whole(self, job: QuantumJob) -> None:
        """All circuits together; against the limits of the backend, where the file holds it."""
        try:
            sources = asyncio.run(checking.sources(self._manifest, job))
            if job.spec.backend_ref.name in self._manifest.backends:
                prepare(job, checking.local_backend(self._manifest, job, None, None), sources, {}, "1")
            else:
                document = run_document(job, self._able[0], sources)
                check_results(document)
                check_circuits(document, scans(job, document, sources.programs))
        except Refused as refusal:
            if refusal.waiting is None:
                self._error(f"{refusal.reason}: {refusal.message}")
        except Problem as problem:
            self._error(problem.message)

    def _error(self, text: str) -> None:
        self._clean = False
        out(f"  {coloured('error:', 'red')} {printable(text)}")


def _engines(manifest: Manifest, job: QuantumJob) -> list[str]:
    """The engine of the backend where it is known, else every engine."""
    name = job.spec.backend_ref.name
    provider = ((manifest.backends.get(name) or {}).get("spec") or {}).get("provider", name)
    return [provider] if provider in ENGINES else sorted(ENGINES)


def _described(found: Scan) -> str:
    told = [
        f"{found.format} {found.version}",
        f"{found.qubits} qubits",
        f"{found.classical_bits} bits",
        f"{found.operations} operations, {found.multi_qubit_operations} of them on several qubits",
    ]
    told += ["Clifford gates only"] if found.clifford else []
    told += ["mid-circuit measurement"] if found.mid_circuit else []
    told += ["feed-forward"] if found.feed_forward else []
    told += ["loops without a bound: needs activeDeadlineSeconds"] if found.needs_deadline else []
    return ", ".join(told)


def _bytes(config_map: Object, key: str) -> bytes | None:
    text = (config_map.get("data") or {}).get(key)
    if text is not None:
        return str(text).encode()
    try:
        binary = (config_map.get("binaryData") or {}).get(key)
        return None if binary is None else base64.b64decode(binary, validate=True)
    except binascii.Error:
        return None
