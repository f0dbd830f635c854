"""spec.providerOptions of provider ibm: the options of the SDK's primitives, under the SDK's names.

Which there are the installed SDK says itself: its option classes are asked for their fields, and check the values. Left
out are those that the job's own fields decide, those that change what a result is, and those that are experimental.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from pydantic import ValidationError
from qiskit_ibm_runtime.options import EstimatorOptions, SamplerOptions

from qee.api.reasons import Reason
from qee.runner.errors import RunnerError

_NOT_OFFERED = {
    "default_shots": "spec.shots says it",
    "default_precision": "spec.precision says it",
    "environment": "tags are the connector's, and a private job's results could be read only once",
    "simulator": "the job's backend is a device",
    "experimental": "it changes without notice",
    "meas_type": "QEE's counts are of classified shots",
    "layer_noise_model": "it is an object of the SDK",
}
_PRIMITIVES = {"sampler": SamplerOptions, "estimator": EstimatorOptions}


def inputs(program: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], int | None, bool]:
    """The program's parameters but for its PUBs; the limit on execution in seconds; whether dynamical decoupling is on.

    Raises RunnerError with the option's path.
    """
    _check_names(options, _PRIMITIVES[program](), "", program)
    limit = options.get("max_execution_time")
    if limit is not None and (type(limit) is not int or limit < 1):
        raise _invalid("max_execution_time", "give whole seconds, 1 or more")
    try:
        chosen = _PRIMITIVES[program](**options)
    except ValidationError as error:
        raise _refusal(error) from error
    values = asdict(chosen)
    return type(chosen)._get_program_inputs(values), limit, values["dynamical_decoupling"].get("enable") is True


def _check_names(options: Mapping[str, Any], model: Any, path: str, program: str) -> None:
    known = [each.name for each in fields(model) if not each.name.startswith("_") and each.name not in _NOT_OFFERED]
    for name, value in options.items():
        if name in _NOT_OFFERED and hasattr(model, name):
            raise _invalid(f"{path}{name}", f"not offered, for {_NOT_OFFERED[name]}; remove it")
        if name not in known:
            where = f"{program}'s {path.rstrip('.')}" if path else f"the {program}"
            raise _invalid(f"{path}{name[:60]}", f"no option of {where}; there are {', '.join(sorted(known))}")
        inner = getattr(model, name)
        if is_dataclass(inner):
            if not isinstance(value, Mapping):
                raise _invalid(f"{path}{name}", "give a map of options")
            _check_names(value, inner, f"{path}{name}.", program)


def _refusal(error: ValidationError) -> RunnerError:
    """Of the complaints about each type that a field may have, those that help: not about the SDK's own classes."""
    told = [each for each in error.errors() if not str(each["loc"][-1]).startswith("is-instance[")]
    first = told[0] if told else error.errors()[0]
    path = [str(part) for part in first["loc"] if str(part).isidentifier() and not str(part)[0].isupper()]
    path = [part for part in path if part not in ("int", "float", "bool", "str", "list")]
    return _invalid(".".join(path), str(first["msg"])[:200])


def _invalid(path: str, what: str) -> RunnerError:
    return RunnerError(Reason.INVALID_SPEC, f"spec.providerOptions.{path}: {what}")
