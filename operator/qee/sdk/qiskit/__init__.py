"""Circuits in Qiskit, from OpenQASM and QPY."""
