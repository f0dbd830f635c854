"""What a run refuses, `qee lint` refuses; and the method and the pace that lint names are those of the run.

The inputs are the circuits of all tests, found in their text, the table of constructs, and generated ones.
Lint's question to the runner is answered in this process: a child for each would take the suite an hour.
"""

import ast
import base64
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import cirq
import numpy as np
import pytest
import yaml
from docs.pages.formats import CIRCUITS
from docs.pages.programs import PROGRAMS
from qiskit import qasm2, qasm3, qpy
from qiskit.circuit.random import random_circuit
from tests import builders
from tests.physics import cases

from qee.circuits import ScanError, scan
from qee.cli.here import asking, checking, linting, local
from qee.cli.manifest import Manifest
from qee.cli.problem import Problem
from qee.documents.run import RunDocument
from qee.kube.port import Object
from qee.runner import checking as runner_checking
from qee.runner import process
from qee.sdk.errors import RunnerError

TESTS = Path(cases.__file__).parent.parent
ENGINES = ("aer", "cirq")
LARGE = 20  # qubits; a state vector of more takes the suite minutes, and nothing is refused for its size below 2^30
PARTS = 4


def answered(module: str, arguments: list[str], document: bytes, doing: str) -> dict[str, Any]:
    """As the child process answers."""
    try:
        return {"circuits": runner_checking.checked(RunDocument.from_bytes(document), int(arguments[0]))}
    except RunnerError as error:
        return {"reason": error.reason, "message": error.message}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "asked", answered)


def lint(job: Object) -> tuple[bool, str]:
    text = io.StringIO()
    with redirect_stdout(text):
        clean = linting._Lint(Manifest("file", [job]), job, checking.machine_memory()).run()
    return clean, text.getvalue()


def run(job: Object) -> str | None:
    """The method of the first circuit; None where the run is refused."""
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            document, _ = local.prepared(Manifest("file", [job]), None, None, None)
            result = process.execute(RunDocument.from_bytes(document), 0, "none", 0.0)
    except (Problem, RunnerError):
        return None
    return result.provenance.circuits[0].method


def written() -> Iterator[tuple[str, str]]:
    """Format and source of each circuit in the tests' text; what lacks a header gets one."""
    seen = set()
    for path in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and text not in seen and ";" in text and re.search(r"qubit|qreg|OPENQASM", text):
                seen.add(text)
                yield headed(text)
    for path in sorted(TESTS.rglob("*.qasm")):
        yield headed(path.read_text(encoding="utf-8"))


def headed(text: str) -> tuple[str, str]:
    if found := re.search(r"OPENQASM\s*([23])", text):
        return f"openqasm{found[1]}", text
    if "qreg" in text:
        return "openqasm2", f'OPENQASM 2.0;\ninclude "qelib1.inc";\n{text}'
    return "openqasm3", f'OPENQASM 3.0;\ninclude "stdgates.inc";\n{text}'


def job(engine: str, format_: str, source: str, columns: Mapping[str, list[str]] | None = None, **spec: Any) -> Object:
    circuit = {"name": "c", "format": format_, "data" if format_ == "qpy" else "source": source}
    circuit |= {"parameters": dict(columns)} if columns else {}
    circuit |= spec.pop("circuit", {})
    backend = {"kind": "QuantumBackend", "name": engine}
    return builders.job(
        backendRef=backend, circuits=[circuit], **{"shots": 20, "activeDeadlineSeconds": 60, "seed": 3, **spec}
    )


def from_tests(engine: str) -> Iterator[Object]:
    for format_, source in written():
        try:
            columns = {name: ["0.3"] for name in scan(format_, source).inputs}
        except ScanError:
            columns = {}
        for outputs in (["counts"], ["probabilities"]):
            yield job(engine, format_, source, columns, outputs=outputs)


def from_the_table(engine: str) -> Iterator[Object]:
    for program in (*PROGRAMS, *CIRCUITS):
        for format_ in ("openqasm3", "openqasm2", "qpy", "cirq-json"):
            if (source := program.source(format_)) is not None:
                columns = {name: [repr(value)] for name, value in program.values.items()}
                yield job(engine, format_, source, columns)


def generated(engine: str) -> Iterator[Object]:
    """Random circuits in every format, each with other options."""
    options: list[dict[str, Any]] = [
        {},
        {"simulator": {"method": "stabilizer"}},
        {"simulator": {"method": "density_matrix"}, "outputs": ["probabilities"]},
        {"simulator": {"method": "matrix_product_state"}},
        {"outputs": ["statevector"]},
        {"outputs": ["memory", "counts"], "simulator": {"precision": "single"}},
        {"outputs": ["expectation"], "circuit": {"observables": [{"name": "o", "terms": {"ZZZ": "1", "XIX": "0.5"}}]}},
        {"noise": {"oneQubit": "0.01", "twoQubit": "0.02", "readout": "0.01"}},
        {"noise": {"oneQubit": "0.01"}, "shots": 5, "outputs": ["counts", "memory"]},
        {"transpile": {"optimizationLevel": 2}},
        {"noise": {"device": "fake_manila"}},
    ]
    for seed, option in enumerate(options * 2):
        dynamic = seed % 3 == 0
        circuit = random_circuit(3, 4, max_operands=2, measure=True, conditional=dynamic, reset=dynamic, seed=seed)
        data = io.BytesIO()
        qpy.dump(circuit, data)
        texts = {"qpy": base64.b64encode(data.getvalue()).decode(), "openqasm3": qasm3.dumps(circuit)}
        if not dynamic:
            texts["openqasm2"] = qasm2.dumps(circuit)
        qubits = cirq.LineQubit.range(3)
        made = cirq.testing.random_circuit(qubits, 4, 0.7, random_state=np.random.RandomState(seed))
        texts["cirq-json"] = cirq.to_json(cirq.Circuit(made, cirq.measure(*qubits, key="m")))
        for format_, source in texts.items():
            yield job(engine, format_, source, **option)


def from_examples(engine: str) -> Iterator[Object]:
    for path in sorted(Path("examples").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if document["kind"] == "QuantumJob":
                spec = {**document["spec"], "backendRef": {"kind": "QuantumBackend", "name": engine}}
                yield {**document, "spec": spec}


CORPORA = {"tests": from_tests, "table": from_the_table, "generated": generated, "examples": from_examples}


def compared(jobs: list[Object]) -> int:
    """Lint and run agree on each of the jobs. Returns how many ran."""
    ran = 0
    for each in jobs:
        clean, said = lint(each)
        qubits = max(map(int, re.findall(r"(\d+) qubits", said)), default=0)
        named = re.search(r"method (\w+)", said)
        if clean and named and named[1] in ("statevector", "density_matrix") and qubits > LARGE:
            continue
        if "loops without a bound" in said:  # only the deadline of a process would end some of them
            continue
        method = run(each)
        assert clean == (method is not None), f"lint {'takes' if clean else 'refuses'} {each['spec']}\n{said}"
        if clean and named:
            assert named[1] == method, f"lint names {named[1]}, the run took {method}: {each['spec']}"
            ran += 1
    return ran


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("engine", ENGINES)
def test_what_lint_takes_runs_and_what_it_refuses_does_not(engine: str, part: int) -> None:
    jobs = [each for corpus in ("tests", "table", "generated") for each in CORPORA[corpus](engine)]
    assert compared(jobs[part::PARTS]) > len(jobs) // PARTS // 10


MIDDLE = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; bit[2] c; h q; c[0] = measure q; h q; c[1] = measure q;'


def test_lint_says_when_each_shot_is_simulated_by_itself() -> None:
    _, said = lint(job("aer", "openqasm3", MIDDLE))
    assert "shot by shot on aer: qubits are used after they were measured" in said
    _, said = lint(job("aer", "openqasm3", MIDDLE.replace("h q; c[1]", "c[1]")))
    assert "shot by shot" not in said


def test_lint_says_what_it_could_not_check_where_an_engine_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linting, "MODULES", {"aer": "no_such_module"})
    clean, said = lint(job("aer", "openqasm3", MIDDLE))
    assert clean
    assert "not checked on aer: its SDK is not installed here" in said
    assert "pip install 'qee[aer]'" in said
