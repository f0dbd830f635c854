"""QEE, the Quantum Execution Environment: quantum jobs on Kubernetes."""

__version__ = "0.1.0"
