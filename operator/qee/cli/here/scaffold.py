"""`qee init`: a job from a circuit's file.

OpenQASM, QPY and Cirq's JSON are looked at by the bounded scanner, as in the operator: no SDK, and nothing runs.
A Python file is not executed, not even on request: to find a circuit in it everything in it must run, such files submit
to providers and spend money, and which of its objects is meant stays a guess. Writing the circuit to a file is one line
in the author's own hands; that line is what this command tells.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qee.api.job_circuit import MAX_PARAMETERS
from qee.api.names import API_VERSION, KIND_BACKEND, KIND_JOB, MAX_INLINE_BYTES
from qee.circuits import Scan, ScanError, scan
from qee.cli import exits, files, terminal
from qee.cli.problem import Problem
from qee.cli.yaml_text import dumped

MAX_BYTES = 1_000_000  # a ConfigMap holds 1 MiB with its names
EXAMPLE = ("0", "0.785398163397", "1.570796326795")  # 0, pi/4, pi/2
MAX_PROBABILITY_QUBITS = 20  # exact probabilities of more have no room in a result
PYTHON = (".py", ".ipynb")
_VERSION = re.compile(r"(?>\s|//[^\n]*\n|/\*.*?\*/)*+OPENQASM\s+([23])", re.DOTALL)

_EXPORT = {
    "Qiskit": (
        "from qiskit import qasm3, qpy",
        'open("circuit.qasm", "w").write(qasm3.dumps(circuit))',
        'qpy.dump(circuit, open("circuit.qpy", "wb"))  # what OpenQASM cannot say',
    ),
    "Cirq": ("import cirq", 'cirq.to_json(circuit, "circuit.json")'),
}


def init(path: str, output: str | None, name: str | None, backend: str | None, shots: int, force: bool) -> int:
    data = read(path)
    format_ = format_of(path, data)
    called = name or job_name(path)
    text = manifest(data, format_, called, backend or ("cirq" if format_ == "cirq-json" else "aer"), shots)
    if output is None or output == "-":
        terminal.out(text.rstrip("\n"))
        return exits.OK
    files.write(output, text.encode(), replace=force, what="--output")
    shown = terminal.printable(output)
    terminal.note(f"wrote {shown}; `qee lint {shown}` checks it, `qee run --local {shown}` runs it here")
    return exits.OK


def format_of(path: str, data: bytes) -> str:
    """The circuit's format by its content. Raises Problem for what is none, with the way to one."""
    if path.endswith(PYTHON):
        lines = [f"  {line}" for sdk, export in _EXPORT.items() for line in (f"# {sdk}", *export)]
        raise Problem(
            f"{path}: is Python, which qee does not run; add these lines to it, and give what they write", details=lines
        )
    found = recognised(path, data)
    if found is None:
        raise Problem(f"{path}: is none of OpenQASM 2 and 3, QPY and Cirq's JSON; write the circuit in one of them")
    return found


def recognised(path: str, data: bytes) -> str | None:
    """The same; None for what is no circuit."""
    if data[:6] == b"QISKIT":
        return "qpy"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if found := _VERSION.match(text):
        return f"openqasm{found[1]}"
    if text.lstrip()[:1] == "{" and '"cirq_type"' in text:
        return "cirq-json"
    if path.endswith((".qasm", ".qasm3")):
        return "openqasm3"  # whose version line may be left out
    return None


def manifest(data: bytes, format_: str, name: str, backend: str, shots: int) -> str:
    """The job as YAML, with a ConfigMap before it where the circuit is too large for the job. Raises Problem."""
    try:
        found = scan(format_, data if format_ == "qpy" else _text(data))
    except ScanError as error:
        raise Problem(f"{error.reason}: {error}", exits.FAILED) from None
    documents, circuit = _source(data, format_, name)
    parameters = list(found.inputs) or (_symbols(data) if format_ == "cirq-json" else [])
    if len(parameters) > MAX_PARAMETERS:
        raise Problem(f"the circuit has {len(parameters)} parameters, a job {MAX_PARAMETERS}; bind some of them")
    if parameters:
        circuit = {**circuit, "parameters": {each: list(EXAMPLE) for each in parameters}}
    outputs, why = _outputs(found)
    if outputs == ["expectation"]:
        circuit["observables"] = [{"name": "z0", "terms": {"I" * (found.qubits - 1) + "Z": "1"}}]
    spec: dict[str, Any] = {
        "backendRef": {"kind": KIND_BACKEND, "name": backend},
        "shots": shots,
        "outputs": outputs,
        "circuits": [circuit],
    }
    job = {"apiVersion": API_VERSION, "kind": KIND_JOB, "metadata": {"name": name}, "spec": spec}
    _check(job)
    comments = ["Made by qee init. backendRef names a backend of the cluster, or the engine of a local run."]
    comments += [why] if why else []
    comments += ["parameters are a sweep, one run for each row: put your own values there."] if parameters else []
    head = "".join(f"# {comment}\n" for comment in comments)
    return head + "---\n".join(dumped(document, flow=None) for document in (*documents, job))


def _outputs(found: Scan) -> tuple[list[str], str | None]:
    if found.measured:
        return ["counts"], None
    if found.qubits <= MAX_PROBABILITY_QUBITS:
        return ["probabilities"], "The circuit measures nothing: exact probabilities of all qubits. Or: statevector."
    return ["expectation"], "The circuit measures nothing: expectation values of observables, an example is there."


def _source(data: bytes, format_: str, name: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The ConfigMap, if one is needed, and the circuit's entry in the job."""
    entry: dict[str, Any] = {"name": name, "format": format_}
    text = None if format_ == "qpy" else _text(data)
    inline = base64.b64encode(data).decode() if text is None else text
    if len(inline.encode()) <= MAX_INLINE_BYTES:
        return [], {**entry, "data" if text is None else "source": inline}
    stored = data if text is None else text.encode()
    field = {"binaryData": {"circuit": inline}} if text is None else {"data": {"circuit": text}}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "immutable": True, **field}
    reference = {"configMapKeyRef": {"name": name, "key": "circuit"}, "sha256": hashlib.sha256(stored).hexdigest()}
    return [config_map], {**entry, **reference}


def _text(data: bytes) -> str:
    """Lines end with LF, whatever the editor writes: a YAML block holds nothing else, and no circuit depends on it."""
    return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _symbols(data: bytes) -> list[str]:
    """Names of sympy's symbols in Cirq's JSON, which the scanner has bounded, in the order of their occurrence."""
    names: dict[str, None] = {}

    def seen(value: dict[str, Any]) -> Any:
        if value.get("cirq_type") == "sympy.Symbol" and isinstance(value.get("name"), str):
            names[value["name"]] = None
        return value

    json.loads(data, object_hook=seen)
    return list(names)


def _check(job: Mapping[str, Any]) -> None:
    from pydantic import ValidationError

    from qee.api.explain import explain
    from qee.api.job import QuantumJob

    try:
        QuantumJob.model_validate(job)
    except ValidationError as error:
        raise Problem("no valid job can be made of this", details=explain(error)) from None


def read(path: str, most: int = MAX_BYTES) -> bytes:
    """A file of at most so many bytes; - is stdin. Raises Problem."""
    return files.read(path, most, path, ", which no ConfigMap holds; make the circuit smaller", stdin=True)


def job_name(path: str) -> str:
    """A DNS name from the file's."""
    stem = "" if path == "-" else Path(path).name.split(".")[0]
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:50].strip("-") or "circuit"
