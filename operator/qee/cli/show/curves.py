"""What a sweep looks like as curves: an observable, or an outcome's probability, against a parameter."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qee.cli.problem import Problem, listed
from qee.documents import CircuitResult, ResultDocument
from qee.results.numbers import bits, reals

MAX_OUTCOMES = 4  # curves of a sweep whose outcome nobody chose
SET = "parameter set"


@dataclass(frozen=True)
class Axis:
    """The choice of what is drawn; None: the parameter that varies, the most frequent outcomes."""

    parameter: str | None = None
    outcome: str | None = None

    @property
    def chosen(self) -> bool:
        return self.parameter is not None or self.outcome is not None


@dataclass(frozen=True)
class Curve:
    """One series: equally many x, y and standard errors, which are all 0 where the values are exact.

    `quantity` is "expectation" or "probability", `name` the observable or outcome, `x_label` a parameter or SET.
    """

    circuit: str
    quantity: str
    name: str
    x_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    errors: tuple[float, ...]


def check(groups: Sequence[Sequence[CircuitResult]], axis: Axis) -> None:
    """Raises Problem where the axis fits no sweep."""
    if axis.chosen and not any(map(is_sweep, groups)):
        raise Problem("--parameter and --outcome are for sweeps; no circuit here has several parameter sets")


def is_sweep(group: Sequence[CircuitResult]) -> bool:
    return len(group) > 1


def curves(document: ResultDocument, group: Sequence[CircuitResult], axis: Axis) -> list[Curve]:
    """The curves of one circuit with several parameter sets: its observables', then its outcomes'. Raises Problem."""
    circuit, first = group[0].circuit, group[0]
    x_label, x = _abscissa(document.parameters.get(circuit, {}), group, axis.parameter)
    found = []
    if axis.outcome is None:
        for name in first.expectation or {}:
            values = [(each.expectation or {})[name] for each in group]
            y = tuple(float(value.value) for value in values)
            errors = tuple(float(value.standard_error) for value in values)
            found.append(Curve(circuit, "expectation", name, x_label, x, y, errors))
    shares = [_shares(each) for each in group]
    if first.counts is None and first.probabilities is None:
        if axis.outcome is not None:
            raise Problem(f"--outcome {axis.outcome}: circuit {circuit} has neither counts nor probabilities")
        return found
    for outcome in _outcomes(circuit, shares, axis.outcome):
        y = tuple(share.get(outcome, 0.0) for share in shares)
        errors = tuple(_binomial(value, each) for value, each in zip(y, group, strict=True))
        found.append(Curve(circuit, "probability", outcome, x_label, x, y, errors))
    return found


@dataclass(frozen=True)
class Plane:
    """The places of a sweep over two parameters, in the order of its sets."""

    x_label: str
    x: tuple[float, ...]
    y_label: str
    y: tuple[float, ...]


def plane(document: ResultDocument, group: Sequence[CircuitResult]) -> Plane | None:
    """None where not exactly two parameters vary, or a place is taken twice."""
    table = document.parameters.get(group[0].circuit, {})
    columns = {name: tuple(float(column[each.parameter_set]) for each in group) for name, column in table.items()}
    varying = [name for name, column in columns.items() if len(set(column)) > 1]
    if len(varying) != 2:
        return None
    x, y = (columns[name] for name in varying)
    return Plane(varying[0], x, varying[1], y) if len(set(zip(x, y, strict=True))) == len(x) else None


def _abscissa(
    table: Mapping[str, tuple[str, ...]], group: Sequence[CircuitResult], parameter: str | None
) -> tuple[str, tuple[float, ...]]:
    rows = [each.parameter_set for each in group]
    if parameter is None:
        varying = [name for name, column in table.items() if len({float(column[row]) for row in rows}) > 1]
        if len(varying) != 1:  # of several none is the one: their order says which point follows which
            return SET, tuple(map(float, rows))
        parameter = varying[0]
    elif parameter not in table:
        raise Problem(
            f"--parameter {parameter}: circuit {group[0].circuit} has no such parameter; it has {listed(list(table))}"
        )
    return parameter, tuple(float(table[parameter][row]) for row in rows)


def _shares(each: CircuitResult) -> Mapping[str, float]:
    if each.counts is not None:
        return {key: count / each.shots for key, count in each.counts.items()}
    if each.probabilities is None:
        return {}
    size = bits(each.probabilities)
    return {f"{n:0{size}b}": value for n, value in enumerate(reals(each.probabilities)) if value > 0}


def _outcomes(circuit: str, shares: Sequence[Mapping[str, float]], chosen: str | None) -> list[str]:
    if chosen is None:
        total: defaultdict[str, float] = defaultdict(float)
        for share in shares:
            for key, value in share.items():
                total[key] += value
        return sorted(total, key=lambda key: (-total[key], key))[:MAX_OUTCOMES]
    known = {len(key) for share in shares for key in share}
    if set(chosen) - {"0", "1"} or len(chosen) not in known:
        raise Problem(f"--outcome {chosen}: circuit {circuit} has outcomes of {max(known, default=0)} bits, 0 and 1")
    return [chosen]


def _binomial(share: float, each: CircuitResult) -> float:
    """The standard error of a counted share, by Laplace's estimate: not 0 where the outcome came never or always."""
    if each.counts is None:
        return 0.0
    estimate = (share * each.shots + 1) / (each.shots + 2)
    return math.sqrt(estimate * (1 - estimate) / each.shots)
