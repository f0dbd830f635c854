"""OpenQASM 3 by Qiskit's importer, and what it drops or misreads put right."""
