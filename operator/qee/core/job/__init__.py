"""One job: what is known of it, what to do next, what came of it."""
