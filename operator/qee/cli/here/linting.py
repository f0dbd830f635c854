"""`qee lint`: what the operator and the runner would say of a manifest, without a cluster and without running anything.

The checks are the operator's own. Then, where the engine is installed here, the runner's child process reads and
compiles the circuits as for a run and says what it would refuse; where it is not, the table of constructs does.
"""

import asyncio
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qee.api.job import QuantumJob
from qee.api.names import ENGINES
from qee.api.reasons import Reason
from qee.circuits import Estimate, Scan
from qee.circuits.refused import refused
from qee.cli import exits
from qee.cli.here import asking, checking, given
from qee.cli.here.lint_sources import Sources
from qee.cli.here.local import MODULES
from qee.cli.manifest import Manifest
from qee.cli.problem import Problem
from qee.cli.terminal import coloured, out, printable
from qee.core.checks.engine_checks import check_engine
from qee.core.checks.prepare import prepare
from qee.core.checks.sizing import scanned, state
from qee.core.refusal import Refused
from qee.kube.port import Object

UID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Verdict:
    """What is said of a job on one engine. `unchecked`: why the runner was not asked.

    `foreseen`: of each circuit by name, as `qee.runner.checking` tells it.
    """

    refusals: Sequence[str] = ()
    foreseen: Mapping[str, Mapping[str, Any]] | None = None
    unchecked: str | None = None


def lint(file: str, config_maps: list[str], memory: int | None = None) -> int:
    """`memory`: bytes that the backend has, where the file does not say; None: those of this machine."""
    manifest = given.read(file, config_maps)
    manifest.require_names()
    room = memory or checking.machine_memory()
    clean = [_Lint(manifest, job, room).run() for job in manifest.jobs]
    return exits.OK if all(clean) else exits.FAILED


class _Lint:
    """Tells of one job, line by line. `run` says whether the operator and the runner would take it."""

    def __init__(self, manifest: Manifest, job: Object, memory: int | None) -> None:
        self._manifest = manifest
        self._object = job
        self._memory = memory
        self._clean = True

    def run(self) -> bool:
        meta = self._object["metadata"]
        out(f"{self._manifest.origin}: QuantumJob {printable(str(meta.get('name') or meta.get('generateName')))}")
        try:
            job = checking.typed(self._manifest, self._object, UID, None)
        except Problem as problem:
            for line in problem.details:
                self._error(line)
            return False
        sources = Sources(self._manifest, self._error)
        scans: dict[int, Scan] = {}
        for index, circuit in enumerate(job.spec.circuits):
            source = sources.told(circuit, f"spec.circuits[{index}]")
            if source is None:
                continue
            try:
                scans[index] = scanned(circuit.name, circuit.format, source)
            except Refused as refusal:
                self._error(f"{refusal.reason}: {refusal.message}")
        engines = _engines(self._manifest, job)
        verdicts = {engine: self._verdict(job, engine, scans) for engine in engines}
        for index, found in scans.items():
            self._describe(job, index, found, verdicts)
        self._judge(verdicts)
        return self._clean

    def _verdict(self, job: QuantumJob, engine: str, scans: Mapping[int, Scan]) -> Verdict:
        """The engine's options, the table of constructs, the whole job, then the runner: the first that refuses."""
        try:
            check_engine(job.spec, engine)
        except Refused as refusal:
            return Verdict([f"{refusal.reason}: {refusal.message}"])
        said = [what for found in scans.values() for what in refused(found, engine)]
        if said:
            return Verdict(
                [f"{Reason.UNSUPPORTED_CONSTRUCT}: engine {engine} does not run {what}" for what in dict.fromkeys(said)]
            )
        if not self._clean:
            return Verdict()
        try:
            backend = checking.local_backend(self._manifest, job, engine, self._memory)
            sources = asyncio.run(checking.sources(self._manifest, job))
            document = prepare(job, backend, sources, {}, "1").document
        except Refused as refusal:
            if refusal.waiting is not None:  # a ConfigMap that is not in the file, which was told
                return Verdict()
            return Verdict([f"{refusal.reason}: {self._here(refusal.message, job)}"])
        except Problem as problem:
            return Verdict([problem.message])
        return _foreseen(engine, document, self._memory)

    def _here(self, message: str, job: QuantumJob) -> str:
        said = checking.here(message, job.spec.backend_ref.name, self._memory)
        more = " If the backend has more, say so with --memory, or give its QuantumBackend in the file."
        return said if said == message else said + more

    def _describe(self, job: QuantumJob, index: int, found: Scan, verdicts: Mapping[str, Verdict]) -> None:
        circuit = job.spec.circuits[index]
        out(f"  circuit {circuit.name}: {_described(found)}, {circuit.shots or job.spec.shots} shots")
        for engine, verdict in verdicts.items():
            if verdict.refusals:
                continue
            said = (verdict.foreseen or {}).get(circuit.name, {})
            needed = _estimate(job, index, found, engine, said.get("method"))
            out(f"    memory on {engine}, method {needed.method}: {needed.formula}")
            alone = engine == "aer" and (found.mid_circuit or found.feed_forward or found.late_resets)
            if said.get("shotByShot", alone):
                out(f"    shot by shot on {engine}: {_SHOT_BY_SHOT[engine]}")

    def _judge(self, verdicts: Mapping[str, Verdict]) -> None:
        """It is wrong where no engine may run it."""
        nowhere = all(verdict.refusals for verdict in verdicts.values())
        for engine, verdict in verdicts.items():
            for text in verdict.refusals:
                if nowhere:
                    self._error(text)
                else:
                    construct = f"{Reason.UNSUPPORTED_CONSTRUCT}: engine {engine} does not run "
                    out(f"  not on {engine}: {printable(text.removeprefix(construct))}")
            if verdict.unchecked is not None:
                out(f"  not checked on {engine}: {verdict.unchecked}")

    def _error(self, text: str) -> None:
        self._clean = False
        out(f"  {coloured('error:', 'red')} {printable(text)}")


_ALONE = "qubits are used after they were measured or reset, outcomes decide, or noise is drawn"
_SHOT_BY_SHOT = {
    "aer": f"{_ALONE}, so that the time grows with the shots",
    "cirq": f"{_ALONE}, which takes Cirq milliseconds for each shot, and Aer a tenth of that or less",
}


def _foreseen(engine: str, document: bytes, memory: int | None) -> Verdict:
    """What the runner says of the circuits, if the engine is installed here."""
    if importlib.util.find_spec(MODULES[engine]) is None:
        return Verdict(
            unchecked=f"its SDK is not installed here, and may refuse more than is known of it without: "
            f"pip install 'qee[{engine}]'"
        )
    try:
        answer = asking.asked("qee.runner.checking", [] if memory is None else [str(memory)], document, "checking")
    except (TimeoutError, asking.NoAnswer) as error:
        return Verdict(unchecked=f"{error}, so that its circuits were not read to the end")
    if "reason" in answer:
        return Verdict([f"{answer['reason']}: {answer['message']}"])
    return Verdict(foreseen={each["name"]: each for each in answer["circuits"]})


def _estimate(job: QuantumJob, index: int, found: Scan, engine: str, method: str | None) -> Estimate:
    """Memory with the method that the runner names, else with the one that the scanner foresees."""
    needed = state(job, index, found, engine)
    if method is None or method == needed.method:
        return needed
    simulator = job.spec.simulator.model_copy(update={"method": method})
    other = job.model_copy(update={"spec": job.spec.model_copy(update={"simulator": simulator})})
    return state(other, index, found, engine)


def _engines(manifest: Manifest, job: QuantumJob) -> list[str]:
    """The engine of the backend where it is known, else every engine."""
    name = job.spec.backend_ref.name
    provider = ((manifest.backends.get(name) or {}).get("spec") or {}).get("provider", name)
    return [provider] if provider in ENGINES else list(ENGINES)


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
