"""Every block of commands in README and guides is executed somewhere, or it is said why not."""

import pytest
from tests.guides import BY_HAND, CHECKOUT, CLUSTER, HERE, OTHERS, PLAN, SEPARATE, Command, blocks

DOCUMENTS = sorted(
    str(path.relative_to(CHECKOUT))
    for pattern in ("*.md", "docs/**/*.md", "charts/**/*.md", "examples/**/*.md")
    for path in CHECKOUT.glob(pattern)
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_block_of_commands_has_its_place(document: str) -> None:
    assert len(blocks(document)) == len(PLAN.get(document, [])), document


def test_a_reason_is_one_of_few_and_a_test_that_is_named_exists() -> None:
    for plan in PLAN.values():
        for place in plan:
            assert place in (HERE, CLUSTER) or place.startswith((BY_HAND, OTHERS, SEPARATE))
            if place.startswith(SEPARATE):
                assert (CHECKOUT / place.removeprefix(SEPARATE)).is_file()


def test_commands_and_what_they_print_are_told_apart() -> None:
    bell = blocks("README.md")[0]
    assert [command.line for command in bell] == ["make venv", ".venv/bin/qee run --local examples/bell.yaml"]
    assert bell[1].shown[0] == "bell: 4096 shots on aer (simulated)"
    assert Command("a").shown == []
