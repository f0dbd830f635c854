"""`qee draw`: each engine's own drawing, or a picture, made where nothing but the runner reads a circuit."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import cirq
import pytest
import sympy
import yaml
from matplotlib.image import imread
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from tests import builders
from typer.testing import CliRunner

from qee.cli.main import app

ASYMMETRIC = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[1];\ncx q[1], q[0];\nc = measure q;\n'


def draw(tmp_path: Path, job: Any, *words: str) -> Any:
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(job))
    return CliRunner().invoke(app, ["draw", "-f", str(path), *words], catch_exceptions=False)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_the_circuit_is_drawn_with_its_qubits_in_order(tmp_path: Path, engine: str) -> None:
    circuits = [{"name": "one", "format": "openqasm3", "source": ASYMMETRIC}]
    done = draw(tmp_path, builders.job(circuits=circuits), "--engine", engine)
    assert done.exit_code == 0, done.stderr
    above, below = (
        next(line for line in done.stdout.splitlines() if line.lstrip().startswith(q)) for q in ("q_0:", "q_1:")
    )
    assert ("H" in above, "H" in below) == (False, True)
    assert ("X" in above, "M" in below) == (True, True)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_a_picture_is_painted_with_each_engine(tmp_path: Path, engine: str) -> None:
    circuits = [{"name": "one", "format": "openqasm3", "source": ASYMMETRIC}]
    file = tmp_path / "one.png"
    done = draw(tmp_path, builders.job(circuits=circuits), "--engine", engine, "--png", str(file))
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"wrote {file}\n")
    pixels = imread(file)
    assert pixels.shape[1] > pixels.shape[0] > 200
    assert (pixels[:, :, :3].min(axis=2) < 0.3).mean() > 0.005


def test_a_picture_is_of_one_circuit(tmp_path: Path) -> None:
    circuits = [{"name": name, "format": "openqasm3", "source": ASYMMETRIC} for name in ("one", "two")]
    job = builders.job(circuits=circuits)
    several = draw(tmp_path, job, "--png", str(tmp_path / "x.png"))
    assert (several.exit_code, "the job has one, two; choose one with --circuit" in several.stderr) == (2, True)
    assert not (tmp_path / "x.png").exists()
    assert draw(tmp_path, job, "--png", str(tmp_path / "x.png"), "--circuit", "two").exit_code == 0


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_a_picture_of_too_many_operations_is_refused(tmp_path: Path, engine: str) -> None:
    source = ASYMMETRIC.replace("h q[1];", "h q[1]; " * 2001)
    job = builders.job(circuits=[{"name": "one", "format": "openqasm3", "source": source}])
    done = draw(tmp_path, job, "--engine", engine, "--png", str(tmp_path / "x.png"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "CircuitTooLarge: circuit one: 2004 operations, and a picture holds 2000; leave out --png" in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_without_matplotlib_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "qee.cli.show.circuit_picture", None)
    monkeypatch.delattr("qee.cli.show.circuit_picture", raising=False)
    done = draw(tmp_path, builders.job(), "--png", str(tmp_path / "x.png"))
    assert (done.exit_code, "pip install 'qee[plot]'" in done.stderr) == (2, True)


@pytest.mark.parametrize("format_", ["openqasm3", "openqasm2", "qpy", "cirq-json"])
def test_a_circuits_file_is_drawn_as_it_is(tmp_path: Path, format_: str) -> None:
    if format_ == "qpy":
        circuit = QuantumCircuit(2)
        circuit.rx(Parameter("theta"), 0)
        circuit.cx(0, 1)
        data = io.BytesIO()
        qpy.dump(circuit, data)
        content = data.getvalue()
    elif format_ == "cirq-json":
        a, b = cirq.LineQubit.range(2)
        content = cirq.to_json(cirq.Circuit(cirq.rx(sympy.Symbol("theta"))(a), cirq.CX(a, b))).encode()
    else:
        declared = (
            "qreg q[2]; rx(0.5) q[0];" if format_ == "openqasm2" else "input float theta; qubit[2] q; rx(theta) q[0];"
        )
        library = "qelib1.inc" if format_ == "openqasm2" else "stdgates.inc"
        content = f'OPENQASM {format_[-1]}.0; include "{library}"; {declared} cx q[0], q[1];'.encode()
    path = tmp_path / "circuit"
    path.write_bytes(content)
    done = CliRunner().invoke(app, ["draw", str(path)], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    assert "RX(" in done.stdout.upper()
    picture = tmp_path / "circuit.png"
    done = CliRunner().invoke(app, ["draw", "-f", str(path), "--png", str(picture)], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    assert imread(picture).shape[1] > 200


def test_a_circuit_that_would_fit_nowhere_is_drawn(tmp_path: Path) -> None:
    gates = "".join(f"cz q[{i}], q[59];" for i in range(59))
    source = f'OPENQASM 3.0; include "stdgates.inc"; qubit[60] q; bit[60] c; {gates} t q; c = measure q;'
    done = draw(tmp_path, builders.job(circuits=[{"name": "wide", "format": "openqasm3", "source": source}]))
    assert (done.exit_code, "q_59:" in done.stdout) == (0, True)


@pytest.mark.parametrize("words", [(), ("x.qasm", "-f", "y.qasm")])
def test_one_file_is_given(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["draw", *words])
    assert (done.exit_code, "give one file: qee draw FILE" in done.stderr) == (2, True)


def test_what_is_neither_a_circuit_nor_a_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("hello")
    done = CliRunner().invoke(app, ["draw", str(path)])
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)


def test_several_circuits_are_named_and_one_can_be_chosen(tmp_path: Path) -> None:
    circuits = [{"name": name, "format": "openqasm3", "source": ASYMMETRIC} for name in ("one", "two")]
    job = builders.job(circuits=circuits)
    assert [line for line in draw(tmp_path, job).stdout.splitlines() if line in ("one:", "two:")] == ["one:", "two:"]
    assert "one:" not in draw(tmp_path, job, "--circuit", "two").stdout
    missing = draw(tmp_path, job, "--circuit", "three")
    assert (missing.exit_code, "it has one, two" in missing.stderr) == (2, True)


def test_a_bad_circuit_is_refused_in_one_line(tmp_path: Path) -> None:
    bad = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; h q, q;'
    done = draw(tmp_path, builders.job(circuits=[{"name": "bad", "format": "openqasm3", "source": bad}]))
    assert (done.exit_code, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: InvalidCircuit: ")


def test_the_drawer_denies_itself_the_network_before_it_reads_a_circuit() -> None:
    code = """
import sys, socket
from qee.runner import child, drawing
seen = []
def drawings(document, width):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    except PermissionError:
        seen.append("denied")
    return []
drawing.drawings = drawings
child.RunDocument = type("R", (), {"from_bytes": staticmethod(lambda data: None)})
drawing.main("80")
print(seen, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], input="", capture_output=True, text=True, check=True)
    assert "['denied']" in done.stderr
    assert done.stdout == '{"drawings": []}'


def test_no_sdk_is_imported_into_the_process_of_the_command(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(builders.job()))
    code = (
        "import sys; from qee.cli.main import app\n"
        f"app(['draw', '-f', {str(path)!r}], standalone_mode=False)\n"
        "print('imported:', {m.split('.')[0] for m in sys.modules} & {'qiskit', 'cirq', 'numpy', 'kubernetes'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "imported: set()"
