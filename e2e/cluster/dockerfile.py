"""What of the build context goes into a target of the Dockerfile, read from the Dockerfile itself."""

import re
from dataclasses import dataclass, field

_ARGUMENT = re.compile(r"\$\{?(\w+)\}?")


@dataclass
class Stage:
    """text: its instructions; copies: paths of the build context; others: stages that it is made on or copies from."""

    text: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Recipe:
    """text: every instruction of a target; copies: every path of the build context that gets into it."""

    text: str
    copies: tuple[str, ...]


def recipe(dockerfile: str, target: str, **arguments: str) -> Recipe:
    """`arguments` are the build's own, over the defaults that the Dockerfile gives before its first stage."""
    found = _stages(dockerfile, arguments)
    wanted = [target]
    for name in wanted:
        wanted += [other for other in found[name].others if other in found and other not in wanted]
    stages = [found[name] for name in sorted(wanted)]
    copies = {path for stage in stages for path in stage.copies}
    return Recipe("\n".join(line for stage in stages for line in stage.text), tuple(sorted(copies)))


def _stages(dockerfile: str, arguments: dict[str, str]) -> dict[str, Stage]:
    known = dict(arguments)
    found: dict[str, Stage] = {}
    stage = Stage()
    for line in dockerfile.replace("\\\n", "").splitlines():
        words = line.split()
        match words:
            case ["ARG", argument] if not found:
                name, _, default = argument.partition("=")
                known.setdefault(name, default)
            case ["FROM", base, "AS", name]:
                stage = found[name] = Stage()
                stage.others.append(_ARGUMENT.sub(lambda one: known.get(one[1], ""), base))
            case ["COPY", *rest] if not any(word.startswith("--from=") for word in rest):
                stage.copies += [word.rstrip("/") for word in rest[:-1] if not word.startswith("--")]
        stage.others += re.findall(r"(?:--from=|,from=)([\w-]+)", line)
        if words and not words[0].startswith("#"):
            stage.text.append(" ".join(words))
    return found
