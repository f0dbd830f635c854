"""What providers say, as it reaches status and results: cleaned, rounded, checked unit by unit."""

import gzip
import math
import tracemalloc
import zlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from qee.api.task import ChargeStatus
from qee.connectors import answers, figures, protocol, wording
from qee.connectors import bits as outcomes
from qee.connectors import task_end as outcome
from qee.connectors.protocol import Charge, Fetched, ProviderError, ProviderState, Target, UnitResult, Unreachable
from qee.connectors.submission import Part
from qee.connectors.task_end import Device
from qee.connectors.wording import clean
from qee.documents import JobReference, Register, ResultDocument
from qee.documents.canonical import DocumentError
from qee.documents.compiled import CompiledDocument, Submission, Unit, Usage
from qee.documents.packing import inflated, pack, unpack
from qee.documents.provider_result import check_provider_result

SECRETS = {
    "query": "see https://store.blob.core.windows.net/box/raw?sv=2024&sig={0}%3D&se=2026 for it",
    "bare query": "GET /box/raw?sig={0}&se=2026 failed",
    "escaped query": "next=https%3A%2F%2Fh%2Fa%3Fsig%3D{0}%26se%3D1",
    "user of an address": "proxy http://qee:{0}@proxy.example:3128 refused",
    "path of an address": "posted to https://hooks.example/services/{0}",
    "bearer": "Authorization: Bearer {0}",
    "api key": "authorization: apiKey {0}",
    "JWT": "token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ{0}In0.c2lnbmF0dXJl was refused",
    "connection string": "SubscriptionId=1;ApiKey={0};QuantumEndpoint=https://x.quantum.azure.com/;",
    "storage": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={0}==;EndpointSuffix=core",
    "JSON": '{{"error": {{"access_token": "{0}", "code": 3}}}}',
    "JSON in JSON": '"{{\\"client_secret\\": \\"{0}\\"}}"',
    "header": "X-Amz-Security-Token: {0}",
    "form": "grant_type=apikey&apikey={0}",
    "opaque": "the key {0} is not known",
    "PEM": "-----BEGIN PRIVATE KEY-----\n{0}\n-----END PRIVATE KEY-----",
}
SHORT = (
    "Authorization: Bearer {0}",
    "bearer {0} was refused",
    "authorization: apiKey {0}",
    "?sig={0}&se=1",
    "ApiKey={0};Endpoint=x",
    "password={0}",
    '{{"secret": "{0}"}}',
    '{{"api_key":"{0}", "a": 1}}',
    "key={0}",
)
CANARY = "q7Rz2Xk9Lw4Vb1Nc8Md5Tf6Gh3Jp0SaE"


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("carrier", ["state", "problem", "error", "target"])
def test_no_credential_of_a_provider_text_gets_into_the_types_that_adapters_make(kind: str, carrier: str):
    text = SECRETS[kind].format(CANARY)
    made = {
        "state": lambda: ProviderState("failed", text).message,
        "problem": lambda: UnitResult(problem=text).problem,
        "error": lambda: str(Unreachable(text)),
        "target": lambda: Target(True, text, 1, (), b"").message,
    }[carrier]()
    assert CANARY[:12] not in made
    assert "***" in made
    assert made.isprintable()


@pytest.mark.parametrize("secret", ["SECRETSIG", "hunter-two", "swordfish", "0123456789abcdef" * 2, "Canary"])
@pytest.mark.parametrize("text", SHORT)
def test_a_short_or_plain_secret_is_hidden_where_it_is_named(text: str, secret: str):
    assert secret not in clean(text.format(secret))


def test_what_helps_is_not_hidden():
    for text in (
        "IBM answers 400 (1210: the instance is off); check the API key and its access to the instance",
        "the credential: the file token is missing",
        "Token: Expired. Basic circuits need no token; bearer authentication is not on",
        "the signature: invalid, password: wrong",
        "basis gates cx, rz; digest differs",
        "Signature expired: 20261130T170000Z is now earlier than 20261130T171000Z",
        "arn:aws:braket:us-west-1:123456789012:quantum-task/11111111-2222-3333-4444-555555555555 FAILED",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 differs",
        f"projects/p/programs/qee-{'0a' * 20}/jobs/qee-{'0a' * 20}: SUCCESS",
    ):
        assert clean(text) == text


@given(some.text(max_size=300), some.integers(1, 600))
def test_cleaned_text_is_one_bounded_line_and_stays_as_it_is(text: str, most: int):
    once = clean(text, most)
    assert once.isprintable()
    assert len(once) <= most
    assert clean(clean(text)) == clean(text)


@given(some.sampled_from(list(SECRETS.values())), some.from_regex("[A-Z][a-z][0-9][A-Za-z0-9]{25,40}", fullmatch=True))
def test_no_secret_of_any_spelling_survives_where_it_is_named(pattern: str, secret: str):
    if pattern != SECRETS["opaque"]:
        assert secret not in clean(pattern.format(secret))


@pytest.mark.parametrize(
    "piece", ["a", "sig", "eyJ", "http://", "bearer ", "-----BEGIN ", "key: ", "aA1", "token=", '\\"']
)
def test_cleaning_is_bounded_however_long_the_text(piece: str):
    tracemalloc.start()
    clean(piece * 10**6)
    assert tracemalloc.get_traced_memory()[1] < len(piece) * 10**6 + 2**20
    tracemalloc.stop()


def test_the_words_of_the_credential_are_hidden_in_whatever_file_they_are(tmp_path: Any):
    (tmp_path / "token").write_text("plain-word-1\n")
    (tmp_path / "credentials.json").write_text('{"type": "authorized_user", "refresh_token": "word-in-the-json"}')
    (tmp_path / "connection-string").write_text("SubscriptionId=1;ApiKey=word-in-string;")
    told = "plain-word-1 word-in-the-json word-in-string authorized_user"
    try:
        wording.hide(str(tmp_path))
        assert clean(told) == "*** *** *** authorized_user"
        assert str(Unreachable(f"{'-' * 1018}plain-word-1")) == f"{'-' * 1018}***"
    finally:
        wording.hide("")
    assert clean(told) == told


# Figures

_anything = some.one_of(
    some.none(), some.booleans(), some.integers(), some.floats(), some.decimals(), some.text(max_size=40), some.just([])
)


@given(_anything, _anything, _anything)
def test_whatever_a_provider_charges_status_takes_it(time: Any, amount: Any, currency: Any):
    for code in (currency, "usd", "USD"):
        charge = Charge(time, amount, code)
        told = {"qpuMilliseconds": charge.qpu_milliseconds, "amount": charge.amount, "currency": charge.currency}
        ChargeStatus.model_validate({name: value for name, value in told.items() if value is not None})
        assert (charge.amount is None) == (charge.currency is None)


@pytest.mark.parametrize(
    ("amount", "currency", "stored"),
    [
        ("12.4166000000001", "USD", ("12.4166", "USD")),
        (12.4166 + 0.000220 * 100 + 0.000975 * 100, "usd", ("12.5361", "USD")),
        ("0.30", "USD", ("0.30", "USD")),
        (12, "EUR", ("12", "EUR")),
        ("1E+2", "USD", ("100", "USD")),
        ("-3.0", "USD", (None, None)),
        ("3.0", "credit", (None, None)),
        (math.nan, "USD", (None, None)),
        ("1e400", "USD", (None, None)),
        ("3.0", None, (None, None)),
    ],
)
def test_an_amount_is_rounded_or_not_told(amount: Any, currency: Any, stored: tuple[str | None, str | None]):
    charge = Charge(amount=amount, currency=currency)
    assert (charge.amount, charge.currency) == stored


def test_no_time_is_not_told_beside_a_cost():
    assert Charge(0, "25.79", "USD").qpu_milliseconds is None
    assert Charge(0, "0", "USD").qpu_milliseconds == 0
    assert Charge(0).qpu_milliseconds == 0
    assert Charge(2**52).qpu_milliseconds is None, "budgets add them up"
    assert Charge(1500.2).qpu_milliseconds == 1501  # type: ignore[arg-type]
    assert Charge(-5000, "1", "USD") == Charge(None, "1", "USD")


@given(_anything)
def test_a_place_in_the_queue_or_a_calibration_time_never_keeps_status_from_being_written(value: Any):
    position = ProviderState("queued", "", value).position
    assert position is None or (type(position) is int and 0 <= position < 2**53)
    found = Target(True, "", 1, (), b"", queue_length=value, calibration_time=value)
    assert found.queue_length is None or found.queue_length >= 0
    assert found.calibration_time is None or figures.moment(found.calibration_time)


# Units

UNIT = Unit("c", 0, 10, (Register("a", 1), Register("b", 1)), (0, 1), ("z",))
OUTPUTS = ("counts", "memory", "probabilities", "expectation")
GOOD = {"00": 4, "01": 6}


def check(**given: Any) -> UnitResult:
    return answers.checked(UNIT, UnitResult(**given), OUTPUTS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"probabilities": {"00": "0.5", "11": "0.495"}}, "sum to 0.995"),
        ({"probabilities": {"00": "NaN", "11": "0.5"}}, "between 0 and 1"),
        ({"probabilities": {"00": "Infinity"}}, "between 0 and 1"),
        ({"probabilities": {"00": "-0.2", "11": "1.2"}}, "between 0 and 1"),
        ({"probabilities": {"00": "-0.2", "11": "1.2", "01": "0"}}, "between 0 and 1"),
        ({"probabilities": {}}, "sum to 0"),
        ({"probabilities": {"000": "1"}}, "2 bits"),
        ({"counts": {"00": 3}}, "3 shots, 10"),
        ({"counts": {}}, "0 shots, 10"),
        ({"counts": {"00": 11}}, "11 shots, 10"),
        ({"counts": {"11111111": 10}}, "2 bits"),
        ({"counts": {"00": 11, "01": -1}}, "no numbers of shots"),
        ({"counts": {"00": 10.0}}, "no numbers of shots"),
        ({"counts": {"00": True, "01": 9}}, "no numbers of shots"),
        ({"counts": [1]}, "bits"),
        ({"memory": ("00",) * 9}, "9 shots, 10"),
        ({"memory": ("00",) * 9 + ("0",)}, "2 bits"),
        ({"memory": ("00",) * 9 + ("02",)}, "2 bits"),
        ({"memory": ("00",) * 10, "counts": GOOD}, "not those of its shots"),
        ({"expectation": {"z": ("NaN", "0.1")}}, "no finite value"),
        ({"expectation": {"z": ("0.1", "-0.1")}}, "no finite value"),
        ({"expectation": {"z": ("1e31", "0.1")}}, "no finite value"),
        ({"expectation": {"z": ("0.1", "1e999999")}}, "no finite value"),
        ({"expectation": {"y": ("0.1", "0.1")}}, "other observables"),
        ({"expectation": {"z": ("0.1",)}}, "cannot be read"),
        ({}, "gave nothing"),
    ],
)
def test_a_bad_unit_is_its_own_problem(given: dict[str, Any], said: str):
    assert said in check(**given).problem


def test_what_comes_is_kept_where_nothing_came_of_what_was_asked_for():
    found = answers.checked(UNIT, UnitResult(counts=GOOD), ("probabilities",))
    assert found.counts == GOOD
    assert answers.checked(UNIT, UnitResult(memory=("00",) * 10), ("counts",)).counts == {"00": 10}
    assert check(counts={**GOOD, "11": 0}).counts == GOOD
    tiny = check(probabilities={"00": "1", "11": "3.7e-66"}).probabilities
    assert tiny is not None
    assert Decimal(tiny["00"]) == 1
    assert len(tiny["11"]) < 50
    precise = check(expectation={"z": ("-0." + "1" * 60, "0." + "2" * 60)}).expectation
    assert precise == {"z": ("-0." + "1" * 40, "0." + "2" * 40)}


_keys = some.text("01 2x", max_size=3)
_numbers = some.one_of(some.integers(-2, 12), some.floats(), some.text("0123456789.eE-", max_size=6), some.none())
_units = some.builds(
    UnitResult,
    counts=some.none() | some.dictionaries(_keys, _numbers, max_size=4) | some.just(GOOD),
    memory=some.none() | some.lists(_keys, max_size=12) | some.just(("01",) * 10),
    probabilities=some.none() | some.dictionaries(_keys, _numbers, max_size=4) | some.just({"10": "1.0"}),
    expectation=some.none() | some.just({"z": ("1e-7", "0.5")}) | some.dictionaries(_keys, _numbers, max_size=2),
    problem=some.sampled_from(["", "", "no"]),
)


@settings(deadline=None)
@given(
    some.lists(_units, max_size=4), some.lists(some.sampled_from(OUTPUTS), unique=True), some.lists(_units, max_size=3)
)
def test_whatever_a_provider_gives_the_document_answers_the_job(first: Any, outputs: Any, second: Any):
    """The operator's own check holds for it, so that nothing of a paid result is refused for what is beside it."""
    submission = Submission(b"", (UNIT, UNIT), Usage(tasks=1, shots=20))
    run = CompiledDocument(JobReference("n", "j", "u"), "b", "ibm", "0" * 64, False, (submission, submission), ())
    fetched = {0: Fetched(tuple(first), "1" * 64), 1: Fetched((*second, UnitResult(counts=GOOD)), "nothing")}
    device, moments = Device("d", None), ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    parts = [Part(0, "a", "Succeeded"), Part(1, "b", "Succeeded")]
    ended = outcome.end(run, parts, fetched, outputs, device, moments, "0" * 64)
    if len(second) == 1:
        assert ended.document is not None, "the good unit is there, whatever the others are"
    if ended.document is not None:
        check_provider_result(ResultDocument.from_bytes(ended.document), run)


def test_bits_that_are_none_are_refused_by_the_readers_of_shots_and_integers():
    for shots in ([[0, 1], [0]], [[0, 1], [0, 1, 1]], [[0, 2]], [[0, -1]], [["1", "0"]]):
        with pytest.raises((ValueError, IndexError)):
            outcomes.of_shots(UNIT, shots)  # type: ignore[arg-type]
    for value in (4, 255, -1):
        with pytest.raises(ValueError, match="not one of 2 bits"):
            outcomes.of_integers(UNIT, {value: 1}, 2)
    assert outcomes.of_integers(UNIT, {2: 3, 1: 1}, 2) == {"10": 3, "01": 1}
    assert outcomes.of_shots(UNIT, [[1, 0]] * 2) == ({"01": 2}, ("01", "01"))


def test_an_answer_about_another_job_is_none():
    answers.same("fetch", "job", "a", "a")
    with pytest.raises(Unreachable, match="fetch: the answer is about job 'b', asked for was 'a'"):
        answers.same("fetch", "job", "b", "a")


# Unpacking


@pytest.mark.parametrize("squeeze", [zlib.compress, gzip.compress])
def test_a_bomb_costs_no_more_than_the_bound(squeeze: Any):
    bomb = squeeze(b"\0" * (64 * 2**20))
    tracemalloc.start()
    with pytest.raises(DocumentError, match="more than 1048576 bytes"):
        inflated(bomb, 2**20)
    assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    tracemalloc.stop()


@given(some.binary(max_size=200))
def test_what_was_packed_is_unpacked_and_nothing_else(data: bytes):
    assert inflated(zlib.compress(data), len(data)) == inflated(gzip.compress(data), 200) == data
    assert unpack(pack(data), 200) == data
    for broken in (zlib.compress(data)[:-1], data[:3]):
        with pytest.raises(DocumentError):
            inflated(broken, 300)


def test_errors_of_the_protocol_say_what_they_said():
    assert all(str(kind("no such target")) == "no such target" for kind in ProviderError.__subclasses__())
    assert protocol.Throttled("x", math.inf).retry_after == 60
    assert protocol.Throttled("x", 1e9).retry_after == 3600
