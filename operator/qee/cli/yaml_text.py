"""YAML as QEE writes it: every reader takes it for the same, and text of several lines is a block."""

from functools import cache
from typing import Any

from qee.cli.plain_text import READ_APART, READ_APART_FIRST, READ_APART_TAG, has_unseen

WIDTH = 100


def dumped(document: Any, *, flow: bool | None = False, ascii_only: bool = False) -> str:
    """The document. `flow`: None writes collections of plain values on one line."""
    import yaml

    def text(escaped: bool) -> str:
        return str(
            yaml.dump(
                document,
                Dumper=_dumper(),
                sort_keys=False,
                allow_unicode=not escaped,
                default_flow_style=flow,
                width=WIDTH,
            )
        )

    found = text(escaped=ascii_only)
    return text(escaped=True) if has_unseen(found) else found


@cache
def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        def analyze_scalar(self, scalar: str) -> Any:
            """A literal block holds tabs and spaces at a line's end, too: PyYAML thinks of folded ones."""
            found = super().analyze_scalar(scalar)
            if found.multiline and all(each.isprintable() or each in "\n\t" for each in scalar):
                found.allow_block = self.allow_unicode or scalar.isascii()
            return found

        def determine_block_hints(self, text: str) -> Any:
            """A tab at the very start is text only where the indentation is told."""
            hints = super().determine_block_hints(text)
            return f"{self.best_indent}{hints}" if text.startswith("\t") else hints

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    Dumper.add_implicit_resolver(READ_APART_TAG, READ_APART, list(READ_APART_FIRST))  # such text is put into quotes
    return Dumper
