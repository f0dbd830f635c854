"""Is it the answer to what was asked? What a provider gave for one unit, checked, so that a bad one costs itself only.

The operator refuses a result document in which one unit is not as it should be, all of it; and of a unit that it
cannot doubt it would believe every number. So each is checked here, where it can still be left out alone, with why.
Standard library only.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal

from qee.api.names import MAX_SAFE_INTEGER
from qee.connectors import figures
from qee.connectors.protocol import Fetched, UnitResult, Unreachable
from qee.documents.compiled import Submission, Unit
from qee.documents.provider_result import SUM_WITHIN

_DECIMALS = Decimal(10) ** -40  # of a probability or a value: ideal simulators tell more than anybody measures
_MOST = 10**30  # of a value and its standard error: written out, 1e999999 would cost all that is beside it
_LONG = Context(prec=100)  # digits: 31 before the point, 40 after it


class NotAsAsked(ValueError):
    """What is wrong with a unit's result, in a sentence that goes on after "the provider's result"."""


def same(call: str, what: str, found: object, expected: object) -> None:
    """Raises Unreachable where an answer names another job than was asked for: it is no answer, and is asked anew."""
    if found != expected:
        raise Unreachable(
            f"{call}: the answer is about {what} {str(found)[:64]!a}, asked for was {str(expected)[:64]!a}"
        )


def units(submission: Submission, fetched: Fetched | None, outputs: Sequence[str], why: str) -> list[UnitResult]:
    """Of each unit a result that answers it, or a problem. `why`: there is nothing, where nothing was fetched."""
    if fetched is None:
        return [UnitResult(problem=why or "the provider gave nothing")] * len(submission.units)
    if len(fetched.units) != len(submission.units):
        told = f"the provider gave {len(fetched.units)} results for {len(submission.units)} programs"
        return [UnitResult(problem=told)] * len(submission.units)
    return [checked(unit, given, outputs) for unit, given in zip(submission.units, fetched.units, strict=True)]


def checked(unit: Unit, given: UnitResult, outputs: Sequence[str]) -> UnitResult:
    """What of it is stored: what `outputs` (of spec) ask for, or where nothing of that came, what came. Total."""
    if given.problem:
        return given
    try:
        found = _read(unit, given)
    except NotAsAsked as problem:
        return UnitResult(problem=f"the provider's result {problem}")
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError) as error:
        return UnitResult(problem=f"the provider's result cannot be read ({type(error).__name__})")
    if found == UnitResult():
        return UnitResult(problem="the provider gave nothing")
    wanted = UnitResult(
        counts=found.counts if "counts" in outputs else None,
        memory=found.memory if "memory" in outputs else None,
        probabilities=found.probabilities,
        expectation=found.expectation,
    )
    return found if wanted == UnitResult() else wanted


def _read(unit: Unit, given: UnitResult) -> UnitResult:
    width = len(unit.wires)
    memory = None if given.memory is None else tuple(given.memory)
    if memory is not None:
        _keys(memory, width)
        _shots(len(memory), unit)
    counts = None if given.counts is None else _counts(unit, given.counts)
    if counts is not None and memory is not None and counts != Counter(memory):
        raise NotAsAsked("has counts that are not those of its shots")
    return UnitResult(
        counts=dict(Counter(memory)) if counts is None and memory is not None else counts,
        memory=memory,
        probabilities=None if given.probabilities is None else _distribution(given.probabilities, width),
        expectation=None if given.expectation is None else _expectation(unit, given.expectation),
    )


def _counts(unit: Unit, given: Mapping[str, int]) -> dict[str, int]:
    _keys(given, len(unit.wires))
    if any(type(each) is not int or not 0 <= each <= MAX_SAFE_INTEGER for each in given.values()):
        raise NotAsAsked("has counts that are no numbers of shots")
    _shots(sum(given.values()), unit)
    return {key: each for key, each in given.items() if each}


def _shots(found: int, unit: Unit) -> None:
    if found != unit.shots:
        raise NotAsAsked(f"has {found} shots, {unit.shots} were asked for")


def _keys(keys: Sequence[str] | Mapping[str, object], width: int) -> None:
    if any(not isinstance(each, str) or len(each) != width or set(each) - {"0", "1"} for each in keys):
        raise NotAsAsked(f"has outcomes that are not of {width} bits")


def _distribution(given: Mapping[str, str], width: int) -> dict[str, str]:
    _keys(given, width)
    found: dict[str, Decimal] = {}
    for key, value in given.items():
        number = figures.decimal(value)
        if number is None or not 0 <= number <= 1 + SUM_WITHIN:
            raise NotAsAsked("has a probability that is not between 0 and 1")
        found[key] = number
    total = sum(found.values(), Decimal(0))
    if abs(total - 1) > SUM_WITHIN:
        raise NotAsAsked(f"has probabilities that sum to {total:.6g}, not to 1")
    return {key: plain(number) for key, number in found.items()}


def _expectation(unit: Unit, given: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    if sorted(given) != sorted(unit.observables):
        raise NotAsAsked("has values of other observables than were asked for")
    found = {}
    for name, (value, error) in given.items():
        numbers = figures.decimal(value), figures.decimal(error)
        if numbers[0] is None or numbers[1] is None or abs(numbers[0]) > _MOST or not 0 <= numbers[1] <= _MOST:
            raise NotAsAsked(f"has no finite value and standard error of observable {name[:64]!a}")
        found[name] = plain(numbers[0]), plain(numbers[1])
    return found


def plain(number: Decimal) -> str:
    """A decimal string without an exponent, of at most 40 decimals."""
    exponent = number.as_tuple().exponent
    rounded = number.quantize(_DECIMALS, context=_LONG) if isinstance(exponent, int) and exponent < -40 else number
    return format(rounded, "f")
