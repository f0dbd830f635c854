"""Commands that ask no cluster: local runs, lint, draw and init."""
