"""What is known of an OpenQASM program without an SDK: one pass over its tokens, in time linear in its size."""
