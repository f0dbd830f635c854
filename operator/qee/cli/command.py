"""How a plain function becomes a command of `qee`: cluster options, and errors as one line and an exit code."""

import asyncio
import errno
import inspect
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import typer

from qee.cli import exits, options
from qee.cli.connection import Target
from qee.cli.extras import extra_of
from qee.cli.problem import Problem, refused
from qee.cli.terminal import coloured, note, printable
from qee.kube.port import ApiError

Body = Callable[..., int | Coroutine[Any, Any, int]]

CLUSTER_OPTIONS: dict[str, Any] = {
    "namespace": options.Namespace,
    "context": options.Context,
    "kubeconfig": options.Kubeconfig,
}


def command(app: typer.Typer, name: str) -> Callable[[Body], Body]:
    """Register a function as a command.

    A first parameter `target` is not an option: it gets what the cluster options say, those before the command's name
    included. A parameter whose type is a dataclass of options gets that, each of its fields being an option.
    The function returns the exit code, or a coroutine of it; or raises `Problem` or `ApiError`.
    """

    def register(function: Body) -> Body:
        own = list(inspect.signature(function).parameters.values())
        takes_target = bool(own) and own[0].name == "target"
        plain = {p.name: p for p in own[takes_target:] if not _is_group(p.annotation)}
        groups: dict[str, type[Any]] = {p.name: p.annotation for p in own[takes_target:] if p.name not in plain}
        kinds = {name: p.annotation for name, p in plain.items()}
        defaults = {name: p.default for name, p in plain.items()}
        for group in groups.values():
            kinds |= get_type_hints(group, include_extras=True)
            defaults |= {field.name: field.default for field in fields(group)}
        kinds |= CLUSTER_OPTIONS if takes_target else {}

        def invoked(ctx: typer.Context, **values: Any) -> None:
            if takes_target:
                named = Target(**{option: values.pop(option) for option in CLUSTER_OPTIONS})
                values["target"] = named.over(ctx.obj or Target())
            for name, group in groups.items():
                values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
            raise typer.Exit(_finish(function, values))

        keyword = inspect.Parameter.KEYWORD_ONLY
        invoked.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
                *(inspect.Parameter(n, keyword, default=defaults.get(n), annotation=k) for n, k in kinds.items()),
            ]
        )
        invoked.__annotations__ = {"ctx": typer.Context, **kinds}
        invoked.__doc__ = function.__doc__
        app.command(name)(invoked)
        return function

    return register


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and is_dataclass(annotation)


def _finish(function: Body, values: dict[str, Any]) -> int:
    try:
        answer = function(**values)
        return answer if isinstance(answer, int) else asyncio.run(answer)
    except Problem as problem:
        if _debugging():
            raise
        return _told(problem)
    except ApiError as error:
        if _debugging():
            raise
        return _told(refused(error))
    except ModuleNotFoundError as missing:
        if _debugging() or extra_of(missing):
            raise
        return _told(Problem(f"no module {missing.name}, in qee itself; please report it", exits.BUG))
    except KeyboardInterrupt:
        return exits.INTERRUPTED + signal.SIGINT
    except Exception as error:
        if _debugging() or (isinstance(error, OSError) and error.errno == errno.EPIPE):
            raise
        kind = type(error).__name__  # its text may quote a file or a header
        return _told(Problem(f"{kind} in qee itself; QEE_DEBUG=1 shows where, please report it", exits.BUG))


def _debugging() -> bool:
    return os.environ.get("QEE_DEBUG") == "1"


def _told(problem: Problem) -> int:
    note(f"{coloured('Error:', 'red', sys.stderr)} {printable(problem.message)}")
    for line in problem.details:
        note(f"  {printable(line)}")
    return problem.code
