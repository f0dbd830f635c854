"""Commands that talk to a cluster: submit, wait, get, result, logs, fetch, cancel."""
