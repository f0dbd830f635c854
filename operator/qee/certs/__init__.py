"""The process that keeps the webhook's certificates and the key that signs results."""
