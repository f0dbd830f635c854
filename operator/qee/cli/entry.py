"""Where the command `qee` starts: it names the extra of the package that is not installed."""

import sys

# Top-level module -> the extra that brings it; of several the one that suffices.
EXTRAS = {
    **dict.fromkeys(("typer", "rich", "yaml", "kubernetes", "cryptography", "rfc8785", "oqs"), "cli"),
    **dict.fromkeys(("qiskit", "qiskit_aer", "qiskit_qasm3_import"), "aer"),
    **dict.fromkeys(("cirq", "ply"), "cirq"),
    "matplotlib": "plot",
    **dict.fromkeys(("numpy", "pandas"), "notebook"),
}


def extra_of(missing: ModuleNotFoundError) -> str | None:
    """The extra that the module comes with; None for a module of nobody's."""
    return EXTRAS.get((missing.name or "").partition(".")[0])


def main() -> None:
    try:
        from qee.cli.main import app

        app()
    except ModuleNotFoundError as missing:
        if (name := extra_of(missing)) is None:
            raise
        sys.exit(f"qee: the module {missing.name} is not installed; it comes with: pip install 'qee[{name}]'")
