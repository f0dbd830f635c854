"""How a plain function becomes a command of `qee`: cluster options, and errors as one line and an exit code."""

import errno
import inspect
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import is_dataclass
from typing import Any

import typer

from qee.cli import exits
from qee.cli.connection import Target
from qee.cli.extras import extra_of
from qee.cli.problem import Problem, refused
from qee.cli.terminal import coloured, note, printable
from qee.kube.port import ApiError

Body = Callable[..., int | Coroutine[Any, Any, int]]


def command(app: typer.Typer, function: Body) -> None:
    """Register a function as the command of its name.

    A parameter whose type is a dataclass of options gets that, each of its fields being an option; a `Target` also what
    the cluster options before the command's name say. The function returns the exit code, or a coroutine of it; or
    raises `Problem` or `ApiError`.
    """
    parameters = inspect.signature(function).parameters
    own = dict(
        sorted(parameters.items(), key=lambda each: each[1].annotation is Target)
    )  # the cluster options are last
    groups: dict[str, Any] = {name: each.annotation for name, each in own.items() if is_dataclass(each.annotation)}
    members = {name: inspect.signature(group).parameters for name, group in groups.items()}
    options = [option for name, each in own.items() for option in members.get(name, {name: each}).values()]

    def invoked(ctx: typer.Context, **values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{member: values.pop(member) for member in members[name]})
            if group is Target:
                values[name] = values[name].over(ctx.obj or Target())
        raise typer.Exit(_finish(function, values))

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in options]
    invoked.__signature__ = inspect.Signature([context, *keywords])  # type: ignore[attr-defined]
    invoked.__annotations__ = {each.name: each.annotation for each in (context, *keywords)}
    invoked.__doc__ = function.__doc__
    app.command(function.__name__)(invoked)


def _finish(function: Body, values: dict[str, Any]) -> int:
    try:
        answer = function(**values)
        if isinstance(answer, int):
            return answer
        import asyncio  # a tenth of the start, which help and local commands do without

        return asyncio.run(answer)
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
