"""Which of a backend's providers are simulators in pods of this cluster. Every other provider is a cloud."""

ENGINES = frozenset({"aer", "cirq"})
