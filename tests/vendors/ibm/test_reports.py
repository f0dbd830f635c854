"""Public reports of faults in jobs at IBM, tried on the adapter: what a user saw there must not happen here.

Named are issues of Qiskit/qiskit-ibm-runtime unless another repository stands before the number. Circuits are written
anew; expected values are theory's.
"""

import json
import math
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from e2e.cluster import sdks
from tests.vendors.ibm.world import KEY, World, qasm, world

from qee.connectors import protocol
from qee.documents.compiled import CompiledDocument
from qee.documents.run import CircuitRun, Observable

PROGRAMS = pytest.mark.parametrize("program", ["primitives", "executor"])
SINGLET = qasm("qubit[2] q; x q; h q[0]; cx q[0], q[1];")
GHZ = qasm("qubit[4] q; h q[0]; cx q[0], q[1]; cx q[0], q[2]; cx q[0], q[3];")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("credentials")) as found:
        yield found


@pytest.fixture(autouse=True)
def _reset(there: World) -> None:
    there.ibm.control("reset", now=True)


def counted(there: World, program: str, *sources: str, shots: int = 1000, **parameters: Any) -> list[dict[str, int]]:
    runs = tuple(CircuitRun(f"c{n}", "openqasm3", source, shots, parameters) for n, source in enumerate(sources))
    found = there.results(there.document(circuits=runs, provider_options={"program": program}))
    return [result["counts"] for result in found.values()]


def estimated(there: World, program: str, source: str, *labels: str) -> dict[str, tuple[float, float]]:
    observables = tuple(Observable(label.lower(), {label: "1"}) for label in labels)
    run = CircuitRun("c", "openqasm3", source, 4000, {}, observables)
    options = {"program": program}
    made = there.document(circuits=(run,), outputs=("expectation",), provider_options=options)
    ((_, result),) = there.results(made).items()
    return {name.upper(): (float(value), float(error)) for name, (value, error) in result["expectation"].items()}


def agree(found: dict[str, tuple[float, float]], values: dict[str, float]) -> None:
    for label, value in values.items():
        told, error = found[label]
        assert abs(told - value) <= 6 * error, label  # six standard errors: 2e-9


@PROGRAMS
def test_336_every_bitstring_has_all_bits(there: World, program: str) -> None:
    hidden = "qubit[4] q; bit[3] c; x q[3]; h q; {} h q[0]; h q[1]; h q[2]; c = measure q[0:2];"
    ones = hidden.format("cx q[0], q[3]; cx q[1], q[3]; cx q[2], q[3];")
    assert counted(there, program, qasm(ones), qasm(hidden.format(""))) == [{"111": 1000}, {"000": 1000}]


@PROGRAMS
def test_1669_more_than_ten_thousand_shots(there: World, program: str) -> None:
    bell = qasm("qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;")
    (counts,) = counted(there, program, bell, shots=10_001)
    assert counts.keys() == {"00", "11"}
    assert sum(counts.values()) == 10_001


@PROGRAMS
def test_412_a_circuit_that_measures_nothing_is_refused_before_it_is_sent(there: World, program: str) -> None:
    run = CircuitRun("bare", "openqasm3", qasm("qubit q; h q;"), 10)
    (refused,) = there.compiled({"circuits": (run,), "provider_options": {"program": program}})
    assert isinstance(refused, str)
    assert "circuit bare: it measures nothing" in refused


@PROGRAMS
def test_659_observables_on_one_qubit_of_two(there: World, program: str) -> None:
    found = estimated(there, program, SINGLET, "XX", "YY", "ZZ", "IX", "XI", "IY", "YI", "IZ", "ZI")
    agree(found, {"XX": -1, "YY": -1, "ZZ": -1, "IX": 0, "XI": 0, "IY": 0, "YI": 0, "IZ": 0, "ZI": 0})


@PROGRAMS
def test_qiskit_13715_stabilizers_of_x_alone(there: World, program: str) -> None:
    agree(estimated(there, program, GHZ, "IZIZ", "ZIZI", "XXXX", "YYXX"), {"IZIZ": 1, "ZIZI": 1, "XXXX": 1, "YYXX": -1})


@PROGRAMS
def test_pennylane_qiskit_611_observables_follow_the_circuits_layout(there: World, program: str) -> None:
    agree(
        estimated(there, program, qasm("qubit[2] q; h q[0]; x q[1];"), "IX", "ZI", "ZX"), {"IX": 1, "ZI": -1, "ZX": -1}
    )


@PROGRAMS
def test_3024_and_qiskit_10735_parameters_are_bound_by_name_not_by_place(there: World, program: str) -> None:
    """p10 comes before p2 by letters, after it by number."""
    names = [f"p{n}" for n in range(12)]
    declared = "".join(f"input float {name}; " for name in reversed(names))
    turns = "".join(f"rx({name}) q[{n % 4}]; " for n, name in enumerate(names))
    source = qasm(f"{declared} qubit[4] q; bit[4] c; {turns} c = measure q;")
    values = {name: (repr(math.pi) if name in ("p2", "p10", "p11") else "0",) for name in names}
    assert counted(there, program, source, **values) == [{"1000": 1000}]  # p2 and p10 turn q2 twice, p11 turns q3


@PROGRAMS
def test_615_bits_without_registers(there: World, program: str) -> None:
    make = """
import base64, io
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Clbit, Qubit
circuit = QuantumCircuit([Qubit(), Qubit()], [Clbit(), Clbit()])
circuit.x(1)
circuit.measure([0, 1], [0, 1])
file = io.BytesIO()
qpy.dump(circuit, file)
print(base64.b64encode(file.getvalue()).decode())
"""
    made = subprocess.run([sdks.python("ibm"), "-c", make], capture_output=True, text=True, check=True)
    run = CircuitRun("loose", "qpy", made.stdout.strip(), 50)
    found = there.results(there.document(circuits=(run,), provider_options={"program": program}))
    assert found["loose", 0]["counts"] == {"10": 50}


@PROGRAMS
def test_1969_iterative_phase_estimation_with_feed_forward(there: World, program: str) -> None:
    """Of the phase 5/8: three bits, each corrected by those measured before it."""
    turn = "reset q[0]; h q[0]; cp({}) q[0], q[1]; {} h q[0]; c[{}] = measure q[0];"
    theta = 2 * math.pi * 5 / 8
    source = qasm(
        "qubit[2] q; bit[3] c; x q[1];"
        + turn.format(repr(4 * theta), "", 0)
        + turn.format(repr(2 * theta), f"if (c[0]) {{ p({-math.pi / 2!r}) q[0]; }}", 1)
        + turn.format(
            repr(theta),
            f"if (c[0]) {{ p({-math.pi / 4!r}) q[0]; }} if (c[1]) {{ p({-math.pi / 2!r}) q[0]; }}",
            2,
        )
    )
    assert counted(there, program, source, shots=50) == [{"101": 50}]


@PROGRAMS
def test_568_two_jobs_of_one_session_have_their_own_results(there: World, program: str) -> None:
    options = {"program": program, "session_id": "cd1abcde23fg4hijk567"}
    both = [qasm(f"qubit[2] q; bit[2] c; x q[{n}]; c = measure q;") for n in range(2)]
    made = there.compiled(
        *({"circuits": (CircuitRun("c", "openqasm3", each, 20),), "provider_options": options} for each in both)
    )
    submissions = []
    for each in made:
        assert isinstance(each, CompiledDocument)
        submissions += each.submissions
    handles = [there.connector.submit(f"{n:040x}", each) for n, each in enumerate(submissions)]
    assert [there.ended(handle) for handle in handles] == ["succeeded", "succeeded"]
    found = [there.connector.fetch(handle, each)["units"][0] for handle, each in zip(handles, submissions, strict=True)]
    assert [each["counts"] for each in found] == [{"01": 20}, {"10": 20}]
    assert {job["body"]["session_id"] for job in there.ibm.jobs} == {"cd1abcde23fg4hijk567"}


def _bell(there: World) -> Any:
    source = qasm("qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;")
    return there.document(circuits=(CircuitRun("bell", "openqasm3", source, 10),)).submissions[0]


def test_476_an_unknown_session_is_a_refusal_in_ibms_words(there: World) -> None:
    told = {"errors": [{"code": "not_found", "message": "unknown session", "more_info": "x"}], "trace": "t"}
    there.reply("POST jobs", 404, told)
    with pytest.raises(protocol.Rejected, match=r"404 \(not_found: unknown session\); correct spec\.device of"):
        there.connector.submit(KEY, _bell(there))


def test_2673_a_job_that_ran_too_long_has_ended(there: World) -> None:
    handle = there.connector.submit(KEY, _bell(there))
    shown = {"state": {"status": "Cancelled - Ran too long"}, "status": "Cancelled - Ran too long"}
    there.ibm.control("facts", handle=handle, facts={"shown": shown})
    assert there.connector.call("status", {"handles": [handle]})[handle]["phase"] == "failed"


def test_documentation_574_a_failure_is_told_with_its_code_and_what_to_do(there: World) -> None:
    bell = _bell(there)
    handle = there.connector.submit(KEY, bell)
    state = {
        "status": "Failed",
        "reason": "Failed to publish job: nats: maximum payload exceeded",
        "reason_code": 5302,
        "reason_solution": "Split the job.",
    }
    there.ibm.control("facts", handle=handle, facts={"shown": {"state": state, "status": "Failed"}})
    problem = there.connector.fetch(handle, bell)["units"][0]["problem"]
    assert problem.endswith("Failed: 5302: Failed to publish job: nats: maximum payload exceeded: Split the job.")


def test_708_and_1114_a_post_is_never_repeated(there: World) -> None:
    bell = _bell(there)
    for status in (500, 502, 503, 504, 520, 522, 524):
        there.reply("POST jobs", status, "")
        with pytest.raises(protocol.Ambiguous):
            there.connector.submit(KEY, bell)
    assert there.ibm.jobs == []
    assert len(there.ibm.requests("submit")) == 7


def test_1124_a_refused_submission_says_why(there: World) -> None:
    there.reply("POST jobs", 400, json.dumps({"errors": [{"code": 3458, "message": "Job params not valid."}]}))
    with pytest.raises(protocol.Rejected, match=r"IBM answers 400 \(3458: Job params not valid\.\)"):
        there.connector.submit(KEY, _bell(there))
