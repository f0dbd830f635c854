"""Cirq as an engine."""
