"""The level-triggered loop: a queue of keys, live reads, a pure decision, its plan carried out, one status write."""
