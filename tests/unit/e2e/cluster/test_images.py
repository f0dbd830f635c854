"""Names of the images by content, and what is given to the builder and to the chart."""

import ast
import re
import shutil
from pathlib import Path

import pytest
from e2e.cluster import images
from e2e.cluster import liboqs as liboqs_recipe
from e2e.cluster.buildah import pip_configuration
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.dockerfile import recipe


@pytest.fixture
def liboqs(tmp_path: Path) -> Path:
    """As e2e.cluster.liboqs installs it."""
    installed = tmp_path / "installed"
    for name in ("lib/liboqs.so.7", "share/doc/liboqs/LICENSE.txt", "vectors/big.json"):
        (installed / name).parent.mkdir(parents=True)
        (installed / name).write_text(name)
    (installed / "lib/liboqs.so").symlink_to("liboqs.so.7")
    return installed


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    copy = tmp_path / "sources"
    with images.context() as context:
        shutil.copytree(context, copy)
    return copy


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {target for target in before if before[target] != after[target]}


CONNECTORS, RUNNERS = set(images.CONNECTORS), {"runner-aer", "runner-cirq"}


@pytest.mark.parametrize(
    ("source", "renamed"),
    [
        ("operator/qee/__init__.py", set(images.TARGETS)),
        ("operator/qee/api/names.py", set(images.TARGETS)),
        ("operator/qee/app.py", {"operator"}),
        ("operator/qee/controller/jobs/reconcile.py", {"operator"}),
        ("operator/qee/connectors/attempt.py", CONNECTORS),
        ("operator/qee/signing/verify.py", {"operator"} | CONNECTORS),
        ("requirements/aer.txt", {"runner-aer"}),
        ("requirements/ibm.txt", {"connector-ibm"}),
        ("requirements/operator.txt", {"operator"} | CONNECTORS),
        ("requirements/dev.txt", set()),
    ],
)
def test_a_change_renames_the_images_that_contain_it_and_no_other(
    sources: Path, source: str, renamed: set[str]
) -> None:
    before = images.references("localhost/", sources)
    (sources / source).write_text("")
    assert changed(before, images.references("localhost/", sources)) == renamed


def test_an_instruction_of_one_target_renames_that_image_alone(sources: Path) -> None:
    before = images.references("localhost/", sources)
    text = (sources / "Dockerfile").read_text()
    (sources / "Dockerfile").write_text(text.replace("COPY requirements/ibm.txt", "ENV A=1\nCOPY requirements/ibm.txt"))
    assert changed(before, images.references("localhost/", sources)) == {"connector-ibm"}


def parts(target: str) -> set[str]:
    copies = recipe((CHECKOUT / "Dockerfile").read_text(), target, LIBOQS="context").copies
    return {path.removeprefix("operator/") for path in copies if path.startswith("operator/qee")}


def imported(module: Path) -> set[str]:
    """The rooms (`qee/api`) and modules of the package itself (`qee/app.py`) that a module imports, lazily or not."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    tops = {name.split(".")[1] for name in names if name.startswith("qee.")}
    return {f"qee/{top}" for top in tops if (CHECKOUT / "operator/qee" / top).is_dir()}


@pytest.mark.parametrize("target", images.TARGETS)
def test_an_image_contains_every_room_that_its_modules_import(target: str) -> None:
    held = parts(target)
    assert {"qee/__init__.py", "qee/py.typed", "qee/api"} <= held
    for part in held:
        place = CHECKOUT / "operator" / part
        for module in place.rglob("*.py") if place.is_dir() else [place]:
            assert imported(module) <= held, f"{module} imports what is not in {target}"


def test_every_room_is_in_an_image() -> None:
    rooms = {f"qee/{path.name}" for path in (CHECKOUT / "operator/qee").iterdir() if path.name != "__pycache__"}
    assert set().union(*(parts(target) for target in images.TARGETS)) == rooms


def test_the_dockerfile_names_a_room_once() -> None:
    named = re.findall(r"^COPY (operator/qee/\w+) ", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    assert named
    assert len(named) == len(set(named))


def test_another_liboqs_renames_the_images_that_verify_alone(sources: Path, liboqs: Path) -> None:
    without = images.references("localhost/", sources)
    shutil.copytree(liboqs, sources / "liboqs")
    with_one = images.references("localhost/", sources)
    (sources / "liboqs/lib/liboqs.so.7").write_text("another")
    assert (
        changed(without, with_one)
        == changed(with_one, images.references("localhost/", sources))
        == {
            "operator",
            *images.CONNECTORS,
        }
    )


def test_references_carry_prefix_target_and_digest(sources: Path) -> None:
    reference = images.references("registry.example/team/", sources)["runner-aer"]
    assert re.fullmatch(r"registry\.example/team/qee-runner-aer:[0-9a-f]{12}", reference)


def test_the_context_holds_what_the_dockerfile_copies_no_byte_code_and_no_vectors(liboqs: Path) -> None:
    with images.context(liboqs=liboqs) as context:
        assert (context / "liboqs/lib/liboqs.so").is_symlink()
        names = {str(path.relative_to(context)) for path in context.rglob("*") if path.is_file()}
    copied = set()
    for line in (CHECKOUT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            copied |= {word.rstrip("/") for word in line.split()[1:-1] if not word.endswith("*")}
    assert copied >= {"pyproject.toml", "operator/qee/api", "requirements/aer.txt", "liboqs"}
    assert {name for name in copied if not any(f"{each}/".startswith(f"{name}/") for each in names)} == set()
    assert not [name for name in names if name.endswith(".pyc") or "vectors" in name]


def test_every_target_is_a_stage_of_the_dockerfile() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE))
    assert set(images.TARGETS) <= stages


def test_the_dockerfile_builds_upstreams_liboqs_unless_one_is_brought_along() -> None:
    text = (CHECKOUT / "Dockerfile").read_text()
    assert "ARG LIBOQS=upstream\n" in text
    assert {"liboqs-upstream", "liboqs-context"} <= set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
    for option in liboqs_recipe.OPTIONS:
        assert option in text


def test_the_dockerfile_takes_upstreams_liboqs_by_tag_and_by_commit() -> None:
    text = (CHECKOUT / "Dockerfile").read_text()
    assert re.search(r"^ARG LIBOQS_RELEASE=\d+\.\d+\.\d+$", text, re.MULTILINE)
    assert re.search(r"^ARG LIBOQS_COMMIT=[0-9a-f]{40}$", text, re.MULTILINE)
    assert 'test "$(git -C /build/source rev-parse HEAD)" = "$LIBOQS_COMMIT"' in text


def test_the_charts_values_name_repository_and_tag_also_behind_a_port() -> None:
    references = {
        "operator": "registry.example:5000/qee-operator:1a",
        "runner-aer": "localhost/qee-runner-aer:2b",
        "runner-cirq": "localhost/qee-runner-cirq:3c",
        "connector-ibm": "localhost/qee-connector-ibm:4d",
    }
    assert images.values(references) == {
        "images": {
            "operator": {"repository": "registry.example:5000/qee-operator", "tag": "1a"},
            "runners": {
                "aer": {"repository": "localhost/qee-runner-aer", "tag": "2b"},
                "cirq": {"repository": "localhost/qee-runner-cirq", "tag": "3c"},
            },
            "connectors": {"ibm": {"repository": "localhost/qee-connector-ibm", "tag": "4d"}},
        }
    }


def test_builds_get_this_machines_index_and_certificates_and_no_other_setting() -> None:
    listed = (
        ":env:.index-url='mirror'\nglobal.cert='/elsewhere.pem'\n:env:.find-links='/opt/wheels'\nglobal.no-input='1'\n"
    )
    assert pip_configuration(listed) == "[global]\nindex-url = mirror\ncert = /etc/ssl/certs/ca-certificates.crt\n"


def locks() -> list[Path]:
    return sorted((CHECKOUT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", locks(), ids=lambda lock: lock.name)
def test_a_lock_pins_every_package_by_digest_and_names_no_host(lock: Path) -> None:
    text = lock.read_text()
    assert "//" not in text
    packages = re.findall(r"^[a-z0-9]\S*", text, re.MULTILINE)
    assert packages
    assert all("==" in package for package in packages)
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_images_and_development_agree_on_versions() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9-]+==\S+", (CHECKOUT / "requirements" / name).read_text(), re.MULTILINE))

    for lock in ("operator.txt", "aer.txt", "cirq.txt"):  # connectors' environments are their own: docs/adr/0009
        assert pins(lock) <= pins("dev.txt")


def test_what_another_node_builds_meanwhile_and_the_last_few_sets_are_kept(tmp_path: Path) -> None:
    noted = tmp_path / "images.json"
    for number in range(4):
        images.recent(noted, [f"image:{number}"], 3)
    assert images.recent(noted, ["image:2"], 3) == {"image:1", "image:2", "image:3"}
    assert images.recent(noted, ["image:4"], 3) == {"image:2", "image:3", "image:4"}
