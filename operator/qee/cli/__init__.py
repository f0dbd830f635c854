"""The `qee` command: run quantum jobs locally or on a cluster, wait for them, read their results."""
