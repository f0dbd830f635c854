"""What the documents state of the code, compared with the code: limits, versions, counts."""

import re
from pathlib import Path

import pytest
from e2e.attack.attacks import ATTACKS
from e2e.chart import render
from e2e.cluster import images

import qee
from qee.api import budget, fields, job, job_circuit, names, trust
from qee.circuits.qpy import file as qpy_file
from qee.sdk import arrays, source
from qee.sdk.cirq import json_reading as cirq_json
from qee.sdk.qiskit import circuits as qiskit_circuits
from qee.signing import dsse

CHECKOUT = Path(__file__).parents[3]


def text(name: str) -> str:
    return (CHECKOUT / name).read_text()


def pinned(lock: str, package: str) -> str:
    found = re.search(rf"^{package}==(\S+)", text(f"requirements/{lock}.txt"), re.MULTILINE)
    assert found
    return found[1]


def binary(number: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number % size == 0:
            return f"{number // size} {unit}"
    raise AssertionError(number)


LIMITS = {
    "circuits of one job": f"{names.MAX_CIRCUITS}",
    "inline sources of one job, together": binary(names.MAX_INLINE_BYTES),
    "all inputs of one attempt, together": binary(names.MAX_SNAPSHOT_BYTES),
    "shots of a circuit": f"{fields.MAX_SHOTS:,}",
    "parameters of a circuit": f"{job_circuit.MAX_PARAMETERS}",
    "rows of a sweep": f"{job_circuit.MAX_ROWS:,}",
    "observables of a circuit": f"{job_circuit.MAX_OBSERVABLES}, of {job_circuit.MAX_TERMS} terms each",
    "values in `providerOptions`": f"{job.MAX_OPTION_VALUES:,}",
    "`activeDeadlineSeconds`": f"{fields.MAX_SECONDS // 86_400} days",
    "qubits and classical bits that are declared": f"{source.MAX_BITS:,} each",
    "operations, definitions and loops written out": f"{qiskit_circuits.MAX_OPERATIONS:,}",
    "operations of a Cirq JSON circuit": f"{cirq_json.MAX_OPERATIONS:,}",
    "brackets inside one another": f"{source.MAX_NESTING}",
    "QPY": f"versions {qpy_file.OLDEST} to {qpy_file.NEWEST}, {qpy_file.MAX_PROGRAMS} circuits a file",
    "a result in a pod's log": binary(names.MAX_FRAME_BYTES),
    "a result on a volume, uncompressed": binary(names.MAX_FILE_BYTES),
    "bits of exact probabilities": f"{arrays.MAX_PROBABILITY_BITS}",
    "qubits of a statevector": f"{arrays.MAX_STATEVECTOR_QUBITS}",
    "keys of a trust policy": f"{trust.MAX_KEYS}",
    "signatures on a job": f"{dsse.MAX_SIGNATURES}",
    "reservations of a budget": f"{budget.MAX_RESERVATIONS:,}",
}


@pytest.mark.parametrize("what", LIMITS)
def test_a_limit_that_the_page_states_is_that_of_the_code(what: str) -> None:
    page = (CHECKOUT / "docs/guide/limits.md").read_text()
    assert f"| {what} | {LIMITS[what]} |" in page


FACTS = {
    "README.md": [
        f"version {qee.__version__}",
        f"{pinned('aer', 'qiskit')}, {pinned('aer', 'qiskit-aer')}",
        f"| Cirq | {pinned('cirq', 'cirq-core')}",
        f"versions {qpy_file.OLDEST} to {qpy_file.NEWEST}",
        f"[{len(ATTACKS)} other attacks]",
        f"`{names.API_VERSION}`",
    ],
    "docs/guide/install.md": [f"`connector-{vendor}`" for vendor in images.VENDORS],
}


@pytest.mark.parametrize(("document", "fact"), [(name, fact) for name, facts in FACTS.items() for fact in facts])
def test_a_document_states_what_the_code_says(document: str, fact: str) -> None:
    assert fact in text(document)


def test_the_readme_names_the_kubernetes_that_is_built() -> None:
    found = re.search(r"k8s\.io/kubernetes v(\S+)", text("e2e/cluster/kubernetes/go.mod"))
    assert found
    assert f"run on {found[1]} |" in text("README.md")


def test_no_document_counts_the_admission_policies_otherwise_than_the_chart() -> None:
    policies = [each for each in render() if each["kind"] == "ValidatingAdmissionPolicy"]
    for path in (*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"), *CHECKOUT.glob("charts/**/*.md")):
        for number in re.findall(r"(\d+) (?:validating )?admission policies", path.read_text(), re.IGNORECASE):
            assert int(number) == len(policies), path


def test_the_list_of_generated_files_names_every_module_that_generates() -> None:
    recipe = text("Makefile").partition("\ngenerate:")[2].partition("\n\n")[0]
    modules = re.findall(r"-m (\S+)", recipe)
    assert len(modules) > 4
    for module in modules:
        assert f"`{module}` |" in text("CONTRIBUTING.md")
