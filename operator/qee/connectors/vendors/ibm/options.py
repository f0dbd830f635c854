"""spec.providerOptions of provider ibm: `program`, `session_id`, and the options of the SDK's class for the program.

Which there are the installed SDK says itself: its option classes are asked for their fields, and check the values. Left
out are those that the job's own fields decide, those that change what a result is, and those that are experimental.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

from pydantic import ValidationError
from qiskit_ibm_runtime.options import EstimatorOptions, SamplerOptions
from qiskit_ibm_runtime.options_models import ExecutorOptions

from qee.connectors.vendors.compilation import invalid_option
from qee.connectors.vendors.ibm.payload import is_session
from qee.sdk.errors import RunnerError

PROGRAMS = ("primitives", "executor")
_NOT_OFFERED = {
    "default_shots": "spec.shots says it",
    "default_precision": "spec.precision says it",
    "environment": "tags are the connector's, and a private job's results could be read only once",
    "simulator": "the job's backend is a device",
    "experimental": "it changes without notice",
    "meas_type": "QEE's counts are of classified shots",
    "layer_noise_model": "it is an object of the SDK",
    "scheduler_timing": "QEE keeps no timing of circuits",
    "stretch_values": "QEE keeps no timing of circuits",
}
# Of the primitives: with the executor the client does it, before it sends.
_CLIENTS = ("dynamical_decoupling", "twirling", "resilience", "resilience_level", "seed_estimator")
_CLASSES = {"sampler": SamplerOptions, "estimator": EstimatorOptions, "executor": ExecutorOptions}


@dataclass(frozen=True)
class Chosen:
    """`program`: IBM's. `fixed`: its parameters but for the PUBs. `limit`: seconds on the QPU. `session`: or batch."""

    program: str
    limit: int | None = None
    session: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    options: ExecutorOptions | None = None
    decoupling: bool = False
    twirling: Mapping[str, Any] = field(default_factory=dict)


def chosen(given: Mapping[str, Any], default: str, estimates: bool) -> Chosen:
    """`default`: the backend's `program`. Raises RunnerError with the option's path."""
    options = dict(given)
    way = options.pop("program", default)
    if way not in PROGRAMS:
        raise invalid_option("program", f"there are {', '.join(PROGRAMS)}")
    session = options.pop("session_id", None)
    if session is not None and not is_session(session):
        raise invalid_option(
            "session_id", "give the id of an open session or batch, 36 letters, digits, - and _ at most"
        )
    program = "executor" if way == "executor" else "estimator" if estimates else "sampler"
    if program == "executor":
        for name in sorted(options.keys() & set(_CLIENTS)):
            raise invalid_option(
                name, "not with program executor, where the client would do it; use program primitives"
            )
    _check_names(options, _CLASSES[program](), "", program)
    limit = options.get("max_execution_time")
    if limit is not None and (type(limit) is not int or limit < 1):
        raise invalid_option("max_execution_time", "give whole seconds, 1 or more")
    try:
        made = _CLASSES[program](**options)
    except ValidationError as error:
        raise _refusal(error) from error
    if program == "executor":
        return Chosen(program, limit, session, options=made)
    values = asdict(made)
    return Chosen(
        program,
        limit,
        session,
        type(made)._get_program_inputs(values),
        decoupling=values["dynamical_decoupling"].get("enable") is True,
        twirling=dict(options.get("twirling") or {}),
    )


def refuse_twirling(twirling: Mapping[str, Any], shots: int) -> None:
    """A twirled sampler takes randomizations times shots of each, rounded up (TwirlingOptions of the SDK).

    A result of other shots than were asked for is no answer, so the numbers must fit. Raises RunnerError.
    """
    if not (twirling.get("enable_gates") is True or twirling.get("enable_measure") is True):
        return
    number, each = (twirling.get(name, "auto") for name in ("num_randomizations", "shots_per_randomization"))
    least = max(64, math.ceil(shots / 32)) if number == "auto" else math.ceil(shots / int(number))
    each = least if each == "auto" else int(each)
    number = math.ceil(shots / each) if number == "auto" else int(number)
    if number * each != shots:
        raise invalid_option(
            "twirling",
            f"it takes {number} randomizations of {each} shots, {number * each} in all, spec.shots says {shots}; make"
            f" shots {number * each}, or give num_randomizations and shots_per_randomization whose product is {shots}",
        )


def _names(model: Any) -> list[str]:
    known = getattr(type(model), "model_fields", None) or [each.name for each in fields(model)]
    return [name for name in known if not name.startswith("_")]


def _check_names(options: Mapping[str, Any], model: Any, path: str, program: str) -> None:
    names = _names(model)
    known = sorted(
        {name for name in names if name not in _NOT_OFFERED} | (set() if path else {"program", "session_id"})
    )
    for name, value in options.items():
        if name in _NOT_OFFERED and name in names:
            raise invalid_option(f"{path}{name}", f"not offered, for {_NOT_OFFERED[name]}; remove it")
        if name not in known:
            where = f"{program}'s {path.rstrip('.')}" if path else f"the {program}"
            raise invalid_option(f"{path}{name[:60]}", f"no option of {where}; there are {', '.join(known)}")
        inner = getattr(model, name)
        if is_dataclass(type(inner)) or hasattr(type(inner), "model_fields"):
            if not isinstance(value, Mapping):
                raise invalid_option(f"{path}{name}", "give a map of options")
            _check_names(value, inner, f"{path}{name}.", program)


def _refusal(error: ValidationError) -> RunnerError:
    """Of the complaints about each type that a field may have, those that help: not about the SDK's own classes."""
    told = [each for each in error.errors() if not str(each["loc"][-1]).startswith("is-instance[")]
    first = told[0] if told else error.errors()[0]
    path = [str(part) for part in first["loc"] if str(part).isidentifier() and not str(part)[0].isupper()]
    path = [part for part in path if part not in ("int", "float", "bool", "str", "list")]
    return invalid_option(".".join(path), str(first["msg"])[:200])
