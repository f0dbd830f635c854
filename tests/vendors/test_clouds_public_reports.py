"""Programs of public bug reports about the vendors' SDKs, on every adapter but IBM's, with the values of theory.

Each is named by its report. What a report shows as the right value is computed by hand here, never by an adapter.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.clouds import VENDORS, token
from e2e.cluster import sdks
from tests.standins.running import WorkerProcess, prepared, standin, worker

from qee.connectors.protocol import ENDED, Settings
from qee.documents.compiled import CompiledDocument
from qee.documents.run import CircuitRun, JobReference, RunDocument

SHOTS = 400
QASM2 = 'OPENQASM 2.0; include "qelib1.inc";'
QASM3 = 'OPENQASM 3.0; include "stdgates.inc";'
REPORTS: dict[str, tuple[str, str, dict[str, float]]] = {
    # The measured bit of a qubit is another one's number; a helper in superposition must not split what is read.
    "qiskit-ionq#183": (
        "openqasm2",
        f"{QASM2} qreg q[2]; creg c[2]; x q[0]; measure q[1]->c[0]; measure q[0]->c[1];",
        {"10": 1},
    ),
    "azure-quantum-python#198": (
        "openqasm2",
        f"{QASM2} qreg q[4]; creg c[3]; h q[0]; cx q[0],q[1]; cx q[1],q[2]; h q[3];"
        "measure q[0]->c[0]; measure q[1]->c[1]; measure q[2]->c[2];",
        {"000": 0.5, "111": 0.5},
    ),
    "qiskit-ionq#180": ("openqasm2", f"{QASM2} qreg q[1]; creg c[1]; s q[0]; measure q[0]->c[0];", {"0": 1}),
    # Phase estimation with angles beyond 2 pi: T has the phase 1/8, which 3 bits hold.
    "qiskit-ionq#11": (
        "openqasm3",
        f"{QASM3} qubit[4] q; bit[3] c; x q[3]; h q[0]; h q[1]; h q[2]; rz(4*pi) q[3];"
        "cp(pi/4) q[0], q[3]; cp(pi/2) q[1], q[3]; cp(pi) q[2], q[3];"
        "swap q[0], q[2]; h q[0]; cp(-pi/2) q[0], q[1]; h q[1]; cp(-pi/4) q[0], q[2]; cp(-pi/2) q[1], q[2]; h q[2];"
        "c[0] = measure q[0]; c[1] = measure q[1]; c[2] = measure q[2];",
        {"001": 1},
    ),
    "qiskit-braket-provider#130": (
        "openqasm2",
        f"{QASM2} qreg q[2]; creg c[1]; h q[0]; x q[1]; measure q[1]->c[0];",
        {"1": 1},
    ),
    "qiskit-braket-provider#190": (
        "openqasm2",
        f"{QASM2} qreg q[3]; creg a[1]; creg b[2]; x q[2]; measure q[0]->b[1]; measure q[1]->a[0]; measure q[2]->b[0];",
        {"010": 1},
    ),
    "cuda-quantum#2758": (
        "openqasm3",
        f"{QASM3} qubit[3] q; bit[1] first; bit[1] unused; bit[2] last; x q[0]; x q[1]; cx q[1], q[2];"
        "first[0] = measure q[0]; last[0] = measure q[2]; last[1] = measure q[1];",
        {"1101": 1},
    ),
}
TWICE = f"{QASM2} qreg q[2]; creg c[2]; h q[0]; measure q[0]->c[1]; h q[0]; measure q[0]->c[0];"
CLOUDS = ["ionq", "braket", "azure", "google"]


@pytest.fixture(scope="module", params=CLOUDS)
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, WorkerProcess]]:
    name = request.param
    vendor = VENDORS[name]
    secret: Path = tmp_path_factory.mktemp("secret")
    for key, value in vendor.secret.items():
        (secret / key).write_text(value.format(token=token(name)))
    with standin(name, "--token", token(name)) as service:
        options = {**vendor.options, "endpoint": service.url}
        settings = Settings("backend", vendor.device, vendor.region, options, str(secret))
        with worker(name, settings) as asked:
            yield name, asked


def document(vendor: str, target: str, *circuits: CircuitRun) -> RunDocument:
    job = JobReference("default", "job", "0c0ffee0-0000-0000-0000-000000000000")
    return RunDocument(job, "backend", vendor, 7, False, circuits, target=target.encode())


def test_the_programs_of_public_reports_give_what_theory_says(cloud: tuple[str, WorkerProcess]) -> None:
    vendor, asked = cloud
    runs = [CircuitRun(f"c{number}", form, source, SHOTS) for number, (form, source, _) in enumerate(REPORTS.values())]
    (compiled,) = prepared(vendor, [document(vendor, asked.call("describe")["snapshot"], *runs)])
    assert isinstance(compiled, CompiledDocument), compiled
    handles = [asked.submit(f"{number:040x}", each) for number, each in enumerate(compiled.submissions)]
    for _ in range(4):
        states = asked.call("status", {"handles": handles})
    assert {state["phase"] for state in states.values()} <= ENDED
    units = [
        unit
        for handle, each in zip(handles, compiled.submissions, strict=True)
        for unit in asked.fetch(handle, each)["units"]
    ]
    for name, unit in zip(REPORTS, units, strict=True):
        expected = REPORTS[name][2]
        assert not unit["problem"], (name, unit)
        found = unit["counts"] or unit["probabilities"]
        total = sum(map(float, found.values()))
        shares = {outcome: float(value) / total for outcome, value in found.items() if float(value) / total > 1e-9}
        assert set(shares) == set(expected), (name, shares)
        # 6 standard deviations of a fair coin in 400 shots
        assert all(abs(shares[outcome] - expected[outcome]) < 0.15 for outcome in expected), (name, shares)


def test_a_qubit_that_is_measured_twice_is_refused_by_name(cloud: tuple[str, WorkerProcess]) -> None:
    """qiskit-braket-provider#170: the second measurement was left out, silently."""
    vendor, asked = cloud
    run = CircuitRun("twice", "openqasm2", TWICE, SHOTS)
    (refused,) = prepared(vendor, [document(vendor, asked.call("describe")["snapshot"], run)])
    assert "measure" in str(refused)
    assert not isinstance(refused, CompiledDocument)


def test_a_failure_without_code_or_message_is_not_told_as_none() -> None:
    """microsoft/qdk#2867: `null: null`."""
    program = (
        "from types import SimpleNamespace as S\n"
        "from qee.connectors.vendors.azure.results import state\n"
        "cases = ((None, None, 'Failed'), ('X', None, 'X'), (None, 'why', 'why'), ('X', 'why', 'X: why'))\n"
        "for code, message, told in cases:\n"
        "    found = state(S(error_data=S(code=code, message=message), status='Failed')).message\n"
        "    assert 'None' not in found and told in found, found\n"
    )
    subprocess.run([sdks.python("azure"), "-c", program], check=True, env=sdks.environment())
