"""Loaders and writers of the quantum SDKs, shared by the engines and the compilers of the vendors.

They run where nothing is held: in runner pods and in compiling pods.
"""
