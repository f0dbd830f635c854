"""The house is kept: modules that can be read in one go, functions on a page, no two modules that need each other."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

SOURCE = Path(__file__).parents[3] / "operator"
MODULE_LINES, FUNCTION_LINES = 350, 60


def modules() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"), path.read_text()


def test_no_module_is_longer_than_can_be_read_in_one_go() -> None:
    assert {name for name, text in modules() if text.count("\n") > MODULE_LINES} == set()


def test_no_function_is_longer_than_a_page() -> None:
    found = {
        f"{name}.{node.name}"
        for name, text in modules()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    }
    assert found == set()


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Importer to imported, of all modules, at the top and within functions. What is imported for type checkers alone
    is left out: a circle of such imports is never gone through.
    """
    graph = grimp.build_graph("qee", exclude_type_checking_imports=True, cache_dir=None)
    return {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Modules each of which imports the next, the last the first; empty where there is no such circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_modules_import_each_other_in_a_circle(imports: dict[str, set[str]]) -> None:
    assert circle(imports) == []


def test_a_circle_is_seen() -> None:
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}
    assert circle({"a": {"b", "c"}, "b": {"c"}, "d": {"a"}}) == []


def test_unit_tests_lie_in_folders_that_are_named_as_the_rooms() -> None:
    """Beside them: the charts, what end-to-end tests stand on, the project itself, and what any input may cost."""
    rooms = {path.name for path in (SOURCE / "qee").iterdir() if path.is_dir()}
    folders = {path.name for path in Path(__file__).parents[1].iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= rooms | {"chart", "e2e", "project", "bounds"}
