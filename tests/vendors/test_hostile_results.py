"""What Azure's providers and Braket may write as a result, and what is none: in the form of their own examples.

Expected keys come from the order of bits that the vendors document, by a formula of this file, never by the adapters.
"""

import json
import math
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qee.connectors.protocol import UnitResult, Unreachable
from qee.connectors.vendors.azure import results as azure_results
from qee.connectors.vendors.braket import results as braket_results
from qee.documents.compiled import NOT_MEASURED, Submission, Unit, Usage
from qee.documents.result import Register

FORMATS = ("ionq.quantum-results.v1", "honeywell.quantum-results.v1", "rigetti.quil-results.v1")
ARN = "arn:aws:braket:us-east-1:123456789012:quantum-task/0c0ffee0-0000-4000-8000-000000000000"
DEVICE = "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1"


def unit(wires: tuple[int, ...], shots: int = 4) -> Unit:
    return Unit("c", 0, shots, (Register("c", len(wires)),), wires)


def braket(one: Unit, found: Any, handle: str = "", **metadata: Any) -> UnitResult:
    if isinstance(found, dict):
        header = {"name": "braket.task_result.gate_model_task_result", "version": "1"}
        about = {"id": ARN, "deviceId": DEVICE, "shots": one.shots} | metadata
        found = {"braketSchemaHeader": header, "taskMetadata": about} | found
    submission = Submission(json.dumps({"deviceArn": DEVICE}).encode(), (one,), Usage(tasks=1, shots=one.shots))
    data = found if isinstance(found, bytes) else json.dumps(found).encode()
    (result,) = braket_results.read(submission, data, handle).units
    return result


@given(st.data())
def test_shots_of_every_vendor_have_each_bit_in_its_place(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 8))
    rows = data.draw(st.lists(st.lists(st.integers(0, 1), min_size=width, max_size=width), min_size=1, max_size=6))
    wires = tuple(data.draw(st.permutations(range(width))))
    keys = ["".join(str(row[bit]) for bit in reversed(range(width))) for row in rows]
    by_bit = unit(tuple(range(width)), len(rows))  # Azure's programs have the classical bits in order
    text = ["".join(map(str, reversed(row))) for row in rows]
    for name, payload in ((FORMATS[1], {"c": text}), (FORMATS[2], {"ro": rows})):
        found = azure_results.read(by_bit, name, json.dumps(payload).encode())
        assert (found.problem, list(found.memory or ())) == ("", keys)
    placed = unit(wires, len(rows))
    found = braket(placed, {"measurements": rows, "measuredQubits": list(range(width))}, ARN)
    assert list(found.memory or ()) == ["".join(str(row[wire]) for wire in reversed(wires)) for row in rows]


@given(st.dictionaries(st.integers(0, 31), st.integers(1, 50), min_size=1, max_size=9), st.permutations(range(5)))
def test_distributions_are_summed_over_what_is_not_read(weights: dict[int, int], order: list[int]) -> None:
    wires = (order[0], NOT_MEASURED, order[1])
    total = sum(weights.values())
    chances = {value: weight / total for value, weight in weights.items()}
    expected: dict[str, float] = {}
    for value, chance in chances.items():
        outcome = f"{value >> order[1] & 1}0{value >> order[0] & 1}"
        expected[outcome] = expected.get(outcome, 0) + chance
    histogram = {"histogram": {str(value): chance for value, chance in chances.items()}}
    ionq = azure_results.read(unit(wires), FORMATS[0], json.dumps(histogram).encode(), 5)
    strings = {f"{value:05b}"[::-1]: chance for value, chance in chances.items()}
    aws = braket(
        unit(wires), {"measurements": None, "measurementProbabilities": strings, "measuredQubits": [*range(5)]}
    )
    for found in (ionq, aws):
        assert found.probabilities is not None, found.problem
        assert set(found.probabilities) == set(expected)
        assert all(math.isclose(float(found.probabilities[each]), expected[each]) for each in expected)


BAD_CHANCES = {
    "0.995": '{"%s": 0.5, "%s": 0.495}',
    "NaN": '{"%s": NaN, "%s": 0.5}',
    "Infinity": '{"%s": Infinity, "%s": 0}',
    "-Infinity": '{"%s": -Infinity, "%s": 0}',
    "1e400": '{"%s": 1e400, "%s": 0}',
    "negative": '{"%s": -0.2, "%s": 1.2}',
    "text": '{"%s": "0.5", "%s": 0.5}',
    "true": '{"%s": true, "%s": 0}',
    "nested": '{"%s": [1], "%s": 0}',
    "empty": "{}",
    "list": "[]",
    "null": "null",
}
BAD_KEYS = ["2", "-1", "01", "1.0", " 1", "0x1", "1_0", "\u0661", "", "9" * 400]


@pytest.mark.parametrize("name", BAD_CHANCES)
def test_probabilities_that_are_none_are_a_problem(name: str) -> None:
    """The wires of the second outcome are not read: a sum over them must hide nothing."""
    one = unit((0,))
    text = BAD_CHANCES[name]
    ionq = text % ("0", "2") if "%" in text else text
    aws = text % ("00", "01") if "%" in text else text
    found = [
        azure_results.read(one, FORMATS[0], f'{{"histogram": {ionq}}}'.encode(), 2),
        braket(
            one,
            b'{"braketSchemaHeader": {"name": "braket.task_result.gate_model_task_result"}, "measurements": null,'
            b'"measuredQubits": [0, 1], "measurementProbabilities": ' + aws.encode() + b"}",
        ),
    ]
    assert all(each.problem and each.probabilities is None for each in found), found


@pytest.mark.parametrize("outcome", BAD_KEYS)
def test_outcomes_that_are_none_of_the_circuit_are_a_problem(outcome: str) -> None:
    one = unit((0,))
    histogram = json.dumps({"histogram": {outcome: 1}}).encode()
    assert azure_results.read(one, FORMATS[0], histogram, 1).problem
    if outcome not in ("2", "\u0661"):  # those of one character are tried below
        found = braket(one, {"measurements": None, "measurementProbabilities": {outcome: 1}, "measuredQubits": [0]})
        assert found.problem


BAD_SHOTS: dict[str, tuple[list[Any], list[Any]]] = {  # as strings, and as lists
    "leakage": (["01", "02"], [[0, 1], [0, 2]]),
    "ragged": (["01", "0"], [[0, 1], [0]]),
    "longer": (["011"], [[0, 1, 1]]),
    "negative": (["-1"], [[0, -1]]),
    "other digits": (["0\u0661"], [[0, "\u0661"]]),
    "kind": ([[0, 1]], ["01"]),
    "texts": ([None], [["0", "1"]]),
    "true": ([True], [[True, False]]),
    "fraction": (["0."], [[0, 0.5]]),
    "none": ([], []),
}


@pytest.mark.parametrize("name", BAD_SHOTS)
def test_shots_that_are_none_are_a_problem(name: str) -> None:
    one = unit((0, 1))
    strings, lists = BAD_SHOTS[name]
    assert azure_results.read(one, FORMATS[1], json.dumps({"c": strings}).encode()).problem
    assert azure_results.read(one, FORMATS[2], json.dumps({"ro": lists}).encode()).problem
    if name not in ("kind", "texts", "none"):  # Braket's own simulator writes digits
        found = braket(one, {"measurements": lists, "measuredQubits": [0, 1]})
        assert found.problem
        assert found.counts is None


@pytest.mark.parametrize(
    "data", [b"[" * 300_000, b'{"c": ' * 50_000, b"\xff\xfe{}", b"7", b'"x"', b"null", b"[1e999999999]"]
)
def test_what_is_nested_deeply_or_no_object_is_a_problem_or_asked_again(data: bytes) -> None:
    one = unit((0,))
    for read in (*(partial(azure_results.read, one, name, data, 1) for name in FORMATS), partial(braket, one, data)):
        try:
            problem = read().problem
        except Unreachable as error:  # what is not closed may be half of it
            problem = str(error)
        assert problem


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"id": ARN[:-1] + "1"}, "that of the task arn:"),
        ({"id": 7}, "that of the task 7"),
        ({"deviceId": "arn:aws:braket:::device/quantum-simulator/amazon/sv1"}, "of the device arn:"),
    ],
)
def test_another_tasks_result_is_none_of_this_one(metadata: dict[str, Any], words: str) -> None:
    content = {"measurements": [[0]], "measuredQubits": [0]}
    assert braket(unit((0,)), content, ARN).counts == {"0": 1}
    assert words in braket(unit((0,)), content, ARN, **metadata).problem


def test_a_qubit_that_is_measured_twice_is_a_problem() -> None:
    assert braket(unit((0,)), {"measurements": [[0, 1]], "measuredQubits": [0, 0]}).problem


def job(**fields: Any) -> Any:
    told = {"error_data": None, "status": "Failed", "cost_estimate": None, "target": "t", "output_data_format": "f"}
    return SimpleNamespace(**{**told, **fields})


def test_a_token_in_azures_words_goes_no_further() -> None:
    words = "see https://s.blob.core.windows.net/a?sv=1&sig=SECRETSIG%3D for more; AccountKey=SECRETKEY0=="
    found = azure_results.state(job(error_data=SimpleNamespace(code="InvalidInput", message=words)))
    assert "InvalidInput" in found.message
    assert "SECRET" not in found.message
    assert "SECRET" not in UnitResult(problem=f"Failed at Azure Quantum: {words}").problem


@pytest.mark.parametrize(
    ("total", "currency", "expected"),
    [
        (12.4166 + 0.000220 * 100 + 0.000975 * 100, "USD", ("12.5361", "USD")),
        (float("nan"), "USD", (None, None)),
        (-3.0, "USD", (None, None)),
        (1.5, "usd", ("1.5", "USD")),
        (1.5, "credits", (None, None)),
        (1.5, None, (None, None)),
        ("x", "USD", (None, None)),
    ],
)
def test_a_cost_is_one_that_status_takes_or_none(total: Any, currency: Any, expected: tuple[Any, Any]) -> None:
    found = azure_results.charge(job(cost_estimate=SimpleNamespace(estimated_total=total, currency_code=currency)))
    assert (found.amount, found.currency) == expected
    assert found.amount is None or Decimal(found.amount) >= 0


def test_a_job_of_another_target_or_format_is_not_the_one_that_was_submitted() -> None:
    sent = azure_results.Sent("ionq.qpu.forte-1", FORMATS[0], 2)
    assert sent.other(job(target="ionq.qpu.forte-1", output_data_format=FORMATS[0])) == ""
    assert "ionq.simulator" in sent.other(job(target="ionq.simulator", output_data_format=FORMATS[0]))
    assert "v2" in sent.other(job(target="ionq.qpu.forte-1", output_data_format="microsoft.quantum-results.v2"))
