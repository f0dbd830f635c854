"""What the documents name exists: links, commands, fields, examples, rooms, metrics, reasons."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from qee.api.conditions import ConditionType, Phase
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.cli.main import app
from qee.observe.metrics import Metrics

CHECKOUT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "charts/**/*.md")
    for path in CHECKOUT.glob(pattern)
    if ".venv" not in path.parts
)
WRITTEN = [path for path in DOCUMENTS if "reference" not in path.parts]  # by hand; the others are generated
PICTURE = CHECKOUT / "docs/images/way-of-a-job.svg"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Names with a dot that are no field: groups, labels, hosts of pages that are linked to.
HOSTS = {
    "qee.dev",
    "example.com",
    "registry.example.com",
    "kueue.sigs.k8s.io",
    "kueue.x-k8s.io",
    "rbac.authorization.k8s.io",
    "apiserver.config.k8s.io",
    "keepachangelog.com",
    "semver.org",
    "github.com",
    "learn.microsoft.com",
    "argoproj.io",
    "certificates.cert-manager.io",
    "issuers.cert-manager.io",
    "iam.cloud.ibm.com",
    "quantum.cloud.ibm.com",
}
NOT_REASONS = {
    *("QuantumJob", "QuantumBackend", "QuantumTask", "ConfigMap", "ServiceMonitor", "Always", "IfNotPresent", "Never"),
    *(
        "RunnerError",
        "QuantumTrustPolicy",
        "QuantumBudget",
        "ClusterRole",
        "RoleBinding",
        "ServiceAccount",
        "NetworkPolicy",
    ),
    *("Collect", "Start", "Retry", "Enforce", "VerifyOnly", "OneShot"),  # plans; values of fields
    *map(str, ConditionType),
    *map(str, Phase),
}


def name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def documents(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name)


def prose(path: Path) -> str:
    """The document without its blocks of code."""
    return FENCE.sub("", path.read_text())


def quoted(path: Path) -> list[str]:
    """What stands in `backticks`."""
    return re.findall(r"`([^`\n]+)`", prose(path))


def commands(path: Path) -> Iterator[str]:
    """What a reader might type: lines behind a $, and what stands in backticks."""
    for language, block in FENCE.findall(path.read_text()):
        if language in ("console", "sh", ""):
            yield from (line.lstrip("$ ") for line in block.splitlines() if language == "sh" or line.startswith("$ "))
    yield from quoted(path)


def anchors(path: Path) -> set[str]:
    """GitHub's ids of the headings."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def fields() -> set[str]:
    """Every field path of the two resources, without indexes."""

    def walk(path: str, node: dict[str, Any]) -> Iterator[str]:
        yield path
        for key, child in node.get("properties", {}).items():
            yield from walk(f"{path}.{key}".lstrip("."), child)
        for inner in (node.get("items"), node.get("additionalProperties")):
            if isinstance(inner, dict):
                yield from walk(path, inner)

    found: set[str] = set()
    for file in (CHECKOUT / "crds").glob("*.yaml"):
        schema = yaml.safe_load(file.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        found.update(walk("", schema))
    return found


FIELDS = fields()


@documents(DOCUMENTS)
def test_every_link_within_the_project_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text()):
        if link.startswith(("https://", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{link}: there is no {target}"
        assert target.is_relative_to(CHECKOUT)
        if anchor:
            assert anchor in anchors(target), f"{link}: {name(target)} has {sorted(anchors(target))}"


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, todo = set(), [CHECKOUT / "README.md"]
    while todo:
        path = todo.pop()
        if path in reached:
            continue
        reached.add(path)
        for link in LINK.findall(path.read_text()):
            target = (path.parent / link.partition("#")[0]).resolve()
            todo += [target] if target.suffix == ".md" and target.exists() else []
            todo += [target / "README.md"] if (target / "README.md").exists() else []
    assert set(DOCUMENTS) - reached == set()


@documents(DOCUMENTS)
def test_every_make_target_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    for command in commands(path):
        for target in re.findall(r"(?:^|\()make (?:-s )?([a-z0-9-]+)", command):
            assert target in targets, command


@documents(DOCUMENTS)
def test_every_qee_command_exists_with_its_options(path: Path) -> None:
    group: Any = typer.main.get_command(app)
    known = {*(option for parameter in group.params for option in parameter.opts), "--help"}
    for line in commands(path):
        for command in re.split(r"[|;]|&&", line):
            words = command.strip().removeprefix("kubectl ").split(" #")[0].split()
            if words[:1] != ["qee"] or len(words) < 2:
                continue
            options = [word.partition("=")[0] for word in words if re.match(r"-{1,2}[a-z]", word)]
            if not words[1].startswith("-"):
                assert words[1] in group.commands, line
                found = group.commands[words[1]]
                if hasattr(found, "commands") and len(words) > 2:  # such as `qee key show`
                    assert words[2] in found.commands, line
                    found = found.commands[words[2]]
                parameters = found.params
                options = [o for o in options if o not in {x for p in parameters for x in (*p.opts, *p.secondary_opts)}]
            assert set(options) <= known, line


@documents(DOCUMENTS)
def test_every_field_exists(path: Path) -> None:
    for text in quoted(path):
        for found in re.findall(r"(?<![\w./-])((?:spec|status)(?:\.\w+(?:\[\])?)+)", text):
            assert found.replace("[]", "") in FIELDS, text


@documents(DOCUMENTS)
def test_every_example_exists(path: Path) -> None:
    for example in re.findall(r"examples/[\w.-]+\.yaml", path.read_text()):
        assert (CHECKOUT / example).exists(), example


@documents(WRITTEN)
def test_every_manifest_is_taken_by_the_api(path: Path) -> None:
    for language, block in FENCE.findall(path.read_text()):
        if language == "yaml" and "kind: QuantumJob\n" in block:
            QuantumJob.model_validate(yaml.safe_load(block))


@documents(WRITTEN)
def test_every_reason_exists(path: Path) -> None:
    reasons = {str(reason) for reason in Reason}
    for text in quoted(path):
        if re.fullmatch(r"[A-Z][a-z]+(?:[A-Z][a-z]+)+", text) and text not in NOT_REASONS:
            assert text in reasons, text


@documents(WRITTEN)
def test_every_value_of_the_chart_exists(path: Path) -> None:
    values = yaml.safe_load((CHECKOUT / "charts/qee/values.yaml").read_text())
    for text in quoted(path):
        keys = re.match(r"^[a-z]\w*(?:\.\w+)+$", text)
        if not keys or text.split(".")[0] not in values or text.endswith((".py", ".md", ".yaml")):
            continue
        node = values
        for key in text.split("."):
            assert isinstance(node, dict), text
            assert key in node or (node == {} or "limits" in text), text
            node = node.get(key, {})


@documents(DOCUMENTS)
def test_no_registry_and_no_path_of_a_machine_is_named(path: Path) -> None:
    text = path.read_text()
    hosts = re.findall(r"(?<![\w.@])((?:[a-z0-9-]+\.)+(?:io|com|org|dev|net))\b", text)
    assert {host for host in hosts if not host.endswith(".qee.dev")} <= HOSTS
    assert re.findall(r"(?<![\w.~}*])/(?:work|root|home|tmp|var|usr|opt(?!/(?:sdk|qee)\b)|srv|mnt)/[\w.-]+", text) == []


@documents(DOCUMENTS)
def test_what_waits_has_an_end(path: Path) -> None:
    for language, block in FENCE.findall(path.read_text()):
        for line in block.replace("\\\n", "").splitlines() if language in ("console", "sh") else ():
            if re.search(r"\b(kubectl|qee) wait\b", line):
                assert "--timeout" in line, line


@documents(WRITTEN)
def test_the_tone_is_plain(path: Path) -> None:
    assert re.findall("[\U0001f000-\U0001ffff☀-➿]", path.read_text()) == []


def test_the_readmes_conditions_are_those_of_the_reference() -> None:
    def table(path: str) -> dict[str, dict[str, str]]:
        lines = (CHECKOUT / path).read_text().splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("| Phase | "))
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:]]
        head = cells[0]
        rows = {}
        for row in cells[2:]:
            if len(row) != len(head):
                break
            rows[row[0]] = dict(zip(head, row, strict=True))
        return rows

    short, full = table("README.md"), table("docs/reference/conditions.md")
    assert short.keys() == full.keys()
    for phase, row in short.items():
        assert row.items() <= full[phase].items(), phase


def test_every_room_exists() -> None:
    rooms = [
        room
        for text in quoted(CHECKOUT / "docs/architecture.md")
        for room in [text]
        if re.fullmatch(r"(app|api|core|circuits|kube|controller|runner|observe|cli)(/\w+)?", room)
    ]
    for text in re.findall(r'class="room"[^>]*>([^<]+)<', PICTURE.read_text()):
        folder = ""
        for room in text.split(", ") if "|" not in text else []:
            folder = room.rpartition("/")[0] or folder
            rooms.append(room if "/" in room or room == "app" else f"{folder}/{room}")
    assert len(rooms) > 30
    for room in rooms:
        path = CHECKOUT / "operator/qee" / room
        assert path.is_dir() or path.with_suffix(".py").exists(), room


def test_the_metrics_of_the_guide_are_those_of_the_operator() -> None:
    families = {family.name for family in Metrics().registry.collect()}
    named = {re.sub(r"_total$", "", text) for text in quoted(CHECKOUT / "docs/guide/operate.md")}
    assert {text for text in named if re.fullmatch(r"qee_\w+", text)} == families


def test_the_licence_is_whole() -> None:
    text = (CHECKOUT / "LICENSE").read_text()
    assert "Apache License\n" in text
    assert text.rstrip().endswith("limitations under the License.")
    assert len(text) > 11_000


def test_no_text_of_a_picture_needs_another_file() -> None:
    text = PICTURE.read_text()
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"(?:href|src)=|@import|<script", text)
