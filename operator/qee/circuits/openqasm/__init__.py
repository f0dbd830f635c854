"""What is known of an OpenQASM program without an SDK: one pass over its tokens, in time linear in its size.

`scan` is the entry. `qasm2` and `qasm3` are tables: the word that begins a statement, and the function that reads it
from a `Reader` (tokens, position) into a `Program` (what is known so far). Both share these functions.
"""
