"""The stages of attempts, (simulation,), (shards,) and (compile, provider): what each is, and what to do about it."""
