"""Signed admission: keys, envelope, projection, trust policies and the verifier. Pure: no network, no Kubernetes.

One function, `verify`, serves the command line, the webhook and the operator alike.
"""
