"""Servers that speak the vendors' wire formats, run what is submitted to them, and fail when told to.

Each runs as a process of its own: `python -m tests.standins.VENDOR --host 127.0.0.1 --port 0`. Nothing here is QEE's:
a stand-in knows of keys, tags and tokens only what the vendor's own API does.
"""
