"""Loaders and writers of the quantum SDKs, shared by the engines and the compilers of the vendors.

They run where nothing is held: in runner pods and in compiling pods. `qiskit` and `cirq` are a room for each
SDK; `openqasm` reads programs without one; beside them is what all share: observables, outcomes, words for refusals.
"""
