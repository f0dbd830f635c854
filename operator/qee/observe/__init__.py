"""What people watch: metrics, events, health."""
