"""Writes what is generated, or says how it differs from what is there."""

import argparse
import difflib
import sys
from pathlib import Path


def write(path: Path, text: str, arguments: list[str] | None = None) -> int:
    """The file with this text; with `--check` a diff in place of it, and exit code 1 where there is one."""
    parser = argparse.ArgumentParser(description=f"Write {path.name}.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 with a diff where the file differs")
    if not parser.parse_args(arguments).check:
        path.write_text(text, encoding="utf-8")
        return 0
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = found.splitlines(keepends=True), text.splitlines(keepends=True)
    difference = "".join(difflib.unified_diff(*lines, path.name, f"{path.name} (generated)"))
    sys.stdout.write(difference)
    if difference:
        sys.stderr.write(f"{path.name} is out of date: run make generate\n")
    return 1 if difference else 0
