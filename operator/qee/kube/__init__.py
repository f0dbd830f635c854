"""The narrow port to the API server, and the manifests of what QEE creates."""
