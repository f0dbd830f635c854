"""Circuits in Cirq, from OpenQASM and Cirq JSON."""
