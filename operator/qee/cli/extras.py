"""The package's extras: which of them brings a module that is not installed."""

# Top-level module -> the extra that brings it; of several the one that suffices.
EXTRAS = {
    **dict.fromkeys(("typer", "rich", "yaml", "kubernetes", "cryptography", "rfc8785", "oqs"), "cli"),
    **dict.fromkeys(("qiskit", "qiskit_aer", "qiskit_qasm3_import"), "aer"),
    "cirq": "cirq",
    "matplotlib": "plot",
    **dict.fromkeys(("numpy", "pandas"), "notebook"),
}


def extra_of(missing: ModuleNotFoundError) -> str | None:
    """The extra that the module comes with; None for a module of nobody's."""
    return EXTRAS.get((missing.name or "").partition(".")[0])
