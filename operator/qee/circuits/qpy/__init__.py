"""QPY read without Qiskit, so that nothing it names is loaded before it was looked at."""
