"""`qee init`: a job from a circuit's file, which `qee lint` then takes; and completion in the shells."""

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import cirq
import pytest
import sympy
import yaml
from e2e.cluster.clients import kubectl
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ParameterVector
from typer.testing import CliRunner

from qee.cli.main import app

BELL3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
SWEEP3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float theta;\nqubit q;\nry(theta) q;\n'
BELL2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nh q[0];\nmeasure q -> c;\n'
EXAMPLE = ["0", "0.785398163397", "1.570796326795"]


def qee(*words: str, input: bytes | None = None, **env: str) -> Any:
    return CliRunner(env=env).invoke(app, list(words), prog_name="qee", input=input, catch_exceptions=False)


def circuit_of(text: str) -> Any:
    (job,) = yaml.safe_load_all(text)
    (circuit,) = job["spec"]["circuits"]
    return circuit


def written(tmp_path: Path, name: str, data: bytes | str) -> str:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def qpy_bytes() -> bytes:
    circuit, theta = QuantumCircuit(2), ParameterVector("theta", 2)
    circuit.ry(theta[0], 0)
    circuit.ry(theta[1], 1)
    circuit.measure_all()
    data = io.BytesIO()
    qpy.dump(circuit, data)
    return data.getvalue()


def cirq_json() -> str:
    qubits = cirq.LineQubit.range(2)
    angle, other = sympy.Symbol("a"), sympy.Symbol("b")
    return str(cirq.to_json(cirq.Circuit(cirq.ry(angle + other)(qubits[0]), cirq.CNOT(*qubits))))


@pytest.mark.parametrize(
    ("name", "data", "format_"),
    [
        ("Bell_1.qasm", BELL3, "openqasm3"),
        ("bell.qasm", BELL2, "openqasm2"),
        ("comment.txt", "// a comment\n/* and another */ " + BELL3, "openqasm3"),
        ("bare.qasm", "qubit q; bit c; c = measure q;\n", "openqasm3"),
        ("tabs.qasm", BELL3.replace("h q", "h\tq") + "\t \n", "openqasm3"),
        ("space.qasm", BELL3 + "// at the end of a line   \n", "openqasm3"),
    ],
)
def test_the_source_is_in_the_job_letter_by_letter(tmp_path: Path, name: str, data: str, format_: str) -> None:
    circuit = circuit_of(qee("init", written(tmp_path, name, data)).stdout)
    assert (circuit["format"], circuit["source"]) == (format_, data)
    assert "parameters" not in circuit


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_end_with_lf_whatever_the_editor_writes(tmp_path: Path, end: str) -> None:
    circuit = circuit_of(qee("init", written(tmp_path, "windows.qasm", BELL3.replace("\n", end))).stdout)
    assert circuit["source"] == BELL3


@pytest.mark.parametrize(
    "data", [BELL3.replace("\n", "\r\n"), "\t" + BELL3.replace(" ", "\t"), BELL3.replace(";", "; ")]
)
def test_a_source_is_a_block_of_lines(tmp_path: Path, data: str) -> None:
    text = qee("init", written(tmp_path, "y.qasm", data)).stdout
    assert "    source: |" in text
    assert "\n      OPENQASM" in text or "\n      \tOPENQASM" in text
    assert circuit_of(text)["source"] == data.replace("\r\n", "\n")
    assert (
        json.loads(kubectl(tmp_path / "none", "label", "--local", "-f", "-", "-o", "json", "x=y", input=text))["spec"]
        == yaml.safe_load(text)["spec"]
    )


def test_a_name_that_is_a_word_of_yaml_is_in_quotes(tmp_path: Path) -> None:
    assert "- name: 'n'" in qee("init", written(tmp_path, "n.qasm", BELL3)).stdout


def test_the_job_is_named_like_the_file_and_counts_what_is_measured(tmp_path: Path) -> None:
    job = yaml.safe_load(qee("init", written(tmp_path, "My_Bell (2).qasm", BELL3), "--shots", "7").stdout)
    assert job["metadata"]["name"] == "my-bell-2"
    assert (job["spec"]["outputs"], job["spec"]["shots"]) == (["counts"], 7)
    assert job["spec"]["backendRef"] == {"kind": "QuantumBackend", "name": "aer"}


def test_inputs_become_columns_and_an_unmeasured_circuit_gets_probabilities(tmp_path: Path) -> None:
    text = qee("init", written(tmp_path, "s.qasm", SWEEP3)).stdout
    assert circuit_of(text)["parameters"] == {"theta": EXAMPLE}
    assert yaml.safe_load(text)["spec"]["outputs"] == ["probabilities"]
    assert "# The circuit measures nothing" in text


def test_a_wide_unmeasured_circuit_gets_an_observable(tmp_path: Path) -> None:
    text = qee(
        "init", written(tmp_path, "w.qasm", 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[30] q;\nh q;\n')
    ).stdout
    assert yaml.safe_load(text)["spec"]["outputs"] == ["expectation"]
    assert circuit_of(text)["observables"] == [{"name": "z0", "terms": {"I" * 29 + "Z": "1"}}]


def test_qpy_travels_as_it_is_with_the_names_of_its_parameters(tmp_path: Path) -> None:
    data = qpy_bytes()
    circuit = circuit_of(qee("init", written(tmp_path, "v.qpy", data)).stdout)
    assert base64.b64decode(circuit["data"]) == data
    assert circuit["format"] == "qpy"
    assert circuit["parameters"] == {"theta[0]": EXAMPLE, "theta[1]": EXAMPLE}


def test_cirqs_json_goes_to_cirq_with_its_symbols(tmp_path: Path) -> None:
    text = qee("init", written(tmp_path, "c.json", cirq_json())).stdout
    circuit = circuit_of(text)
    assert (circuit["format"], circuit["source"]) == ("cirq-json", cirq_json())
    assert circuit["parameters"] == {"a": EXAMPLE, "b": EXAMPLE}
    assert yaml.safe_load(text)["spec"]["backendRef"]["name"] == "cirq"


def test_a_large_circuit_goes_into_a_config_map_with_its_digest(tmp_path: Path) -> None:
    source = BELL3 + "// " + "x" * 140_000 + "\n"
    config_map, job = yaml.safe_load_all(qee("init", written(tmp_path, "large.qasm", source)).stdout)
    (circuit,) = job["spec"]["circuits"]
    assert config_map["data"]["circuit"] == source
    assert circuit["configMapKeyRef"] == {"name": "large", "key": "circuit"}
    assert circuit["sha256"] == hashlib.sha256(source.encode()).hexdigest()


def test_the_manifest_is_written_once_and_lint_takes_it(tmp_path: Path) -> None:
    source, target = written(tmp_path, "bell.qasm", BELL3), str(tmp_path / "job.yaml")
    assert qee("init", source, "-o", target).exit_code == 0
    assert qee("lint", "-f", target).exit_code == 0
    again = qee("init", source, "-o", target)
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    assert qee("init", source, "-o", target, "--force").exit_code == 0


def test_a_circuit_comes_from_stdin_too() -> None:
    assert yaml.safe_load(qee("init", "-", input=BELL3.encode()).stdout)["metadata"]["name"] == "circuit"


@pytest.mark.parametrize("name", ["vqe.py", "vqe.ipynb"])
def test_python_is_not_run_and_the_lines_that_export_its_circuit_are_told(tmp_path: Path, name: str) -> None:
    proof = tmp_path / "ran"
    done = qee("init", written(tmp_path, name, f"open({str(proof)!r}, 'w')\n"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert not proof.exists()
    for line in ("qasm3.dumps(circuit)", "qpy.dump(circuit", "cirq.to_json(circuit"):
        assert line in done.stderr


def test_the_lines_that_are_told_write_what_init_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qee.cli.here.scaffold import _EXPORT

    monkeypatch.chdir(tmp_path)
    circuit = QuantumCircuit(1)
    circuit.h(0)
    exec("\n".join(_EXPORT["Qiskit"]), {"circuit": circuit})
    exec("\n".join(_EXPORT["Cirq"]), {"circuit": cirq.Circuit(cirq.H(cirq.q(0)))})
    for name, format_ in (("circuit.qasm", "openqasm3"), ("circuit.qpy", "qpy"), ("circuit.json", "cirq-json")):
        assert circuit_of(qee("init", name).stdout)["format"] == format_


@pytest.mark.parametrize(
    ("name", "data", "code", "said"),
    [
        ("x.txt", "hello", 2, "none of OpenQASM"),
        ("x.bin", b"\xff\xfe\x00", 2, "none of OpenQASM"),
        ("x.json", "{}", 2, "none of OpenQASM"),
        ("x.json", '{"cirq_type": "x"}', 1, "InvalidCircuit"),
        ("x.qasm", "OPENQASM 3.0; nonsense", 1, "InvalidCircuit"),
        ("x.qpy", b"QISKIT\x05", 1, "unsafe"),
        ("x.qasm", "// " + "x" * 1_000_000, 2, "more than 1000000 bytes"),
    ],
)
def test_what_is_no_circuit_is_refused_in_one_line(
    tmp_path: Path, name: str, data: bytes | str, code: int, said: str
) -> None:
    done = qee("init", written(tmp_path, name, data))
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_name_that_no_job_may_have_is_refused(tmp_path: Path) -> None:
    done = qee("init", written(tmp_path, "bell.qasm", BELL3), "--name", "Upper")
    assert done.exit_code == 2
    assert "metadata.name Upper is not a DNS label" in done.stderr


@pytest.mark.parametrize(
    ("shell", "text"),
    [
        ("bash", "complete -o default -F _qee_completion qee"),
        ("zsh", "#compdef qee"),
        ("fish", "complete --command qee"),
    ],
)
def test_the_shells_get_a_script_for_completion(shell: str, text: str) -> None:
    assert text in qee(_QEE_COMPLETE=f"source_{shell}").stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("qee resu", {"result"}), ("qee result -o ", {"histogram", "table", "csv", "npz", "json", "yaml"})],
)
def test_commands_and_forms_are_completed(typed: str, offered: set[str]) -> None:
    place = str(len(typed.split(" ")) - 1)
    done = qee(_QEE_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=place)
    assert set(done.stdout.split()) == offered


def test_the_options_that_install_completion_are_there() -> None:
    shown = qee("--help").stdout
    assert "--install-completion" in shown
    assert "--show-completion" in shown
