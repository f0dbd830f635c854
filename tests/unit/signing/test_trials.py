"""The signatures that libraries are tried with: derived again here, by the definitions of FIPS 204."""

import hashlib

import pytest

from qee.signing import libraries, trials
from qee.signing.algorithms import ALGORITHMS
from qee.signing.libraries import Check, LibraryProblem, Suite, by_cryptography, by_liboqs
from qee.signing.trials import CHALLENGES, CONTEXT, MESSAGE, PARAMETERS, Trial

Q, ROOT = 8380417, 1753  # FIPS 204, table 1
TRIALS = list(trials.trials())
GAMMA_2 = {"ML-DSA-44": (Q - 1) // 88, "ML-DSA-65": (Q - 1) // 32, "ML-DSA-87": (Q - 1) // 32}


def sampled(column: int, row: int) -> list[int]:
    """RejNTTPoly (algorithm 30) for the seed of zeros: values at the odd powers of the root."""
    stream = hashlib.shake_128(bytes(32) + bytes([column, row])).digest(3000)
    drawn = (int.from_bytes(stream[at : at + 3], "little") & 0x7FFFFF for at in range(0, len(stream), 3))
    return [value for value in drawn if value < Q][:256]


def coefficients(values: list[int]) -> list[int]:
    """Of the polynomial that has these values, by the inverse transform's definition (section 2.5)."""
    powers = [2 * int(f"{place:08b}"[::-1], 2) + 1 for place in range(256)]
    return [
        sum(value * pow(ROOT, -power * k, Q) for value, power in zip(values, powers, strict=True)) * pow(256, -1, Q) % Q
        for k in range(256)
    ]


def high_part(value: int, gamma_2: int) -> int:
    """HighBits (algorithms 36 and 37)."""
    value %= Q
    low = value % (2 * gamma_2)
    low -= 2 * gamma_2 if low > gamma_2 else 0
    return 0 if value - low == Q - 1 else (value - low) // (2 * gamma_2)


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_stored_challenges_are_those_of_the_standard(name: str) -> None:
    set_of, algorithm = PARAMETERS[name], ALGORITHMS[name]
    columns = [coefficients(sampled(set_of.columns - 1, row)) for row in range(set_of.rows)]
    key = hashlib.shake_256(bytes(algorithm.public_key)).digest(64)
    mu = hashlib.shake_256(key + b"\0" + bytes([len(CONTEXT)]) + CONTEXT + MESSAGE).digest(64)
    width = (set_of.m - 1).bit_length()
    assert {abs(value) >= set_of.bound for value in CHALLENGES[name]} == {True, False}
    for value, challenge in CHALLENGES[name].items():
        packed = b""
        for column in columns:
            turned = [-value * part for part in column[1:]] + [value * column[0]]  # times value x^255 mod x^256 + 1
            parts = (high_part(part, GAMMA_2[name]) << (width * at) for at, part in enumerate(turned))
            packed += sum(parts).to_bytes(32 * width, "little")
        assert hashlib.shake_256(mu + packed).digest(len(challenge) // 2).hex() == challenge


@pytest.mark.parametrize("check", [by_cryptography, by_liboqs])
def test_each_library_alone_is_right_about_every_trial(check: Check) -> None:
    for trial in TRIALS:
        assert len(trial.signature) == trial.algorithm.signature
        answer = check(trial.algorithm, trial.public, trial.message, trial.signature, trial.context)
        assert answer is trial.valid, (trial.algorithm.name, trial.what)
    assert {trial.algorithm.name for trial in TRIALS if trial.valid} == set(PARAMETERS)


@pytest.mark.parametrize("forgotten", TRIALS, ids=lambda trial: f"{trial.algorithm.name}, {trial.what}")
def test_a_library_that_is_wrong_about_one_trial_is_refused_at_start(
    forgotten: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(algorithm: object, public: bytes, message: bytes, signature: bytes, context: bytes) -> bool:
        right = by_cryptography(algorithm, public, message, signature, context)  # type: ignore[arg-type]
        return right != (signature == forgotten.signature)

    monkeypatch.setattr(libraries, "by_liboqs", careless)
    told = "refuses a valid" if forgotten.valid else "accepts an invalid"
    with pytest.raises(LibraryProblem, match=f"liboqs gives wrong answers for {forgotten.algorithm.name}: it {told}"):
        Suite.required()
